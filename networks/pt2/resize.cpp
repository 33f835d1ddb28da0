// What makes images of another size: interpolate and pad.
#include "loaders/files/bytes.h"
#include "networks/pt2/rows.h"
#include "nn/graph/ops/interpolate.h"
#include "nn/graph/ops/pad.h"

namespace octet::networks {

namespace op = nn::op;

namespace {

Made interpolated(const Arguments& a, ops::InterpolateOptions o) {
  const std::string input = a.value("input");
  OCTET_CHECK(a.shape(input).size() == 4, "interpolate of ", a.shape(input), " is not supported, expected [N, C, H, W]");
  if (const std::vector<int64_t> size = a.integers("output_size"); !size.empty()) {
    o.size = a.size2("output_size", 0);
  } else {
    const std::vector<double> factors = a.reals("scale_factors");
    OCTET_CHECK(factors.size() == 2, factors.size(), " scale factors, expected 2");
    o.factor_h = factors[0], o.factor_w = factors[1];
  }
  Made made{op::Interpolate{o}, {input}};
  made.function = "interpolate";
  return made;
}

}  // namespace

Made upsample_nearest2d(const Arguments& a) { return interpolated(a, {.mode = ops::InterpolateMode::nearest}); }

Made upsample_bilinear2d(const Arguments& a) {
  return interpolated(a, {.mode = ops::InterpolateMode::bilinear, .align_corners = a.flag("align_corners", false)});
}

/// Numbers for the last dimension first: left, right, top, bottom.
Made pad(const Arguments& a) {
  const std::string input = a.value("self"), mode = a.text("mode", "constant");
  std::vector<int64_t> sides = a.integers("pad");
  OCTET_CHECK(a.shape(input).size() == 4 && (sides.size() == 2 || sides.size() == 4), "padding of ", a.shape(input), " by ",
              sides.size(), " numbers is not supported, expected 2 or 4 for images [N, C, H, W]");
  sides.resize(4);
  op::Pad made{{.left = sides[0], .right = sides[1], .top = sides[2], .bottom = sides[3]}};
  made.options.value = static_cast<float>(a.real("value", 0));
  if (mode == "reflect")
    made.options.mode = ops::PadMode::reflect;
  else if (mode == "replicate")
    made.options.mode = ops::PadMode::replicate;
  else
    OCTET_CHECK(mode == "constant", "mode ", loaders::quoted(mode), " is not supported, expected constant, reflect or replicate");
  return {made, {input}};
}

}  // namespace octet::networks
