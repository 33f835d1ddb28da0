#include "apps/train/training_state.h"

#include <omp.h>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "loaders/checkpoints/safetensors.h"
#include "loaders/images/resize.h"
#include "quant/formats/recognise.h"
#include "quant/qconfig/json_numbers.h"

namespace octet::apps {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr std::string_view kModel = "model/", kOptimizer = "optimizer/";

Json to_json(const Epoch& e) {
  return {{"epoch", e.epoch},           {"size", e.size},         {"lr", e.lr},          {"train_loss", e.train_loss},
          {"valid_loss", e.valid_loss}, {"accuracy", e.accuracy}, {"seconds", e.seconds}};
}

double finite_at(const Json& j, const char* key, double low = -1e300, double high = 1e300) {
  const Json& value = j.at(key);
  OCTET_CHECK(value.is_number() && value.get<double>() >= low && value.get<double>() <= high, key, " is ", excerpt(value),
              ", expected a number from ", low, " to ", high);
  return value.get<double>();
}

int64_t whole_at(const Json& j, const char* key, int64_t low, int64_t high) {
  return quant::integer_from(j.at(key), key, low, high);
}

Epoch epoch_from(const Json& j, int epoch) {
  return {.epoch = static_cast<int>(whole_at(j, "epoch", epoch, epoch)),
          .size = static_cast<int>(whole_at(j, "size", 1, loaders::kMaxImageSide)),
          .lr = finite_at(j, "lr", 0),
          .train_loss = finite_at(j, "train_loss"),
          .valid_loss = finite_at(j, "valid_loss"),
          .accuracy = finite_at(j, "accuracy", 0, 1),
          .seconds = finite_at(j, "seconds", 0)};
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

TrainingPosition position_from(const Json& j, const TrainingExtent& extent) {
  constexpr int64_t kMostSteps = int64_t{1} << 53;
  const Json &smooth = j.at("smooth_loss"), &history = j.at("history");
  TrainingPosition p{.epoch = static_cast<int>(whole_at(j, "epoch", 0, extent.epochs)),
                     .images = static_cast<size_t>(whole_at(j, "images", 0, static_cast<int64_t>(extent.images))),
                     .seconds = finite_at(j, "seconds", 0),
                     .smooth_loss = {},
                     .history = {}};
  p.smooth_loss.sum = finite_at(smooth, "sum");
  p.smooth_loss.count = whole_at(smooth, "count", 0, kMostSteps);
  OCTET_CHECK(history.is_array() && std::cmp_equal(history.size(), p.epoch), "history of ", history.size(),
              " epochs, expected one for each of ", p.epoch);
  for (const Json& e : history) p.history.push_back(epoch_from(e, static_cast<int>(std::ssize(p.history))));
  return p;
}

void check_conditions(const Conditions& now, const Json& then, const std::string& file) {
  std::string problems;
  for (const auto& [name, value] : now)
    if (const std::string before = then.value(name, "unknown"); before != value)
      problems += str(problems.empty() ? "" : ", ", name, " is ", printable(value), " and was ", printable(before));
  OCTET_CHECK(problems.empty(), file, ": cannot resume: ", problems,
              "; repeat the first options, or remove the file to begin anew");
}

void check_finite(const std::string& key, const Tensor& tensor) {
  OCTET_CHECK(tensor.dtype() == DType::f32, "optimizer/", printable(key), " is ", tensor.dtype(), ", expected float32");
  const float* values = tensor.data<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i)
    OCTET_CHECK(std::isfinite(values[i]), "optimizer/", printable(key), ": value ", i, " is ", values[i],
                ", expected a finite number");
}

Json read_metadata(const loaders::SafeTensors& file, const std::string& name) {
  OCTET_CHECK(quant::recognise(file.tensors, file.metadata) == quant::FileKind::training_state, name,
              ": not a training that can be resumed; remove the file");
  constexpr JsonLimits kLimits{.bytes = uint64_t{16} << 20, .depth = 8};
  Json json = parse_json<Json>(file.metadata.at(quant::kTrainingMetadata), kLimits, "its metadata");
  OCTET_CHECK(json.is_object() && json.contains("version") && json["version"] == kVersion, name,
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
                               const Conditions& conditions, const TrainingExtent& extent) {
  const std::string name = printable(resume_file(output));
  OCTET_CHECK(std::filesystem::exists(resume_file(output)), name,
              ": not there, so there is nothing to resume; leave out --resume to begin");
  const loaders::SafeTensors file = loaders::load_safetensors(resume_file(output));
  StateDict weights;
  std::map<std::string, Tensor> remembered;
  for (const StateEntry& entry : file.tensors.entries()) {
    // Copies: training changes tensors in place.
    if (entry.key.starts_with(kModel)) weights.add({entry.key.substr(kModel.size()), entry.tensor.clone(), {}});
    if (entry.key.starts_with(kOptimizer)) remembered[entry.key.substr(kOptimizer.size())] = entry.tensor.clone();
  }
  try {
    const Json json = read_metadata(file, name);
    check_conditions(conditions, json.at("options"), name);
    nn::load_state_dict(model, weights, name);
    for (const auto& [key, tensor] : remembered) check_finite(key, tensor);
    optimizer.restore(std::move(remembered));
    if (const int64_t threads = whole_at(json, "threads", 1, 1'000'000); threads != omp_get_max_threads())
      std::cerr << "note: begun with " << threads << " threads; with " << omp_get_max_threads()
                << " the weights will differ in their last bits\n";
    if (const std::string device = json.value("device", "cpu"); device != name_of(model.device()))
      std::cerr << "note: begun on " << one_line(device) << "; on " << model.device()
                << " the weights will differ in their last bits\n";
    return position_from(json.at("position"), extent);
  } catch (const Json::exception& error) {
    fail(name, ": damaged: ", printable(error.what()), "; remove the file to begin anew");
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(name)) throw;
    fail(name, ": damaged: ", error.what(), "; remove the file to begin anew");
  }
}

}  // namespace octet::apps
