// Exact integer Winograd on one row, F(4, 3): four outputs of a filter of three by six products, and what makes it exact in int32.
#include <array>
#include <nlohmann/json.hpp>

#include "apps/lesson/lesson.h"
#include "quant/passes/convert.h"

namespace octet::apps {
namespace {

// The matrices of ops/cpu/winograd_int16.h.
constexpr int kG[6][3] = {{6, 0, 0}, {-4, -4, -4}, {-4, 4, -4}, {1, 2, 4}, {1, -2, 4}, {0, 0, 12}};
constexpr int kB[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                          {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
constexpr int kA[4][6] = {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 2}};

template <size_t R, size_t C>
std::array<int, R> product(const int (&matrix)[R][C], const std::array<int, C>& v) {
  std::array<int, R> y{};
  for (size_t r = 0; r < R; ++r)
    for (size_t c = 0; c < C; ++c) y[r] += matrix[r][c] * v[c];
  return y;
}

/// The largest sum that a 3x3 layer's codes can give, from its weights: an input differs from its zero point by at most 255.
int64_t largest_sum(const Tensor& codes) {
  int64_t largest = 0;
  for (int64_t k = 0; k < codes.size(0); ++k) {
    const Tensor filter = codes.slice(k, k + 1);
    int64_t sum = 0;
    for (int64_t i = 0; i < filter.numel(); ++i) sum += std::abs(int{filter.data<int8_t>()[i]});
    largest = std::max(largest, sum * 255);
  }
  return largest;
}

}  // namespace

void tell_winograd(std::ostream& out, nlohmann::json& numbers) {
  constexpr std::array<int, 6> d = {6, 17, -24, 46, 0, -13};  // codes - zero point
  constexpr std::array<int, 3> g = {-3, 20, 5};
  std::array<int, 4> plain{};
  for (size_t i = 0; i < plain.size(); ++i)
    for (size_t r = 0; r < g.size(); ++r) plain[i] += d[i + r] * g[r];
  const auto U = product(kG, g);
  const auto V = product(kB, d);
  std::array<int, 6> M{};
  for (size_t i = 0; i < M.size(); ++i) M[i] = U[i] * V[i];
  const auto Y = product(kA, M);
  std::array<int, 4> y{};
  for (size_t i = 0; i < y.size(); ++i) y[i] = Y[i] / 24;

  out << "six inputs d   " << row("%8d", d) << "\nthree weights g" << row("%8d", g) << "\n"
      << "four outputs by the definition, 12 products\n  y      " << row("%8d", plain) << "\n"
      << "by Winograd, 6 products\n"
      << "  U = G g" << row("%8d", U) << "\n  V = B d" << row("%8d", V) << "\n  M = U V" << row("%8d", M) << "\n  Y = A M"
      << row("%8d", Y) << "\n  Y / 24 " << row("%8d", y) << "\n";

  constexpr int32_t sum = -5'000'000;
  const auto wrapped = static_cast<uint32_t>(sum) * 576u;
  out << "in two dimensions Y = 576 y, which may pass the end of int32: y = " << sum << "\n"
      << "  576 y modulo 2^32         " << static_cast<int32_t>(wrapped) << "\n"
      << "  times 954437177, 1/9      " << static_cast<int32_t>(wrapped * 954437177u) << "\n"
      << "  shifted right by 6, 1/64  " << (static_cast<int32_t>(wrapped * 954437177u) >> 6) << "\n";

  int64_t largest = 0;
  std::string name;
  const auto mapping = quant::get_default_qconfig_mapping("qnnpack");
  const nn::Graph graph = prepared_resnet18();
  for (const nn::Node& node : graph.nodes()) {
    const Tensor weight = node.parameter("weight");
    if (!nn::is<nn::op::Conv2d>(node.op) || weight.size(2) != 3) continue;
    const int64_t bound = largest_sum(quant::quantized_weights(node, mapping).codes);
    numbers["layers"].push_back({node.target, bound});
    if (bound > largest) largest = bound, name = node.target;
  }
  out << "the largest |y| that ResNet18's 3x3 layers can have: " << largest << " (" << name
      << "), exact below 2^25 = " << (1 << 25) << "\n";
}

}  // namespace octet::apps
