// Text of strangers: nothing of it acts on a terminal, and JSON has limits before it is parsed.
#include <gtest/gtest.h>

#include "tensor/json_text.h"
#include "tests/support/compare.h"

namespace octet {
namespace {

TEST(Text, PrintableEscapesWhatActsOnATerminal) {
  EXPECT_EQ(printable("conv1.weight"), "conv1.weight");
  EXPECT_EQ(printable("a\x1b[31m\nb\t\x7f"), "a\\x1b[31m\\x0ab\\x09\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");                                                    // C1: a terminal's other escape
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");                       // right-to-left override
  EXPECT_EQ(printable("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");                       // line separator
  EXPECT_EQ(printable("M\xc3\xbcll \xe2\x82\xac"), "M\xc3\xbcll \xe2\x82\xac");  // letters stay
  EXPECT_EQ(printable("'\\\xff"), "\\x27\\x5c\\xff");
  EXPECT_EQ(printable(std::string(100'000, 'a')).size(), 204u);
}

TEST(Text, QuotedIsNotStdQuoted) {
  std::string changeable = "a\x1b";
  const std::string constant = changeable;
  EXPECT_EQ(str(quoted(changeable), quoted(constant), quoted(std::string_view("a\x1b"))), "'a\\x1b''a\\x1b''a\\x1b'");
}

TEST(Text, OneLineKeepsQuotesAndBackslashes) {
  EXPECT_EQ(one_line("node 'a': '\\x1b' is no name"), "node 'a': '\\x1b' is no name");
  EXPECT_EQ(one_line("a\nb\x1b[2J"), "a\\x0ab\\x1b[2J");
  EXPECT_LT(one_line(std::string(100'000, 'a')).size(), 4'100u);
}

TEST(JsonText, HasLimits) {
  const auto refused = [](const std::string& text, const JsonLimits& limits, const std::string& part) {
    return test::fails_with([&] { check_json_limits(text, limits, "a.json"); }, {"a.json: ", part});
  };
  EXPECT_TRUE(refused(std::string(33, '['), {}, "nested more than 32 deep"));
  EXPECT_TRUE(refused(R"({"a":[{"b":[)", {.depth = 3}, "nested more than 3 deep"));
  EXPECT_TRUE(refused("[1,2,3,4]", {.values = 4}, "more than 4 values"));
  EXPECT_TRUE(refused(R"({"a":1,"b":2})", {.names = 1}, "more than 1 names"));
  EXPECT_TRUE(refused("[1]", {.bytes = 2}, "3 bytes of JSON"));
  const std::string quotes = R"({"[[[[\"[[[": "{{{{:::,,,,\\", "b": [1, 2]})";
  EXPECT_NO_THROW(check_json_limits(quotes, {.depth = 2, .values = 5, .names = 2}, "a.json"));
  EXPECT_NO_THROW(check_json_limits("\"\\", {}, "a.json"));  // no JSON; that is for the parser to say
}

}  // namespace
}  // namespace octet
