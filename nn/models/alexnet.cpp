#include "nn/models/alexnet.h"

#include "nn/layers/conv2d.h"

namespace octet::nn {

AlexNet::AlexNet(int64_t in_channels, std::unique_ptr<Module> head)
    : features_(add<Sequential>("features")),
      avgpool_(add<AdaptiveAvgPool2d>("avgpool", ops::Size2(kSide, kSide))),
      classifier_(adopt("classifier", std::move(head))) {
  int64_t channels = in_channels;
  const auto convolution = [&](int64_t out_channels, const Conv2d::Options& options) {
    features_.append<Conv2d>(channels, out_channels, options);
    features_.append<ReLU>();
    channels = out_channels;
  };
  const auto pool = [&] { features_.append<MaxPool2d>(ops::MaxPool2dOptions{.kernel = 3, .stride = 2}); };
  convolution(64, {.kernel = 11, .stride = 4, .padding = 2});
  pool();
  convolution(192, {.kernel = 5, .padding = 2});
  pool();
  for (const int64_t out_channels : {384, 256, 256}) convolution(out_channels, {.kernel = 3, .padding = 1});
  pool();
}

HeadLayer AlexNet::head(int64_t classes) {
  using enum HeadLayer::Kind;
  constexpr int64_t kHidden = 4096;
  return HeadLayer::sequence(
      "classifier", {HeadLayer::plain("", dropout), HeadLayer::linear("", kFeatures, kHidden), HeadLayer::plain("", relu),
                     HeadLayer::plain("", dropout), HeadLayer::linear("", kHidden, kHidden), HeadLayer::plain("", relu),
                     HeadLayer::linear("", kHidden, classes)});
}

Value AlexNet::forward(const Value& x) { return classifier_(functional::flatten(avgpool_(features_(x)))); }

}  // namespace octet::nn
