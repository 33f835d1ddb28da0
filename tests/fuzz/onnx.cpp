// ONNX: the protobuf, constants, operators, and the graph that they make, run.
#include "loaders/files/file.h"
#include "networks/onnx/model.h"
#include "networks/onnx/to_graph.h"
#include "tests/fuzz/run_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const octet::fuzz::MemoryFile memory(data, size);
  octet::fuzz::allow_errors([&] {
    const octet::loaders::File file(memory.path());
    const auto network = octet::networks::onnx::to_graph(octet::networks::onnx::read_onnx(file, memory.path()));
    octet::fuzz::run_graph(network.graph, {1, 3, 16, 16});
  });
  return 0;
}
