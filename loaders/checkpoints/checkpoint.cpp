#include "loaders/checkpoints/checkpoint.h"

#include <algorithm>
#include <cmath>

#include "loaders/checkpoints/card_record.h"
#include "loaders/checkpoints/format.h"
#include "loaders/checkpoints/model_card.h"
#include "loaders/checkpoints/pth.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/checkpoints/weight_keys.h"
#include "loaders/files/file.h"

namespace octet::loaders {

namespace {

/// Files that octet wrote for itself: their names are its own.
bool is_own(const std::map<std::string, std::string>& metadata) {
  return std::ranges::any_of(metadata, [](const auto& m) {
    return m.first == "octet.training" || (m.first == "format" && m.second.starts_with("octet"));
  });
}

StateDict weights_of(StateDict tensors, const std::string& where, std::vector<std::string>& notes) {
  std::vector<std::string> names;
  for (const StateEntry& entry : tensors.entries()) names.push_back(entry.key);
  const WeightKeys keys = weight_keys(names);
  if (keys.remark().empty()) return tensors;
  notes.push_back(where + ": " + keys.remark());
  StateDict weights;
  for (const StateEntry& entry : tensors.entries())
    if (const auto key = keys.key_of(entry.key)) weights.add({*key, entry.tensor, entry.qparams});
  return weights;
}

}  // namespace

Checkpoint open_checkpoint(const std::string& path) {
  refuse_url(path);
  const File file(path);
  Checkpoint checkpoint;
  if (format_of(file.bytes()) == Format::safetensors) {
    SafeTensors contents = load_safetensors(file);
    checkpoint.metadata = std::move(contents.metadata);
    checkpoint.tensors = is_own(checkpoint.metadata) ? std::move(contents.tensors)
                                                     : weights_of(std::move(contents.tensors), file.name(), checkpoint.notes);
  } else {
    checkpoint.tensors = load_pth(file, &checkpoint.notes);
    if (format_of(file.bytes()) != Format::zip) return checkpoint;
    if (const std::string card = read_card_record(file); !card.empty()) checkpoint.metadata[kCardKey] = card;
  }
  return checkpoint;
}

std::optional<ModelCard> read_card(const std::string& path) {
  const File file(path);
  const Format format = format_of(file.bytes());
  std::map<std::string, std::string> metadata;
  if (format == Format::safetensors) metadata = load_safetensors(file).metadata;
  if (format == Format::zip)
    if (const std::string card = read_card_record(file); !card.empty()) metadata[kCardKey] = card;
  return find_card(metadata, path);
}

StateDict load_checkpoint(const std::string& path, std::vector<std::string>* notes) {
  Checkpoint checkpoint = open_checkpoint(path);
  if (notes) notes->insert(notes->end(), checkpoint.notes.begin(), checkpoint.notes.end());
  return std::move(checkpoint.tensors);
}

void check_finite(const StateDict& state, const std::string& source) {
  constexpr int kListed = 10;
  std::string problems;
  int count = 0;
  const auto report = [&](const std::string& text) {
    if (++count <= kListed) problems += (count > 1 ? "; " : "") + text;
  };
  for (const StateEntry& e : state.entries()) {
    if (!is_floating_point(e.tensor.dtype())) continue;
    const Tensor values = e.tensor.to(DType::f32);
    int64_t nonfinite = 0, negative = 0;
    for (int64_t i = 0; i < values.numel(); ++i) {
      nonfinite += !std::isfinite(values.data<float>()[i]);
      negative += values.data<float>()[i] < 0;
    }
    if (nonfinite) report(str(quoted(e.key), " has ", nonfinite, " NaN or infinite values of ", values.numel()));
    if (negative && e.key.ends_with("running_var"))
      report(str(quoted(e.key), " has ", negative, " values below 0: a variance cannot"));
  }
  if (count > kListed) problems += str("; and ", count - kListed, " more");
  OCTET_CHECK(count == 0, printable(source), ": ", problems);
}

}  // namespace octet::loaders
