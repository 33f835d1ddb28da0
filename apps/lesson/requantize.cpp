// One output, by three engines: where they round decides about the code.
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/lesson/lesson.h"
#include "ops/engines/engine.h"
#include "ops/int8/conv2d.h"

namespace octet::apps {

void tell_requantize(std::ostream& out, nlohmann::json& numbers) {
  constexpr ops::int8::QParams x{1.0f / 64, 128}, y{1.0f / 16, 10};
  constexpr float sw = 1.0f / 128, b = 0.01216f;
  constexpr int qx = 164, qw = 47, acc = (qx - x.zero_point) * qw;
  const float in_units = b / (x.scale * sw);
  out << "input code 164 (scale 1/64, zero point 128), weight code 47 (scale 1/128), bias 0.01216, output scale 1/16, zero point "
         "10\n"
      << "acc = (164 - 128) * 47 = " << acc << ", bias / (sx sw) = " << number("%.4f", in_units) << ", exact result "
      << number("%.6f", acc * x.scale * sw + b) << " = " << number("%.6f", (acc * x.scale * sw + b) / y.scale) << " steps of sy\n"
      << "engine    with the bias   steps of sy   code\n";
  Tensor weight({1, 1, 1, 1}, DType::qint8), image({1, 1, 1, 1}, DType::quint8);
  *weight.data<int8_t>() = qw;
  *image.data<uint8_t>() = qx;
  for (const auto engine : {ops::int8::Engine::qnnpack, ops::int8::Engine::fbgemm, ops::int8::Engine::onednn}) {
    const ops::int8::Conv2d conv({{.weight = weight,
                                   .weight_scale = {sw},
                                   .bias = Tensor::full({1}, b),
                                   .relu = false,
                                   .engine = engine,
                                   .input = x,
                                   .output = y},
                                  {}});
    // onednn adds the bias to a real number: no sum in units of sx sw.
    const bool real = engine == ops::int8::Engine::onednn;
    const float sum = static_cast<float>(acc) + (engine == ops::int8::Engine::qnnpack ? std::nearbyint(in_units) : in_units);
    const float steps = real ? (static_cast<float>(acc) * x.scale * sw + b) * (1 / y.scale) : sum * (x.scale * sw / y.scale);
    const int code = *conv(image).data<uint8_t>();
    out << number("%-10s", std::string(name_of(engine)).c_str()) << (real ? number("%13s", "a real") : number("%13.4f", sum))
        << number("%14.6f", steps) << number("%7d", code) << "\n";
    numbers.push_back({{"engine", name_of(engine)}, {"steps", steps}, {"code", code}});
  }
}

}  // namespace octet::apps
