#include "quant/passes/calibrate.h"

#include "nn/graph/passes/optimize_for_inference.h"
#include "quant/passes/insert_observers.h"

namespace octet::quant {
namespace {

void show(const std::vector<nn::Graph>& graphs, const nn::Batch& batch, int64_t before) {
  try {
    for (const nn::Graph& graph : graphs) nn::run_all(graph, batch);
  } catch (const Error& error) {
    fail("calibration, images ", before, " to ", before + batch.images() - 1, ": ", error.what());
  }
}

int64_t run_pass(const std::vector<nn::Graph>& graphs, const NextBatch& next_batch, const CalibrateOptions& options) {
  int64_t observed = 0;
  while (const std::optional<nn::Batch> batch = next_batch()) {
    show(graphs, *batch, observed);
    observed += batch->images();
    if (options.on_batch) options.on_batch(batch->images());
  }
  return observed;
}

}  // namespace

int64_t calibrate(const std::vector<nn::Graph*>& prepared, const NextBatch& next_batch, const CalibrateOptions& options) {
  std::vector<nn::Graph> copies;  // with the same observers
  for (const nn::Graph* graph : prepared)
    copies.push_back(options.optimize ? nn::optimize_for_inference(*graph, options.device, nn::FloatSums::direct)
                                      : graph->to(options.device));
  const bool two = options.passes == Passes::two;
  int64_t observed = 0;
  for (int pass = 0; pass < (two ? 2 : 1); ++pass) {
    if (two)
      for (const nn::Graph* graph : prepared)
        for (const ObserverInfo& info : observers(*graph))
          pass == 0 ? info.observer->begin_first_pass() : info.observer->begin_second_pass();
    if (options.begin_pass) options.begin_pass(pass);
    observed = run_pass(copies, next_batch, options);
  }
  return observed;
}

int64_t calibrate(nn::Graph& prepared, const NextBatch& next_batch, const CalibrateOptions& options) {
  return calibrate(std::vector<nn::Graph*>{&prepared}, next_batch, options);
}

}  // namespace octet::quant
