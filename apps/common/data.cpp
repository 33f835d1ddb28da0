#include "apps/common/data.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <set>

#include "apps/common/image_files.h"
#include "apps/common/show.h"
#include "loaders/datasets/batches.h"
#include "loaders/files/bytes.h"

namespace octet::apps {
namespace {

constexpr size_t kShown = 10;  // files of those left out

void show_left_out(const loaders::ImageFolder& images) {
  for (const std::string& warning : images.warnings()) std::cerr << "note: " << one_line(warning) << "\n";
  const std::vector<loaders::Skipped>& skipped = images.skipped();
  if (skipped.empty()) return;
  std::cout << "files that are no images of a class, left out: " << skipped.size() << "\n";
  for (size_t i = 0; i < std::min(skipped.size(), kShown); ++i)
    std::cerr << "skipped " << loaders::printable(skipped[i].name) << ": " << one_line(reason_of(skipped[i])) << "\n";
  if (skipped.size() > kShown) std::cerr << "skipped " << skipped.size() - kShown << " more\n";
}

std::shared_ptr<loaders::ImageFolder> open(const DataOptions& o, const std::string& path, const std::string& split,
                                           std::optional<size_t> limit, loaders::Labels labels, bool quiet = false) {
  auto images = std::make_shared<loaders::ImageFolder>(
      path, split,
      loaders::ImageFolderOptions{.limit = limit,
                                  .valid_share = o.valid_share > 0 ? std::optional(o.valid_share) : std::nullopt,
                                  .seed = static_cast<uint64_t>(o.seed),
                                  .labels = labels});
  if (!quiet) show_left_out(*images);
  return images;
}

CalibrationSet from_standard_input() {
  OCTET_CHECK(std::cin.peek() != EOF, "--data -: no file names on standard input, expected one per line");
  const ImageFiles files = find_images({"-"}, std::cin);
  for (const std::string& note : files.notes) std::cerr << "note: " << one_line(note) << "\n";
  return {"the files on standard input", std::make_shared<loaders::ImageFolder>(files.paths), {}};
}

}  // namespace

void add_calibration_options(CLI::App& app, CalibrationOptions& o) {
  app.add_option(
         "--input", o.input,
         "Calibrate on this instead: float32 [N, C, H, W] as it enters the network (.npy), or an array for each input (.npz)")
      ->check(not_empty());
  app.add_option("--calibration-split", o.split, "Calibrate on this split, evaluate on --split; none: both on --split")
      ->check(CLI::IsMember({"train", "val", "valid", "test"}));
  app.add_option("--eval-data", o.eval_data, "Evaluate on these labelled images, when --data has no labels")->check(not_empty());
}

void check_calibration_usage(const CLI::App& app, const DataOptions& data, const CalibrationOptions& o) {
  const auto refuse = [](const std::string& what) { throw CLI::ValidationError(what); };
  if (!o.input.empty() && app.count("--data")) refuse("--input: takes the place of --data; evaluate with --eval-data");
  if (!o.split.empty() && (!o.input.empty() || data.data == "-")) refuse("--calibration-split: is for a --data with splits");
}

loaders::ImageFolder open_data(const DataOptions& options, const std::string& split, std::optional<size_t> limit) {
  return std::move(*open(options, options.data, split, limit, loaders::Labels::needed));
}

nn::Batch CalibrationSet::batch(const std::vector<size_t>& indices, const loaders::ImageTransform& transform,
                                const nn::Graph& graph) const {
  if (!images) return rows_of(inputs_of(arrays, graph, source), indices);
  loaders::Batches batches(*images, indices, {.batch_size = static_cast<int>(indices.size()), .transform = transform});
  const auto batch = batches.next();
  OCTET_CHECK(batch.has_value(), "none of the ", indices.size(), " images, such as ",
              loaders::printable(images->name(indices.at(0))), ", can be read; replace them");
  return batch->images;
}

CalibrationSet open_calibration(const DataOptions& data, const CalibrationOptions& o) {
  if (!o.input.empty()) {
    CalibrationSet set{o.input, nullptr, load_arrays(o.input)};
    check_finite(set.arrays, o.input);
    return set;
  }
  if (data.data == "-") return from_standard_input();
  const std::string& split = o.split.empty() ? data.split : o.split;
  CalibrationSet set{data.data, open(data, data.data, split, {}, loaders::Labels::if_any), {}};
  if (set.images->labelled()) set.source += ", split " + split;
  return set;
}

EvaluationSet open_evaluation(const DataOptions& data, const CalibrationOptions& o, std::optional<size_t> limit,
                              const std::function<std::vector<int>(const std::vector<std::string>&)>& outputs_of) {
  if (o.eval_data.empty() && (!o.input.empty() || data.data == "-"))
    return {nullptr, "", {}, "the images have no labels; --eval-data DIR gives some that have"};
  const bool asked = !o.eval_data.empty();
  const std::string& path = asked ? o.eval_data : data.data;
  const bool shown = !asked && o.split.empty();  // by the calibration
  EvaluationSet set{
      open(data, path, data.split, limit, asked ? loaders::Labels::needed : loaders::Labels::if_any, shown), path, {}, ""};
  if (!set.images->labelled()) return {nullptr, "", {}, "the images have no labels; --eval-data DIR gives some that have"};
  try {
    set.outputs = outputs_of(set.images->classes());
  } catch (const Error& error) {
    if (asked) throw;
    return {nullptr, "", {}, error.what()};
  }
  return set;
}

size_t shared_images(const DataOptions& data, const CalibrationSet& calibration, const std::vector<size_t>& indices,
                     const EvaluationSet& evaluation) {
  if (!calibration.images || !evaluation.images || evaluation.path != data.data) return 0;
  std::set<std::string> seen;
  for (size_t i : indices) seen.insert(calibration.images->name(i));
  size_t shared = 0;
  for (size_t i = 0; i < evaluation.images->size(); ++i) shared += seen.contains(evaluation.images->name(i));
  return shared;
}

void show_shared_images(size_t shared, size_t evaluated) {
  if (shared > 0)
    std::cout << shared << " of the " << evaluated
              << " images evaluated were calibrated on, too; --calibration-split train keeps the two apart\n";
}

}  // namespace octet::apps
