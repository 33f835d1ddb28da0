// The lessons' worked numbers: each function computes one lesson's example with octet's own functions and tells it line by line. The lessons
// (*.md, beside the code that they are about) quote these lines, a test holds them equal, and scripts/draw_lessons.py draws the pictures.
#pragma once

#include <cstdio>
#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <span>
#include <string>
#include <type_traits>

#include "nn/graph/graph.h"

namespace octet::apps {

struct Lesson {
  const char* name;
  const char* about;  // one line
  /// out: the lines; numbers: what the picture shows.
  void (*tell)(std::ostream& out, nlohmann::json& numbers);
};

/// In the order in which they build on each other.
std::span<const Lesson> lessons();

void tell_weights(std::ostream& out, nlohmann::json& numbers);
void tell_histogram(std::ostream& out, nlohmann::json& numbers);
void tell_im2col(std::ostream& out, nlohmann::json& numbers);
void tell_passes(std::ostream& out, nlohmann::json& numbers);
void tell_requantize(std::ostream& out, nlohmann::json& numbers);
void tell_fake_quantization(std::ostream& out, nlohmann::json& numbers);
void tell_recording(std::ostream& out, nlohmann::json& numbers);
void tell_winograd(std::ostream& out, nlohmann::json& numbers);

/// ResNet18 of data/ as a graph, and ready to be calibrated (qnnpack).
nn::Graph traced_resnet18();
nn::Graph prepared_resnet18();

/// printf of one number: number("%6.3f", x).
template <class T>
std::string number(const char* format, T value) {
  static_assert(std::is_arithmetic_v<T> || std::is_same_v<T, const char*>, "what printf takes");
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// Numbers side by side, each in so many columns.
template <class Numbers>
std::string row(const char* format, const Numbers& numbers) {
  std::string text;
  for (const auto& x : numbers) text += number(format, x);
  return text;
}

}  // namespace octet::apps
