#include "loaders/checkpoints/pickle.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "loaders/checkpoints/pickle_opcodes.h"
#include "loaders/files/limits.h"

namespace octet::loaders::pickle {
namespace {

class Machine {
 public:
  Machine(Bytes bytes, const std::string& where, std::vector<Value>& values)
      : input_(bytes, where), where_(where), values_(values) {}

  Ref run() {
    for (;;) {
      opcode_offset_ = input_.offset();
      opcode_ = input_.read<uint8_t>("opcode (no STOP)");
      check(opcode_offset_ > 0 || opcode_ == PROTO, "not a pickle of protocol 2");
      if (opcode_ == STOP) break;
      step();
    }
    return pop();
  }
  size_t offset() const { return input_.offset(); }

 private:
  void check(bool holds, const auto&... what) const {
    OCTET_CHECK(holds, where_, ": ", what..., " (opcode ", int{opcode_}, " at offset ", opcode_offset_, ")");
  }

  // The stack: values below the last mark are out of reach.
  Ref pop() {
    check(stack_.size() > (marks_.empty() ? 0 : marks_.back()), "stack underflow");
    const Ref top = stack_.back();
    stack_.pop_back();
    return top;
  }
  Ref top() {
    const Ref ref = pop();
    stack_.push_back(ref);
    return ref;
  }
  std::vector<Ref> pop_to_mark() {
    check(!marks_.empty(), "no mark on the stack");
    std::vector<Ref> items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }

  /// Adds a value that contains values nested at most `depth` deep.
  void push(Value value, uint16_t depth = 0) {
    check(values_.size() < kMaxPickleValues, "more than ", kMaxPickleValues, " values");
    stack_.push_back(static_cast<Ref>(values_.size()));
    values_.push_back(std::move(value));
    depths_.push_back(depth);
  }
  void push_tuple(std::vector<Ref> items) {
    uint16_t depth = 0;
    for (Ref item : items) depth = std::max(depth, depth_around(item));
    push(Tuple{std::move(items)}, depth);
  }
  uint16_t depth_around(Ref item) const {
    check(depths_[item] < kMaxPickleNesting, "nested more than ", kMaxPickleNesting, " deep");
    return static_cast<uint16_t>(depths_[item] + 1);
  }

  std::string text(uint64_t size) {
    const std::string_view text = as_text(input_.take(size, "string"));
    check(is_utf8(text), "string ", quoted(text), " is not UTF-8");
    return std::string(text);
  }

  std::string line() {
    std::string line;
    for (char c; (c = input_.read<char>("global")) != '\n';) {
      check(line.size() < kMaxGlobalName, "name of a global longer than ", kMaxGlobalName);
      line += c;
    }
    check(is_utf8(line), "name of a global ", quoted(line), " is not UTF-8");
    return line;
  }

  int64_t long1() {
    const Bytes digits = input_.take(input_.read<uint8_t>("integer"), "integer");
    check(digits.size() <= 8, "integer of ", digits.size(), " bytes is outside int64");
    if (digits.empty()) return 0;
    int64_t value = std::to_integer<int8_t>(digits.back()) < 0 ? -1 : 0;  // sign extension
    std::memcpy(&value, digits.data(), digits.size());
    return value;
  }

  double big_endian_double() {
    uint64_t bits = 0;
    for (std::byte b : input_.take(8, "float")) bits = bits << 8 | std::to_integer<uint64_t>(b);
    return std::bit_cast<double>(bits);
  }

  /// Appends to a list. An object that subclasses list stays what it is: inert.
  void append(Ref target, const std::vector<Ref>& items) {
    if (std::holds_alternative<Opaque>(values_[target])) return;
    auto* list = std::get_if<List>(&values_[target]);
    check(list != nullptr, "append to something that is not a list");
    for (Ref item : items) depths_[target] = std::max(depths_[target], depth_around(item));
    list->items.insert(list->items.end(), items.begin(), items.end());
  }

  void set_items(Ref target, const std::vector<Ref>& items) {
    check(items.size() % 2 == 0, "odd number of keys and values");
    const bool inert = std::holds_alternative<Opaque>(values_[target]);
    auto* dict = std::get_if<Dict>(&values_[target]);
    check(dict != nullptr || inert, "set an item of something that is not a dict");
    for (size_t i = 0; i < items.size() && !inert; i += 2) {
      const Value& key = values_[items[i]];
      check(!std::holds_alternative<List>(key) && !std::holds_alternative<Dict>(key), "unhashable key: a list or dict");
      depths_[target] = std::max({depths_[target], depth_around(items[i]), depth_around(items[i + 1])});
      dict->items.emplace_back(items[i], items[i + 1]);
    }
  }

  void memorize(uint32_t index) {
    check(memo_.size() < kMaxPickleValues, "more than ", kMaxPickleValues, " memo entries");
    memo_[index] = top();
  }
  void recall(uint32_t index) {
    const auto it = memo_.find(index);
    check(it != memo_.end(), "memo ", index, " was never set");
    stack_.push_back(it->second);
  }

  /// The pairs of OrderedDict([[k, v], ...]), as Python 2 pickles it; empty for OrderedDict().
  std::optional<std::vector<Ref>> ordered_dict_items(const Tuple& arguments) const {
    std::vector<Ref> flat;
    if (arguments.items.empty()) return flat;
    const auto* pairs = std::get_if<List>(&values_[arguments.items.front()]);
    if (pairs == nullptr || arguments.items.size() != 1) return std::nullopt;
    for (Ref ref : pairs->items) {
      const auto* pair = std::get_if<List>(&values_[ref]);
      if (pair == nullptr || pair->items.size() != 2) return std::nullopt;
      flat.insert(flat.end(), pair->items.begin(), pair->items.end());
    }
    return flat;
  }

