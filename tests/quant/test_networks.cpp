// The same passes on other networks, node by node against PyTorch: nothing is written for ResNet18 alone.
#include <zlib.h>

#include "nn/graph/executor.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/passes/convert.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/prepare.h"
#include "tests/support/gates.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"
#include "tests/support/make.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

using test::Golden;

struct Network {
  const char* name;
  std::function<std::unique_ptr<nn::Module>()> make;
  friend std::ostream& operator<<(std::ostream& out, const Network& n) { return out << n.name; }
};

const Network kNetworks[] = {
    {"resnet34", [] { return nn::make_model({nn::Network::resnet34}, 10); }},
    {"resnet50", [] { return nn::make_model({nn::Network::resnet50}, 10); }},
    {"resnext50_32x4d", [] { return nn::make_model({nn::Network::resnext50_32x4d}, 10); }},
    {"alexnet", [] { return nn::make_model({nn::Network::alexnet}, 10); }},
    {"vgg11_bn", [] { return nn::make_model({nn::Network::vgg11_bn}, 10); }},
    {"mobilenet_v2", [] { return nn::make_model({nn::Network::mobilenet_v2}, 10); }},
    {"gates", [] { return std::make_unique<test::Gates>(10); }},
};

int64_t crc_of(const Tensor& codes) {
  return static_cast<int64_t>(crc32(0, reinterpret_cast<const Bytef*>(codes.bytes()), static_cast<uInt>(codes.nbytes())));
}

class Networks : public ::testing::TestWithParam<std::tuple<Network, const char*>> {
 protected:
  Golden golden_{"networks/" + std::string(std::get<0>(GetParam()).name) + "_" + std::get<1>(GetParam())};
  const Tensor images_ = test::hashed_values({2, 3, 64, 64}, 7, 2.0);
  QConfigMapping mapping_ = get_default_qconfig_mapping(std::get<1>(GetParam()));
};
INSTANTIATE_TEST_SUITE_P(All, Networks, ::testing::Combine(::testing::ValuesIn(kNetworks), ::testing::Values("qnnpack", "x86")),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param);
                         });

TEST_P(Networks, EveryNodeAsPyTorch) {
  const auto model = std::get<0>(GetParam()).make();
  test::fill_by_formula(*model);
  const nn::Graph traced = nn::trace(*model, Tensor::zeros({1, 3, 64, 64}));
  EXPECT_LT(test::relative_error(nn::run(traced, images_), golden_["float_logits"]), 1e-5);

  const nn::Graph prepared = prepare(traced, mapping_);
  std::vector<std::string> names;
  std::map<std::string, QParams> qparams;  // PyTorch's, by observer
  for (const ObserverInfo& info : observers(prepared)) {
    const auto i = static_cast<int64_t>(names.size());
    ASSERT_LT(i, golden_["scale"].numel());
    qparams[info.name] = {golden_["scale"].data<float>()[i], golden_["zero_point"].data<int32_t>()[i]};
    names.push_back(info.name + " " + info.observes);
  }
  ASSERT_EQ(names, golden_.lines("observers"));

  const nn::Graph int8 =
      convert(prepared, {.activation = [&](const nn::Node& observer) { return qparams.at(observer.name); },
                         .weights =
                             [&](const nn::Node& layer) {
                               LayerWeights w = quantized_weights(layer, mapping_);
                               EXPECT_EQ(crc_of(w.codes), golden_.number("weight_crc." + layer.target)) << layer.target;
                               EXPECT_EQ(w.scale, golden_.floats("weight_scale." + layer.target)) << layer.target;
                               return w;
                             },
                         .engine = mapping_.engine()});
  std::vector<std::string> nodes;
  const Tensor logits = nn::run(int8, images_, [&](const nn::Node& node, const Tensor& value) {
    nodes.push_back(node.name);
    if (value.dtype() == DType::quint8)
      EXPECT_EQ(crc_of(to_channels_first(value)), golden_.number("crc." + node.name)) << node.name;
    else
      EXPECT_TRUE(test::all_close(value, golden_["node." + node.name], 1e-5f, 1e-6f)) << node.name;
  });
  EXPECT_EQ(nodes, golden_.lines("nodes"));
  EXPECT_TRUE(test::bits_equal(logits, golden_["int8_logits"]));
}

}  // namespace
}  // namespace octet::quant
