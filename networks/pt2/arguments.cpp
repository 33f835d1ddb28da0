#include "networks/pt2/arguments.h"

#include "loaders/files/bytes.h"

namespace octet::networks {
namespace {

const Argument kMissing;

}  // namespace

const Argument& Arguments::find(const std::string& name) const {
  const auto it = call_.arguments.find(name);
  return it == call_.arguments.end() ? kMissing : it->second;
}

template <class T>
T Arguments::get(const std::string& name, const T& standard, const char* expected) const {
  const Argument& argument = find(name);
  if (std::holds_alternative<std::monostate>(argument)) return standard;
  const T* value = std::get_if<T>(&argument);
  OCTET_CHECK(value != nullptr, "its argument '", name, "' is not ", expected);
  return *value;
}

std::string Arguments::value(const std::string& name) const {
  const std::string value = get(name, ValueName{}, "a tensor").name;
  OCTET_CHECK(!value.empty(), "its argument '", name, "' is missing, expected a tensor");
  OCTET_CHECK(!program_.tensors.contains(value), "its argument '", name,
              "' is a constant, expected a value that the network computes");
  return value;
}

std::vector<std::string> Arguments::values(const std::string& name) const {
  std::vector<std::string> names;
  for (const ValueName& value : get(name, std::vector<ValueName>{}, "a list of tensors")) {
    OCTET_CHECK(!program_.tensors.contains(value.name), "one of its '", name,
                "' is a constant, expected values that the network computes");
    names.push_back(value.name);
  }
  OCTET_CHECK(!names.empty(), "its argument '", name, "' is missing, expected a list of tensors");
  return names;
}

Tensor Arguments::tensor(const std::string& name) const {
  const std::string value = get(name, ValueName{}, "a tensor").name;
  if (value.empty()) return {};
  const auto it = program_.tensors.find(value);
  OCTET_CHECK(it != program_.tensors.end(), "its argument '", name, "' is computed, expected a parameter or a buffer");
  OCTET_CHECK(is_floating_point(it->second.dtype()), "its argument '", name, "' is ", it->second.dtype(), ", expected floats");
  return it->second.to(DType::f32);
}

int64_t Arguments::integer(const std::string& name, int64_t standard) const {
  return get(name, standard, "a known whole number");
}

double Arguments::real(const std::string& name, double standard) const {
  if (const auto* whole = std::get_if<int64_t>(&find(name))) return static_cast<double>(*whole);
  return get(name, standard, "a number");
}

std::vector<double> Arguments::reals(const std::string& name) const {
  return get(name, std::vector<double>{}, "a list of numbers");
}

Tensor Arguments::constant(const std::string& name) const {
  const Argument& argument = find(name);
  if (const auto* value = std::get_if<ValueName>(&argument))
    return program_.tensors.contains(value->name) ? tensor(name) : Tensor();
  return is_number(name) ? Tensor::full({1}, static_cast<float>(real(name, 0))) : Tensor();
}

bool Arguments::is_number(const std::string& name) const {
  const Argument& argument = find(name);
  return std::holds_alternative<int64_t>(argument) || std::holds_alternative<double>(argument);
}

std::string Arguments::key(const std::string& name) const {
  const auto* value = std::get_if<ValueName>(&find(name));
  const auto it = value ? program_.keys.find(value->name) : program_.keys.end();
  return it == program_.keys.end() ? "" : it->second;
}

std::string Arguments::text(const std::string& name, const std::string& standard) const { return get(name, standard, "text"); }

bool Arguments::flag(const std::string& name, bool standard) const { return get(name, standard, "a bool"); }

std::vector<int64_t> Arguments::integers(const std::string& name) const {
  std::vector<int64_t> numbers;
  for (const Size& size : get(name, std::vector<Size>{}, "a list of whole numbers")) {
    OCTET_CHECK(size.symbol.empty(), "its argument '", name, "' depends on the input's size");
    numbers.push_back(size.value);
  }
  return numbers;
}

ops::Size2 Arguments::size2(const std::string& name, ops::Size2 standard) const {
  if (const auto* one = std::get_if<int64_t>(&find(name))) return *one;
  const std::vector<int64_t> numbers = integers(name);
  if (numbers.empty()) return standard;
  if (numbers.size() == 1) return numbers[0];
  OCTET_CHECK(numbers.size() == 2, "its argument '", name, "' has ", numbers.size(), " numbers, expected 2: it is not of images");
  return numbers[0] == numbers[1] ? ops::Size2(numbers[0]) : ops::Size2(numbers[0], numbers[1]);
}

const Shape& Arguments::shape(const std::string& value) const {
  const auto it = program_.shapes.find(value);
  OCTET_CHECK(it != program_.shapes.end(), "the file does not say the shape of ", loaders::quoted(value));
  return it->second;
}

}  // namespace octet::networks
