// The pickle machine: values, and the programs that it refuses.
#include "loaders/checkpoints/pickle.h"

#include "builders.h"
#include "loaders/files/limits.h"

namespace octet::loaders::pickle {
namespace {

using namespace build;
using test::fails_with;

Pickle parse(const std::string& bytes) { return Pickle(std::as_bytes(std::span(bytes)), "p"); }
/// The description of what a program leaves.
std::string top(const std::string& value) {
  const Pickle p = parse(program(value));
  return p.describe(p.top());
}
::testing::AssertionResult refused(const std::string& bytes, const std::vector<std::string>& parts) {
  return fails_with([&] { parse(bytes); }, parts);
}

TEST(Pickle, Scalars) {
  EXPECT_EQ(top("N"), "None");
  EXPECT_EQ(top("\x88"), "True");
  EXPECT_EQ(top("\x89"), "False");
  EXPECT_EQ(top("K\xff"), "int 255");
  EXPECT_EQ(top(std::string("M\x00\x80", 3)), "int 32768");
  EXPECT_EQ(top(number(-7)), "int -7");
  EXPECT_EQ(top(number(int64_t{1} << 40)), "int 1099511627776");
  EXPECT_EQ(top(std::string("\x8a\x00", 2)), "int 0");
  EXPECT_EQ(top("\x8a\x01\xff"), "int -1");
  EXPECT_EQ(top(std::string("\x8a\x02\xff\x00", 4)), "int 255");
  EXPECT_EQ(top(real(0.25)), "float 0.25");
  EXPECT_EQ(top(text("caf\xc3\xa9")), "str 'caf\xc3\xa9'");
  EXPECT_EQ(top("U\x02hi"), "str 'hi'");
}

TEST(Pickle, Containers) {
  EXPECT_EQ(top(")"), "tuple of 0");
  EXPECT_EQ(top("NN\x86"), "tuple of 2");
  EXPECT_EQ(top(numbers({1, 2, 3, 4})), "tuple of 4");
  EXPECT_EQ(top(list({"N", "N"})), "list of 2");
  EXPECT_EQ(top("]Na"), "list of 1");
  EXPECT_EQ(top(dict({{"a", "N"}, {"b", "N"}})), "dict of 2");
  EXPECT_EQ(top("}" + text("a") + "Ns"), "dict of 1");
  const Pickle p = parse(program(numbers({5, 6})));
  EXPECT_EQ(*p.get<int64_t>(p.get<Tuple>(p.top())->items[1]), 6);
}

TEST(Pickle, MemoGivesTheSameValue) {
  const Pickle p = parse(program(text("a") + "q\x05" + "h\x05" + "j" + le<uint32_t>(5) + "\x87"));
  const auto& items = p.get<Tuple>(p.top())->items;
  EXPECT_EQ(items[0], items[1]);
  EXPECT_EQ(items[1], items[2]);
}

TEST(Pickle, OrderedDict) {
  EXPECT_EQ(top(hooks()), "dict of 0");
  // As Python 2 pickles it, and with the _metadata that torch attaches.
  EXPECT_EQ(top(call(global("collections", "OrderedDict"), tuple({list({list({text("k"), "N"})})}))), "dict of 1");
  EXPECT_EQ(top(hooks() + dict({{"_metadata", "N"}}) + "b"), "dict of 0");
}

TEST(Pickle, CallsAreNeverMade) {
  EXPECT_EQ(top(call(global("os", "system"), tuple({text("true")}))), "object os.system");
  EXPECT_EQ(top(call(global("builtins", "eval"), tuple({text("1")}))), "object builtins.eval");
  EXPECT_EQ(top(global("os", "system") + ")\x81" + "}b"), "object os.system");  // NEWOBJ, BUILD
  EXPECT_EQ(top(global("m", "L") + ")\x81" + "(NNe"), "object m.L");            // a subclass of list, filled
  EXPECT_TRUE(refused(program(call(number(1), ")")), {"call of something that is not a global"}));
  EXPECT_TRUE(refused(program(call(global("os", "system"), "N")), {"without a tuple of arguments"}));
}

TEST(Pickle, PopTakesAValueOrAMark) {
  const Pickle value = parse(program(number(1) + number(2) + "0")), mark = parse(program(number(1) + "(0"));
  const Pickle to_mark = parse(program(number(1) + "(" + number(2) + number(3) + "1"));
  for (const Pickle* p : {&value, &mark, &to_mark}) EXPECT_EQ(*p->get<int64_t>(p->top()), 1);
  EXPECT_TRUE(refused(program("0"), {"stack underflow"}));
  EXPECT_TRUE(refused(program(number(1) + "1"), {"no mark"}));
}

TEST(Pickle, UnknownOpcodes) {
  EXPECT_TRUE(refused(program("\xff"), {"p: ", "opcode 255 at offset 2"}));
  EXPECT_TRUE(refused("I1\n.", {"not a pickle of protocol 2", "offset 0"}));
  EXPECT_TRUE(refused(std::string("\x80\x04", 2) + "N.", {"protocol 4 is not supported"}));
  EXPECT_TRUE(refused(program("\x8c\x01x"), {"opcode 140 at offset 2"}));  // SHORT_BINUNICODE of protocol 4
}

TEST(Pickle, Truncated) {
  EXPECT_TRUE(refused("\x80\x02N", {"truncated", "no STOP"}));
  EXPECT_TRUE(refused("\x80\x02X\xff\xff\xff\xffhi", {"truncated", "needs 4294967295 bytes"}));
  EXPECT_TRUE(
      refused("\x80\x02"
              "cos\nsyst",
              {"truncated"}));
  EXPECT_TRUE(refused("\x80\x02G1234", {"truncated"}));
  EXPECT_TRUE(
      refused("\x80\x02\x8a\x05"
              "12",
              {"truncated"}));
}

TEST(Pickle, StackUnderflow) {
  for (const char* value : {"", "N\x87", "R", "Q", "a", "s", "b", "Ns", "(a", "q"})
    EXPECT_THROW(parse(program(value)), Error) << value;
  EXPECT_TRUE(refused(program("N(\x85"), {"stack underflow"}));  // the mark guards what lies below it
  EXPECT_TRUE(refused(program("Nt"), {"no mark"}));
}

TEST(Pickle, MemoNeverSet) { EXPECT_TRUE(refused(program("h\x05"), {"memo 5 was never set"})); }

TEST(Pickle, TextThatIsNoUtf8) {
  EXPECT_TRUE(refused(program(text("a\xff")), {"'a\\xff' is not UTF-8"}));
  EXPECT_TRUE(refused(program(global("a\xff", "b")), {"not UTF-8"}));
}

TEST(Pickle, WrongContainers) {
  EXPECT_TRUE(refused(program(number(1) + text("k") + "Ns"), {"not a dict"}));
  EXPECT_TRUE(refused(program("}(" + text("k") + "u"), {"odd number"}));
  EXPECT_TRUE(refused(program("}]Ns"), {"unhashable"}));
  EXPECT_TRUE(refused(program("}Na"), {"not a list"}));
  EXPECT_TRUE(refused(program("NNb"), {"state"}));
}

TEST(Pickle, Nesting) {
  EXPECT_EQ(top(")" + std::string(200, '\x85')), "tuple of 1");
  EXPECT_TRUE(refused(program(")" + std::string(100'000, '\x85')), {"nested more than 256 deep"}));
  EXPECT_TRUE(refused(program(std::string(100'000, ']') + std::string(99'999, 'a')), {"nested more than 256 deep"}));
}

TEST(Pickle, SharedAndCyclicValuesTakeLinearMemory) {
  EXPECT_EQ(top("]q" + std::string(1, '\0') + "h" + std::string(1, '\0') + "a"), "list of 1");  // contains itself
  std::string laughs = ")";
  for (char i = 0; i < 100; ++i) laughs += std::string("q") + i + "h" + i + "h" + i + "h" + i + "\x87";  // 3^100 leaves
  EXPECT_LT(parse(program(laughs)).values().size(), 200u);
}

TEST(Pickle, StopsAtStop) { EXPECT_EQ(parse(program("N") + "more").nbytes(), 4u); }

TEST(Pickle, IntegersBeyondInt64) {
  EXPECT_TRUE(refused(program("\x8a\xff" + std::string(255, '\x01')), {"255 bytes is outside int64"}));
  EXPECT_EQ(top("\x8a\x08" + le(INT64_MIN)), "int -9223372036854775808");
}

TEST(Pickle, TooManyValues) {
  EXPECT_TRUE(refused(program(std::string(kMaxPickleValues + 1, 'N')), {"more than 4000000 values"}));
}

}  // namespace
}  // namespace octet::loaders::pickle
