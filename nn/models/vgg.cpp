#include "nn/models/vgg.h"

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"

namespace octet::nn {
namespace {

constexpr std::array<int64_t, 5> kChannels = {64, 128, 256, 512, 512};  // of each block

}  // namespace

Vgg::Vgg(const VggOptions& o, std::unique_ptr<Module> head)
    : features_(add<Sequential>("features")),
      avgpool_(add<AdaptiveAvgPool2d>("avgpool", ops::Size2(kSide, kSide))),
      classifier_(adopt("classifier", std::move(head))) {
  int64_t channels = o.in_channels;
  for (size_t block = 0; block < kChannels.size(); ++block) {
    for (int i = 0; i < o.convolutions[block]; ++i) {
      features_.append<Conv2d>(channels, kChannels[block], Conv2d::Options{.kernel = 3, .padding = 1});
      if (o.batch_norm) features_.append<BatchNorm>(kChannels[block]);
      features_.append<ReLU>();
      channels = kChannels[block];
    }
    features_.append<MaxPool2d>(ops::MaxPool2dOptions{.kernel = 2, .stride = 2});
  }
}

HeadLayer Vgg::head(int64_t classes) {
  using enum HeadLayer::Kind;
  constexpr int64_t kHidden = 4096;
  return HeadLayer::sequence(
      "classifier", {HeadLayer::linear("", kFeatures, kHidden), HeadLayer::plain("", relu), HeadLayer::plain("", dropout),
                     HeadLayer::linear("", kHidden, kHidden), HeadLayer::plain("", relu), HeadLayer::plain("", dropout),
                     HeadLayer::linear("", kHidden, classes)});
}

std::vector<int> Vgg::places(const VggOptions& o) {
  std::vector<int> places;
  int place = 0;
  for (const int convolutions : o.convolutions) {
    for (int i = 0; i < convolutions; ++i, place += o.batch_norm ? 3 : 2) places.push_back(place);
    ++place;  // the pool
  }
  return places;
}

Value Vgg::forward(const Value& x) { return classifier_(functional::flatten(avgpool_(features_(x)))); }

}  // namespace octet::nn
