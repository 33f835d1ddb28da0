// One call of an operator with its inputs as values, and its attributes by name. What does not fit throws Error, without a place;
// networks/onnx/to_graph.h adds it.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "networks/onnx/model.h"
#include "networks/onnx/values.h"

namespace octet::networks::onnx {

/// Bytes that may be made of a file.
class Budget {
 public:
  explicit Budget(uint64_t bytes) : left_(bytes) {}
  void spend(uint64_t bytes) {
    OCTET_CHECK(bytes <= left_, "what is made of the file takes more than the cap for a file of this size");
    left_ -= bytes;
  }

 private:
  uint64_t left_;
};

class Call {
 public:
  /// inputs: null where one is left out. readers: of the call's result. All must outlive it.
  Call(const Node& node, std::vector<const Value*> inputs, std::vector<const Node*> readers, const Model& model, Budget& budget)
      : node_(node), inputs_(std::move(inputs)), readers_(std::move(readers)), model_(model), budget_(budget) {}

  const Node& node() const { return node_; }
  int64_t opset() const { return model_.opset; }
  /// The number of images that the file was made for; -1: any.
  int64_t declared_batch() const;
  Budget& budget() const { return budget_; }
  bool is_read_only_by(const char* op_type) const { return readers_.size() == 1 && readers_[0]->op_type == op_type; }
  /// True if something reads this result and is_fine(op_type) holds for every reader. An output of the network counts as a reader whose
  /// op_type is empty.
  template <class IsFine>
  bool is_read_by(IsFine&& is_fine) const {
    return !readers_.empty() && std::ranges::all_of(readers_, [&](const Node* reader) { return is_fine(reader->op_type); });
  }
  bool is_read_once() const { return readers_.size() == 1; }

  size_t size() const { return inputs_.size(); }
  bool has(size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  const Value& input(size_t i) const;
  /// One that the network computes, finished or not.
  const Value& unfinished(size_t i) const;
  /// A value that the network computes, in octet's own order of dimensions, with nothing pending.
  const Value& plain(size_t i) const;
  /// The same, perhaps with zeros around it (Value::pads).
  const Value& padded(size_t i) const;
  /// The same without them, in the file's order of dimensions: for what looks at each element by itself.
  const Value& computed(size_t i) const;
  /// The same, perhaps as [N, groups, all the rest] (Value::ungrouped).
  const Value& grouped(size_t i) const;

  /// A constant as float32; undefined where it is left out.
  Tensor floats(size_t i) const;
  /// A constant of whole numbers, free sizes among them.
  Dims numbers(size_t i) const;

  bool has_attribute(const std::string& name) const { return node_.attributes.contains(name); }
  int64_t integer(const std::string& name, int64_t standard) const { return attribute(name, standard, "a whole number"); }
  float real(const std::string& name, float standard) const { return attribute(name, standard, "a number"); }
  std::string text(const std::string& name, const std::string& standard) const { return attribute(name, standard, "text"); }
  Dims integers(const std::string& name) const { return attribute(name, Dims{}, "a list of whole numbers"); }
  bool flag(const std::string& name, bool standard) const { return integer(name, standard) != 0; }

  /// Numbers that older opsets have as an attribute and newer ones as input i; empty where both are missing.
  Dims numbers(const std::string& name, size_t i) const { return has(i) ? numbers(i) : integers(name); }

 private:
  template <class T>
  T attribute(const std::string& name, const T& standard, const char* expected) const;

  const Node& node_;
  std::vector<const Value*> inputs_;
  std::vector<const Node*> readers_;
  const Model& model_;
  Budget& budget_;
};

/// The axis of a value with `rank` dimensions, counted from the front. Throws Error when it has no such axis.
size_t axis_of(int64_t axis, size_t rank);

}  // namespace octet::networks::onnx
