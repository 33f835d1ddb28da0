// Runs the float, the fake-quant and the int8 graph on the same images, and writes what each node gives.
#include "apps/quantize/dump_stages.h"

#include <nlohmann/json.hpp>

#include "apps/common/cli.h"
#include "loaders/files/file.h"
#include "loaders/files/npy.h"
#include "nn/graph/output_qparams.h"
#include "quant/checks/observed_values.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/patterns.h"

namespace octet::apps {
namespace {

void dump(const std::string& folder, const nn::Graph& graph, const nn::Batch& batch) {
  make_folder(folder);
  const auto save = [&](const std::string& name, const Tensor& value) {
    loaders::save_npy(folder + "/" + name + ".npy", value.dtype() == DType::quint8 ? to_channels_first(value) : value);
  };
  const std::vector<const nn::Node*> inputs = graph.placeholders();
  for (size_t i = 0; i < inputs.size(); ++i) save(inputs[i]->name, batch.inputs.at(i));
  nn::run_all(graph, batch, [&](const nn::Node& node, const Tensor& value) { save(node.name, value); });
}

nlohmann::json partners(const nn::Graph& prepared, const nn::Graph& int8) {
  std::unordered_map<std::string, std::string> observed;  // by its observer
  for (const nn::Node& node : prepared.nodes())
    if (quant::observer_of(node)) observed[node.name] = node.inputs[0]->name;
  nlohmann::json list = nlohmann::json::array();
  for (const nn::Node& node : int8.nodes()) {
    const std::string observer = quant::chosen_by(node);
    if (observer.empty()) continue;
    const ops::int8::QParams q = nn::output_qparams(node).value();
    list.push_back({{"int8", node.name},
                    {"float", observed.at(observer)},
                    {"fake_quant", observer},
                    {"observer", observer},
                    {"scale", q.scale},
                    {"zero_point", q.zero_point}});
  }
  return list;
}

}  // namespace

void dump_stages(const std::string& folder, const nn::Graph& prepared, const quant::QConfigMapping& mapping,
                 const nn::Graph& int8, const nn::Batch& batch) {
  dump(folder + "/float", quant::without_observers(prepared), batch);
  dump(folder + "/fake_quant", quant::fake_quantize(prepared, mapping), batch);
  dump(folder + "/int8", int8, batch);
  loaders::write_atomically(folder + "/partners.json",
                            [&](loaders::Output& out) { out.write(partners(prepared, int8).dump(1) + "\n"); });
}

}  // namespace octet::apps
