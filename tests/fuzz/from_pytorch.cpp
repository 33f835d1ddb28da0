// A state_dict that PyTorch quantized, or trained quantization-aware: its keys and tensors beside the network that they are of.
#include "quant/formats/from_pytorch.h"

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/files/file.h"
#include "networks/pt2/program.h"
#include "networks/pt2/to_graph.h"
#include "quant/formats/qat_checkpoint.h"
#include "tests/fuzz/run_graph.h"

using namespace octet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const nn::Graph kNetwork =
      networks::to_graph(networks::read_pt2(loaders::File(OCTET_SOURCE_DIR "/tests/golden/pt2/branches.pt2")));
  const fuzz::MemoryFile file(data, size);
  fuzz::allow_errors([&] {
    const StateDict state = loaders::load_checkpoint(file.path());
    fuzz::allow_errors([&] {
      const nn::Graph graph = quant::graph_from_pytorch(kNetwork, state, ops::int8::Engine::fbgemm, "fuzz");
      fuzz::run_graph(graph, {1, 3, 16, 16});
    });
    fuzz::allow_errors([&] { quant::load_qat(kNetwork, state, "fuzz"); });
  });
  return 0;
}
