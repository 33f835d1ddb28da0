// The first residual block of ResNet18 after each pass, by the names of its nodes.
#include <nlohmann/json.hpp>

#include "apps/lesson/lesson.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/fold_batch_norm.h"
#include "nn/graph/passes/fuse_relu.h"
#include "quant/passes/convert.h"

namespace octet::apps {
namespace {

/// From behind the max pool to the relu behind the addition. Observers are [their number].
void tell_block(std::ostream& out, nlohmann::json& numbers, const char* pass, const nn::Graph& graph) {
  const std::string kObserver = "activation_post_process_";
  const auto short_name = [&](const std::string& name) {
    return name.starts_with(kObserver) ? "[" + name.substr(kObserver.size()) + "]" : name;
  };
  out << pass << "\n ";
  bool inside = false;
  for (const nn::Node& node : graph.nodes()) {
    if (inside && node.name.starts_with("_0_4_1")) break;
    if (inside) {
      out << " " << short_name(node.name);
      numbers[pass].push_back(short_name(node.name));
    }
    inside = inside || node.name == "_0_3";
  }
  out << "\n";
}

}  // namespace

void tell_passes(std::ostream& out, nlohmann::json& numbers) {
  const nn::Graph traced = traced_resnet18();
  tell_block(out, numbers, "trace", traced);
  nn::Graph graph = traced.clone();
  nn::fold_batch_norm(graph);
  tell_block(out, numbers, "fold_batch_norm", graph);
  nn::fuse_relu(graph);
  tell_block(out, numbers, "fuse_relu", graph);
  const nn::Graph prepared = prepared_resnet18();
  tell_block(out, numbers, "insert_observers", prepared);
  nn::run(prepared, Tensor::full({1, 3, 64, 64}, 1));
  tell_block(out, numbers, "convert", quant::convert(prepared, quant::get_default_qconfig_mapping("qnnpack")));
}

}  // namespace octet::apps
