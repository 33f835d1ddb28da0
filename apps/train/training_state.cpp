#include "apps/train/training_state.h"

#include <omp.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "loaders/checkpoints/safetensors.h"
#include "quant/formats/recognise.h"

namespace octet::apps {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr std::string_view kModel = "model/", kOptimizer = "optimizer/";

Json to_json(const Epoch& e) {
  return {{"epoch", e.epoch},           {"size", e.size},         {"lr", e.lr},          {"train_loss", e.train_loss},
          {"valid_loss", e.valid_loss}, {"accuracy", e.accuracy}, {"seconds", e.seconds}};
}

Epoch epoch_from(const Json& j) {
  return {j.at("epoch"), j.at("size"), j.at("lr"), j.at("train_loss"), j.at("valid_loss"), j.at("accuracy"), j.at("seconds")};
}

Json to_json(const TrainingPosition& p) {
  Json history = Json::array();
  for (const Epoch& e : p.history) history.push_back(to_json(e));
  return {{"epoch", p.epoch},
          {"images", p.images},
          {"seconds", p.seconds},
          {"smooth_loss", {{"sum", p.smooth_loss.sum}, {"count", p.smooth_loss.count}}},
          {"history", std::move(history)}};
}

TrainingPosition position_from(const Json& j) {
  TrainingPosition p{
      .epoch = j.at("epoch"), .images = j.at("images"), .seconds = j.at("seconds"), .smooth_loss = {}, .history = {}};
  p.smooth_loss.sum = j.at("smooth_loss").at("sum");
  p.smooth_loss.count = j.at("smooth_loss").at("count");
  for (const Json& e : j.at("history")) p.history.push_back(epoch_from(e));
  return p;
}

void check_conditions(const Conditions& now, const Json& then, const std::string& file) {
  std::string problems;
  for (const auto& [name, value] : now)
    if (const std::string before = then.value(name, "unknown"); before != value)
      problems += str(problems.empty() ? "" : ", ", name, " is ", value, " and was ", before);
  OCTET_CHECK(problems.empty(), file, ": cannot resume: ", problems,
              "; repeat the first options, or remove the file to begin anew");
}

Json read_metadata(const loaders::SafeTensors& file, const std::string& name) {
  OCTET_CHECK(quant::recognise(file.tensors, file.metadata) == quant::FileKind::training_state, name,
              ": not a training that can be resumed; remove the file");
  Json json = Json::parse(file.metadata.at(quant::kTrainingMetadata), nullptr, false);
  OCTET_CHECK(json.is_object() && json.value("version", 0) == kVersion, name,
              ": a training of another version of octet, expected version ", kVersion, "; remove the file to begin anew");
  return json;
}

}  // namespace

std::string resume_file(const std::string& output) { return output + ".resume"; }

void save_training(const std::string& output, const nn::Module& model, const nn::Optimizer& optimizer,
                   const TrainingPosition& position, const Conditions& conditions) {
  loaders::SafeTensors file;
  for (const nn::Module::State& s : model.state())
    file.tensors.add({std::string(kModel) + s.key, s.value.tensor().to(Device::cpu), {}});
  for (const auto& [key, tensor] : optimizer.state())
    file.tensors.add({std::string(kOptimizer) + key, tensor.to(Device::cpu), {}});
  Json options = Json::object();
  for (const auto& [name, value] : conditions) options[name] = value;
  file.metadata[quant::kTrainingMetadata] = Json{
      {"version", kVersion},
      {"threads", omp_get_max_threads()},
      {"device", name_of(model.device())},
      {"position", to_json(position)},
      {"options", options}}.dump();
  save_safetensors(resume_file(output), file);
}

TrainingPosition load_training(const std::string& output, nn::Module& model, nn::Optimizer& optimizer,
                               const Conditions& conditions) {
  const std::string name = resume_file(output);
  OCTET_CHECK(std::filesystem::exists(name), name, ": not there, so there is nothing to resume; leave out --resume to begin");
  const loaders::SafeTensors file = loaders::load_safetensors(name);
  const Json json = read_metadata(file, name);
  StateDict weights;
  std::map<std::string, Tensor> remembered;
  for (const StateEntry& entry : file.tensors.entries()) {
    // Copies: training changes tensors in place.
    if (entry.key.starts_with(kModel)) weights.add({entry.key.substr(kModel.size()), entry.tensor.clone(), {}});
    if (entry.key.starts_with(kOptimizer)) remembered[entry.key.substr(kOptimizer.size())] = entry.tensor.clone();
  }
  try {
    check_conditions(conditions, json.at("options"), name);
    nn::load_state_dict(model, weights, name);
    optimizer.restore(std::move(remembered));
    if (const int threads = json.at("threads"); threads != omp_get_max_threads())
      std::cerr << "note: begun with " << threads << " threads; with " << omp_get_max_threads()
                << " the weights will differ in their last bits\n";
    if (const std::string device = json.value("device", "cpu"); device != name_of(model.device()))
      std::cerr << "note: begun on " << device << "; on " << model.device() << " the weights will differ in their last bits\n";
    return position_from(json.at("position"));
  } catch (const Json::exception& error) {
    fail(name, ": damaged: ", error.what(), "; remove the file to begin anew");
  }
}

}  // namespace octet::apps
