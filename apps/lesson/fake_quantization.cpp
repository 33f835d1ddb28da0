// Fake quantization: values on the grid of the codes, and the gradient that passes it as if it were not there.
#include <nlohmann/json.hpp>

#include "apps/lesson/lesson.h"
#include "nn/functional.h"
#include "ops/fake_quantize.h"
#include "ops/int8/quantize.h"

namespace octet::apps {

void tell_fake_quantization(std::ostream& out, nlohmann::json& numbers) {
  // Three bits, so that the steps can be seen: codes 0 to 7.
  constexpr ops::int8::QParams q{0.5f, 3};
  constexpr ops::int8::CodeRange codes{0, 7};
  const std::vector<float> values = {-2.0f, -1.6f, -1.25f, -0.2f, 0.0f, 0.3f, 0.75f, 1.9f, 2.3f};
  Tensor x({static_cast<int64_t>(values.size())}, DType::f32);
  std::copy(values.begin(), values.end(), x.data<float>());

  nn::Recording recording(nn::Recording::Purpose::backward);
  nn::Value in(x);
  in.set_requires_grad(true);
  const nn::Value y = nn::functional::fake_quantize(in, std::span(&q, 1), codes);
  recording.backward(y, Tensor::full(x.shape(), 1));

  const size_t n = values.size();
  const std::span<const float> rounded(y.tensor().data<float>(), n), gradient(in.grad().data<float>(), n);
  std::vector<int> code;
  for (const float r : rounded) code.push_back(static_cast<int>(r / q.scale) + q.zero_point);
  out << "scale 0.5, zero point 3, codes 0 to 7: what they can say ends at -1.5 and 2\n"
      << "x                    " << row("%7.2f", values) << "\n"
      << "x / scale + 3        ";
  for (const float v : values) out << number("%7.2f", v / q.scale + static_cast<float>(q.zero_point));
  out << "\ncode                 " << row("%7d", code) << "\n"
      << "fake_quantize(x)     " << row("%7.2f", rounded) << "\n"
      << "gradient, 1 comes in " << row("%7.0f", gradient) << "\n";

  // One weight learns across a step: the loss is (fake_quantize(w) - 1)^2, and w begins at 0.30.
  out << "w learns, loss = (fake_quantize(w) - 1)^2, rate 0.1\n";
  float w = 0.3f;
  for (int step = 0; step < 6; ++step) {
    const float r = *ops::fake_quantize(Tensor::full({1}, w), q, codes).data<float>();
    const float slope = 2 * (r - 1);
    out << "  step " << step << ": w " << number("%.2f", w) << ", rounded " << number("%.2f", r) << ", loss "
        << number("%.2f", (r - 1) * (r - 1)) << ", gradient " << number("%5.2f", slope) << "\n";
    numbers["steps"].push_back({w, r});
    w -= 0.1f * slope;
  }
  numbers["x"] = values;
  numbers["y"] = std::vector<float>(rounded.begin(), rounded.end());
  numbers["gradient"] = std::vector<float>(gradient.begin(), gradient.end());
}

}  // namespace octet::apps
