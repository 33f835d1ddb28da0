#include "quant/passes/prepare.h"

#include "nn/graph/passes/fold_batch_norm.h"
#include "nn/graph/passes/fuse_relu.h"
#include "quant/passes/insert_observers.h"

namespace octet::quant {

nn::Graph prepare(const nn::Graph& traced, const QConfigMapping& mapping) {
  nn::Graph graph = traced.clone();
  fold_batch_norm(graph);
  fuse_relu(graph);
  insert_observers(graph, mapping, make_observer);
  return graph;
}

}  // namespace octet::quant
