// A value of an ONNX graph while octet's graph is made of it: a constant, or the result of a node as the file sees it.
//
// Sizes that are free are marks in shapes and in whole numbers computed from them, so that Shape, Gather and Concat in front of a
// Reshape can be worked out without an image.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/graph/graph.h"
#include "tensor/tensor.h"

namespace octet::networks::onnx {

using Dims = std::vector<int64_t>;

constexpr int64_t kBatch = INT64_MIN;        // the number of images
constexpr int64_t kUnknown = INT64_MIN + 1;  // another size that is free

inline bool is_known(int64_t size) { return size != kBatch && size != kUnknown; }
inline bool are_known(const Dims& dims) { return std::ranges::all_of(dims, is_known); }

/// "[N, 3, ?, ?]".
inline std::string text_of(const Dims& dims) {
  std::string text = "[";
  for (const int64_t size : dims)
    text += str(text.size() > 1 ? ", " : "", size == kBatch ? "N" : size == kUnknown ? "?" : std::to_string(size));
  return text + "]";
}

/// Rows and columns of zeros around an image.
struct Pads {
  int64_t top = 0, left = 0, bottom = 0, right = 0;
  bool any() const { return top != 0 || left != 0 || bottom != 0 || right != 0; }
};

/// A hard sigmoid or hard swish that the file writes in single steps, as far as it has come.
enum class Part { none, plus_3, relu6, times_relu6 };

/// Codes as a file has them: int8 ones are kept as the uint8 ones that are 128 more, their zero point too.
struct Codes {
  ops::int8::QParams qparams = {};
  bool is_signed = false;
};

struct Value {
  Tensor constant = {};        // defined: known without an image
  nn::Node* node = nullptr;    // else whose result it is
  Dims shape = {};             // in the file's order of dimensions
  bool channels_last = false;  // the file has [N, H, W, C] where the node gives [N, C, H, W]
  Dims row_order = {};         // of rows [N, H*W*C]: the file's {H, W, C}, where the node's order is C, H, W
  Pads pads = {};              // zeros that the next convolution or pool takes in
  Part part = Part::none;
  Dims ungrouped = {};                   // of [N, groups, all the rest]: the shape before, which it must have again
  Dims sequence = {};                    // of SplitToSequence: the channels of each part of the node's result
  bool exclusive = false;                // nothing else reads the node's result
  std::optional<Codes> codes = {};       // the node gives codes of this scale
  std::vector<float> weight_scale = {};  // of a constant that was dequantized: one, or one for each channel

  bool is_constant() const { return constant.defined(); }
  int64_t channels() const { return shape.size() < 2 ? kUnknown : shape[channel_axis()]; }
  size_t channel_axis() const { return channels_last ? shape.size() - 1 : 1; }
};

}  // namespace octet::networks::onnx
