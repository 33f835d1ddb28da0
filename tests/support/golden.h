// Golden tensors made by the real PyTorch (tests/golden/make_golden.py): one .npz per case.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "loaders/files/npy.h"
#include "tensor/tensor.h"
#include "tests/support/paths.h"

namespace octet::test {

inline std::string golden_path(const std::string& name) {
  std::string path = source_dir() + "/tests/golden/" + name;
  OCTET_CHECK(std::filesystem::exists(path), "golden ", path, " is missing; make it with: python tests/golden/make_golden.py");
  return path;
}

class Golden {
 public:
  /// name: "ops/add_qnnpack_0"
  explicit Golden(const std::string& name) : name_(name), arrays_(loaders::load_npz(golden_path(name + ".npz"))) {}

  bool has(const std::string& key) const { return arrays_.contains(key); }
  const Tensor& operator[](const std::string& key) const {
    const auto it = arrays_.find(key);
    OCTET_CHECK(it != arrays_.end(), "golden ", name_, " has no '", key, "'");
    return it->second;
  }
  /// One number, of any type.
  double number(const std::string& key) const { return (*this)[key].to(DType::f64).data<double>()[0]; }
  std::vector<float> floats(const std::string& key) const {
    const Tensor& t = (*this)[key];
    return {t.data<float>(), t.data<float>() + t.numel()};
  }
  /// Lines of text.
  std::vector<std::string> lines(const std::string& key) const {
    const Tensor& t = (*this)[key];
    std::vector<std::string> lines(1);
    for (int64_t i = 0; i < t.numel(); ++i)
      if (const char c = static_cast<char>(t.data<uint8_t>()[i]); c == '\n')
        lines.emplace_back();
      else
        lines.back() += c;
    return lines;
  }
  const std::map<std::string, Tensor>& arrays() const { return arrays_; }

 private:
  std::string name_;
  std::map<std::string, Tensor> arrays_;
};

}  // namespace octet::test
