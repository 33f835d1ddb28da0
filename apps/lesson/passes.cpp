// The first residual block of ResNet18 after each pass, by the names of its nodes.
#include <nlohmann/json.hpp>

#include "apps/common/cli.h"
#include "apps/lesson/lesson.h"
#include "loaders/checkpoints/pth.h"
#include "nn/graph/executor.h"
#include "nn/graph/passes/fold_batch_norm.h"
#include "nn/graph/passes/fuse_relu.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"

namespace octet::apps {
namespace {

/// From behind the max pool to the relu behind the addition, each with what it reads. Observers are [their number].
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
  const std::string file = data_file("resnet18-imagenette-fastai.pth");
  const StateDict state = loaders::load_pth(file);
  const nn::LoadedModel loaded = nn::model_from_checkpoint(state, nn::form_of(state, file), file);
  const auto mapping = quant::get_default_qconfig_mapping("qnnpack");
  const Tensor image = Tensor::full({1, 3, 64, 64}, 1);
  const nn::Graph traced = nn::trace(*loaded.model, image);
  tell_block(out, numbers, "trace", traced);
  nn::Graph graph = traced.clone();
  nn::fold_batch_norm(graph);
  tell_block(out, numbers, "fold_batch_norm", graph);
  nn::fuse_relu(graph);
  tell_block(out, numbers, "fuse_relu", graph);
  const nn::Graph prepared = quant::prepare(traced, mapping);  // all three
  tell_block(out, numbers, "insert_observers", prepared);
  nn::run(prepared, image);
  tell_block(out, numbers, "convert", quant::convert(prepared, mapping));
}

}  // namespace octet::apps
