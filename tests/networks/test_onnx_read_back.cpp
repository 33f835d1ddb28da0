// octet's own int8 ONNX files, read again: the codes of the graph that they were written of, for every engine, one scale per tensor and
// one per channel.
#include <gtest/gtest.h>

#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/networks/read_back.h"
#include "tests/support/gates.h"
#include "tests/support/training.h"

namespace octet::networks::onnx {
namespace {

constexpr int64_t kSide = 64;
const Tensor kImages = test::hashed_values({2, 3, kSide, kSide}, 7, 2.0);

void expect_read_back(nn::Module& model, const std::string& backend) {
  test::fill_by_formula(model);
  const quant::QConfigMapping mapping = quant::get_default_qconfig_mapping(backend);
  const nn::Graph prepared = quant::prepare(nn::trace(model, Tensor::zeros({1, 3, kSide, kSide})), mapping);
  nn::run(prepared, kImages);
  test::expect_read_back(quant::convert(prepared, mapping), mapping.engine(), kImages);
}

class OnnxReadBack : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, OnnxReadBack, testing::Values("qnnpack", "fbgemm", "x86", "onednn"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(OnnxReadBack, Networks) {
  for (const nn::Network network : {nn::Network::resnet18, nn::Network::mobilenet_v2})
    expect_read_back(*nn::make_model({network}, 10), GetParam());
}

TEST_P(OnnxReadBack, SigmoidsAndFloatsBetween) {
  test::Gates gates(10);
  expect_read_back(gates, GetParam());
}

}  // namespace
}  // namespace octet::networks::onnx
