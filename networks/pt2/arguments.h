// The arguments of a call as an operation's schema has them: by name, with its defaults where the file leaves them out. What does
// not fit throws Error, without a place; networks/pt2/to_graph.h adds it.
#pragma once

#include <string>

#include "networks/pt2/program.h"
#include "ops/options.h"

namespace octet::networks {

class Arguments {
 public:
  /// Both must outlive it.
  Arguments(const Program& program, const Call& call) : program_(program), call_(call) {}

  const Call& call() const { return call_; }

  /// The name of a value that the program computes or gets. Throws Error for a parameter, a number or None.
  std::string value(const std::string& name) const;
  std::vector<std::string> values(const std::string& name) const;

  /// A parameter or buffer as float32; undefined for None. Throws Error for a value that the program computes.
  Tensor tensor(const std::string& name) const;

  int64_t integer(const std::string& name, int64_t standard) const;
  double real(const std::string& name, double standard) const;
  /// Of a list of numbers.
  std::vector<double> reals(const std::string& name) const;
  /// A number, a parameter or a buffer as float32; undefined for what the network computes, and where it is missing.
  Tensor constant(const std::string& name) const;
  /// Is it a number of the network's code?
  bool is_number(const std::string& name) const;
  /// Its key in the network's state_dict; empty for a number.
  std::string key(const std::string& name) const;
  std::string text(const std::string& name, const std::string& standard) const;
  bool flag(const std::string& name, bool standard) const;
  /// Numbers; an empty list where the file has none.
  std::vector<int64_t> integers(const std::string& name) const;
  /// Two numbers, or one for both.
  ops::Size2 size2(const std::string& name, ops::Size2 standard) const;

  /// The shape of a value, -1 where it is free. Throws Error where the file does not say.
  const Shape& shape(const std::string& value) const;

 private:
  const Argument& find(const std::string& name) const;
  template <class T>
  T get(const std::string& name, const T& standard, const char* expected) const;

  const Program& program_;
  const Call& call_;
};

}  // namespace octet::networks
