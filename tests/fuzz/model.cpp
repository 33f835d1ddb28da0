// The graph inside an int8 model file, and its run. The tensors are these, whatever the bytes are; the first five bytes choose the
// engine and the input's shape, the rest is the "graph" of the metadata.
#include "quant/formats/model_file.h"
#include "tests/fuzz/run_graph.h"

using namespace octet;

namespace {

StateDict tensors() {
  StateDict state;
  const auto layer = [&](const std::string& name, const Shape& weight) {
    state.add({name + ".weight", Tensor::zeros(weight, DType::i8), {}});
    state.add({name + ".weight_scale", Tensor::full({1}, 0.01f), {}});
    state.add({name + ".bias", Tensor::full({weight[0]}, 0.5f), {}});
  };
  layer("c1", {16, 3, 3, 3});
  layer("c2", {16, 16, 3, 3});
  layer("dw", {16, 1, 3, 3});
  layer("fc", {10, 16});
  for (const char* name : {"weight", "bias", "running_mean", "running_var"})
    state.add({std::string("bn.") + name, Tensor::full({16}, 1), {}});
  return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const StateDict kTensors = tensors();
  if (size < 5) return 0;
  fuzz::allow_errors([&] {
    const Shape input{data[1] % 4, data[2] % 5, data[3] % 20, data[4] % 20};
    const auto engine = ops::int8::kEngines[data[0] % std::size(ops::int8::kEngines)];
    const nn::Graph graph = quant::load_graph({kTensors,
                                               {{"format", quant::kModelFormat},
                                                {"engine", std::string(name_of(engine))},
                                                {"graph", std::string(data + 5, data + size)}}},
                                              "fuzz");
    fuzz::run_graph(graph, input);
  });
  return 0;
}
