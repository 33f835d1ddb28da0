// Programs of torch.export: read, made a graph of, and run.
#include "loaders/files/file.h"
#include "networks/pt2/program.h"
#include "networks/pt2/to_graph.h"
#include "tests/fuzz/run_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const octet::fuzz::MemoryFile memory(data, size);
  octet::fuzz::allow_errors([&] {
    const octet::loaders::File file(memory.path());
    if (!octet::networks::is_pt2(file)) return;
    const octet::nn::Graph graph = octet::networks::to_graph(octet::networks::read_pt2(file));
    octet::fuzz::run_graph(graph, {1, 3, 16, 16});
  });
  return 0;
}
