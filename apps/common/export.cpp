#include "apps/common/export.h"

#include <filesystem>

#include "apps/common/card_options.h"
#include "apps/common/classes.h"
#include "apps/common/cli.h"
#include "apps/common/output_paths.h"
#include "loaders/checkpoints/pth_writer.h"
#include "loaders/files/digest.h"
#include "loaders/files/file.h"
#include "loaders/files/npy.h"
#include "nn/graph/int8_layer.h"
#include "quant/formats/c_header.h"
#include "quant/formats/to_onnx.h"
#include "quant/formats/to_pytorch.h"

namespace octet::apps {
namespace {

void save_layer(const std::string& path, const ops::int8::QuantizedLayer& p) {
  loaders::save_npy(path + ".weight.npy", p.weight);
  loaders::save_npy(path + ".weight_scale.npy", Tensor::from(p.weight_scale, {std::ssize(p.weight_scale)}));
  if (p.bias.defined()) loaders::save_npy(path + ".bias.npy", p.bias);
}

void save_layers(const std::string& folder, const nn::Graph& int8) {
  make_folder(folder);
  for (const nn::Node& node : int8.nodes())
    if (const ops::int8::QuantizedLayer* layer = nn::int8_layer(node.op)) save_layer(folder + "/" + node.target, *layer);
}

quant::CHeaderFacts facts_of(const loaders::ModelCard& card) {
  const loaders::ImageTransform& t = card.input;
  quant::CHeaderFacts facts{t.size, rule_name(t), t.mean, t.deviation, {}};
  for (size_t i = 0; i < card.classes.size(); ++i) facts.classes.push_back(class_name(card.classes, i));
  return facts;
}

}  // namespace

void check_can_export(const std::string& folder, const std::vector<std::string>& forms, const std::vector<std::string>& inputs,
                      Replace replace) {
  check_can_fill(folder);
  std::vector<std::string> files = {"/model.safetensors", "/report.json", "/report.html"};
  for (const std::string& form : forms) {
    if (form == "torch") files.push_back("/quantized.pth");
    if (form == "onnx") files.push_back("/model.onnx");
    if (form == "c") files.push_back("/model.h");
    if (form == "npy" && std::filesystem::exists(folder + "/layers")) check_can_fill(folder + "/layers");
  }
  for (const std::string& file : files) {
    refuse_overwriting("--output", folder + file, inputs);
    check_can_write(folder + file);
    if (replace == Replace::own_files) refuse_to_replace("--output", folder + file);
  }
}

std::string export_int8(const std::string& form, const std::string& folder, const Exported& m) {
  if (form == "torch") {
    loaders::save_pth(folder + "/quantized.pth", quant::state_dict_for_pytorch(m.prepared, m.qconfig),
                      is_of_images(m.card) ? std::optional(m.card) : std::nullopt);
    return "quantized.pth";
  }
  if (form == "npy") {
    save_layers(folder + "/layers", m.int8);
    return "layers/*.npy";
  }
  if (form == "onnx") {
    std::map<std::string, std::string> metadata = {{"backend", m.qconfig.backend()},
                                                   {"engine", std::string(name_of(m.qconfig.engine()))},
                                                   {loaders::kSealKey, loaders::unsealed()}};
    if (is_of_images(m.card)) metadata[loaders::kCardKey] = loaders::to_json(m.card);
    std::string model = quant::to_onnx(m.int8, m.input_shapes, metadata);
    loaders::seal(model, str(loaders::kSealKey, "\x12\x40"));  // field 2, 64 bytes
    loaders::write_atomically(folder + "/model.onnx", [&](loaders::Output& out) { out.write(model); });
    return "model.onnx";
  }
  OCTET_CHECK(form == "c", "unknown form to export '", form, "': expected torch, npy, onnx or c");
  loaders::write_atomically(folder + "/model.h", [&](loaders::Output& out) {
    quant::write_c_header(m.int8, facts_of(m.card), [&](std::string_view text) { out.write(text); });
  });
  return "model.h";
}

}  // namespace octet::apps
