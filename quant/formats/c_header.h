// An int8 graph as a C header: every layer's integers and the constants of its arithmetic, for code that runs without octet.
//
//   static const int8_t octet_conv1_weight[64 * 3 * 7 * 7] = {...};      [K, C/G, R, S], zero point 0
//   static const int32_t octet_conv1_bias_i32[64];  static const float octet_conv1_bias_f32[64], ..._multiplier[64];
//   #define octet_conv1_output_zero_point 0 ...
//   #define octet_image_size 224 ...   static const float octet_mean[3], octet_std[3];
//   static const char* const octet_class_names[10] = {"tench", ...};
// What they are for is in ops/engines/requantize.h, which the header repeats in its first lines. Names are the nodes', behind
// octet_.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/graph/graph.h"

namespace octet::quant {

/// What the model is for: how an image becomes its input, and what its outputs are called.
struct CHeaderFacts {
  int64_t image_size = 0;
  std::string resize = {};  // how an image becomes a square, in a word or two
  std::vector<float> mean = {}, deviation = {};
  std::vector<std::string> classes = {};  // none: not written
};

/// Calls write with one piece of text after the other. Float layers between the integer ones are named in comments only.
void write_c_header(const nn::Graph& int8, const CHeaderFacts& facts, const std::function<void(std::string_view)>& write);

}  // namespace octet::quant
