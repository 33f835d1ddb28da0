// Python pickles, protocol 2, read into inert values.
//
// A virtual machine over a fixed list of opcodes, those that torch.save uses. Nothing is ever imported or called: a global stays
// a name, a call stays a pair (global, arguments), and the reader of the result decides which names it knows
// (loaders/checkpoints/pth.cpp knows torch._utils._rebuild_tensor_v2 and a few others). Only collections.OrderedDict becomes a
// dict here. Values refer to each other by index into one array: shared and cyclic values cost nothing, and no code recurses.
// Not here: protocols 3 to 5, sets, integers beyond int64. Counterpart: torch/_weights_only_unpickler.py; Python's pickletools.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "loaders/files/bytes.h"

namespace octet::loaders::pickle {

/// Index of a value.
using Ref = uint32_t;

struct None {};
struct Tuple {
  std::vector<Ref> items;
};
struct List {
  std::vector<Ref> items;
};
struct Dict {
  std::vector<std::pair<Ref, Ref>> items;  // in file order; duplicates are kept for the reader to refuse
};
/// A name such as "torch.FloatStorage".
struct Global {
  std::string name;
};
/// A call that was not made: global(*arguments).
struct Opaque {
  Ref global, arguments;
};
/// An object that lies outside the pickle; torch's id is ("storage", type, key, location, count).
struct Persistent {
  Ref id;
};
using Value = std::variant<None, bool, int64_t, double, std::string, Tuple, List, Dict, Global, Opaque, Persistent>;

class Pickle {
 public:
  /// Reads one pickle from the start of `bytes`. Errors begin with `where`.
  Pickle(Bytes bytes, const std::string& where);

  Ref top() const { return top_; }
  /// Bytes up to and including STOP; what follows is not looked at.
  size_t nbytes() const { return nbytes_; }
  const std::vector<Value>& values() const { return values_; }

  /// The value, null when it has another type.
  template <class T>
  const T* get(Ref ref) const {
    return std::get_if<T>(&values_.at(ref));
  }
  /// The name of a global, or of the global that an object was to be made with; else empty.
  std::string_view global_name(Ref ref) const;
  /// For messages: "int 3", "str 'abc'", "tuple of 2", "object os.system".
  std::string describe(Ref ref) const;

 private:
  std::vector<Value> values_;
  Ref top_ = 0;
  size_t nbytes_ = 0;
};

}  // namespace octet::loaders::pickle