  void call() {
    const Ref arguments = pop(), callable = pop();
    const auto* global = std::get_if<Global>(&values_[callable]);
    const auto* tuple = std::get_if<Tuple>(&values_[arguments]);
    check(global != nullptr, "call of something that is not a global");
    check(tuple != nullptr, "call of ", quoted(global->name), " without a tuple of arguments");
    if (global->name == "collections.OrderedDict")
      if (const auto items = ordered_dict_items(*tuple)) {
        push(Dict{});
        return set_items(top(), *items);
      }
    push(Opaque{callable, arguments}, depth_around(arguments));
  }

  /// obj.__setstate__(state): the state of a dict (torch attaches _metadata) and of an inert object is dropped.
  void build() {
    pop();
    const Value& object = values_[top()];
    check(std::holds_alternative<Dict>(object) || std::holds_alternative<Opaque>(object), "state for something that has none");
  }

  Global global() {
    std::string module = line();
    return {std::move(module) + "." + line()};
  }

  /// The value that an opcode brings along; nothing for the opcodes that work on the stack.
  std::optional<Value> constant() {
    switch (opcode_) {
      case NONE:
        return None{};
      case NEWTRUE:
      case NEWFALSE:
        return opcode_ == NEWTRUE;
      case BININT:
        return int64_t{input_.read<int32_t>("integer")};
      case BININT1:
        return int64_t{input_.read<uint8_t>("integer")};
      case BININT2:
        return int64_t{input_.read<uint16_t>("integer")};
      case LONG1:
        return long1();
      case BINFLOAT:
        return big_endian_double();
      case SHORT_BINSTRING:  // Python 2's str
        return text(input_.read<uint8_t>("string"));
      case BINSTRING:
      case BINUNICODE:
        return text(input_.read<uint32_t>("string"));
      case GLOBAL:
        return global();
      case EMPTY_TUPLE:
        return Tuple{};
      case EMPTY_LIST:
        return List{};
      case EMPTY_DICT:
        return Dict{};
      default:
        return std::nullopt;
    }
  }

  void step() {
    if (std::optional<Value> value = constant()) return push(std::move(*value));
    switch (opcode_) {
      case PROTO: {
        const int protocol = input_.read<uint8_t>("protocol");
        return check(protocol == 2, "pickle protocol ", protocol, " is not supported; save with torch.save's default, 2");
      }
      case MARK:
        return marks_.push_back(stack_.size());
      case POP:  // of values that contain themselves, as a graph module's: the mark goes when nothing is above it
        if (!marks_.empty() && stack_.size() == marks_.back()) return marks_.pop_back();
        pop();
        return;
      case POP_MARK:
        pop_to_mark();
        return;
      case TUPLE:
        return push_tuple(pop_to_mark());
      case TUPLE1:
      case TUPLE2:
      case TUPLE3: {
        std::vector<Ref> items(opcode_ - TUPLE1 + 1u);
        for (auto item = items.rbegin(); item != items.rend(); ++item) *item = pop();
        return push_tuple(std::move(items));
      }
      case APPEND: {
        const Ref item = pop();
        return append(top(), {item});
      }
      case APPENDS: {
        const std::vector<Ref> items = pop_to_mark();
        return append(top(), items);
      }
      case SETITEM: {
        const Ref value = pop(), key = pop();
        return set_items(top(), {key, value});
      }
      case SETITEMS: {
        const std::vector<Ref> items = pop_to_mark();
        return set_items(top(), items);
      }
      case BINPUT:
        return memorize(input_.read<uint8_t>("memo index"));
      case LONG_BINPUT:
        return memorize(input_.read<uint32_t>("memo index"));
      case BINGET:
        return recall(input_.read<uint8_t>("memo index"));
      case LONG_BINGET:
        return recall(input_.read<uint32_t>("memo index"));
      case REDUCE:
      case NEWOBJ:
        return call();
      case BUILD:
        return build();
      case BINPERSID: {
        const Ref id = pop();
        return push(Persistent{id}, depth_around(id));
      }
      default:
        check(false, "opcode not supported");
    }
  }

  Cursor input_;
  const std::string& where_;
  std::vector<Value>& values_;
  std::vector<uint16_t> depths_;  // of each value: how deep it nests others
  std::vector<Ref> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, Ref> memo_;
  uint8_t opcode_ = 0;
  size_t opcode_offset_ = 0;
};

}  // namespace

Pickle::Pickle(Bytes bytes, const std::string& where) {
  Machine machine(bytes.first(std::min<size_t>(bytes.size(), kMaxPickleBytes)), where, values_);
  top_ = machine.run();
  nbytes_ = machine.offset();
}

std::string_view Pickle::global_name(Ref ref) const {
  if (const auto* object = get<Opaque>(ref)) ref = object->global;
  const auto* global = get<Global>(ref);
  return global == nullptr ? std::string_view() : global->name;
}

std::string Pickle::describe(Ref ref) const {
  if (get<None>(ref)) return "None";
  if (const auto* b = get<bool>(ref)) return *b ? "True" : "False";
  if (const auto* i = get<int64_t>(ref)) return str("int ", *i);
  if (const auto* d = get<double>(ref)) return str("float ", *d);
  if (const auto* s = get<std::string>(ref)) return "str " + quoted(*s);
  if (const auto* t = get<Tuple>(ref)) return str("tuple of ", t->items.size());
  if (const auto* l = get<List>(ref)) return str("list of ", l->items.size());
  if (const auto* d = get<Dict>(ref)) return str("dict of ", d->items.size());
  if (get<Persistent>(ref)) return "a bare storage or class";
  return "object " + printable(global_name(ref));
}

}  // namespace octet::loaders::pickle
