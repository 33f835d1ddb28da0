// The images that a program works on, opened as its options say, with a word on all that is left out.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/cli.h"
#include "apps/common/tensors.h"
#include "loaders/datasets/image_folder.h"
#include "loaders/images/transforms.h"
#include "tensor/tensor.h"

namespace octet::apps {

/// Where the images to calibrate on come from, if not from --data and --split.
struct CalibrationOptions {
  std::string input, split, eval_data;
};

void add_calibration_options(CLI::App& app, CalibrationOptions& options);

/// The labelled images of a split.
loaders::ImageFolder open_data(const DataOptions& options, const std::string& split, std::optional<size_t> limit = {});

/// What a model is calibrated on, labelled or not.
struct CalibrationSet {
  std::string source;  // "data/imagenette-sample, split val"
  std::shared_ptr<const loaders::ImageFolder> images;
  Arrays arrays = {};  // what enters the network; only without images

  size_t size() const { return images ? images->size() : static_cast<size_t>(arrays.begin()->second.size(0)); }
  /// The images, or rows, at these places as they enter the network. Throws Error for tensors that are not the graph's inputs.
  nn::Batch batch(const std::vector<size_t>& indices, const loaders::ImageTransform& transform, const nn::Graph& graph) const;
};

/// From --input, from standard input (--data -), or from --data, where labels are not needed.
CalibrationSet open_calibration(const DataOptions& data, const CalibrationOptions& options);

/// Labelled images to evaluate on, and the model's output for each class. Without images, none_because says why.
struct EvaluationSet {
  std::shared_ptr<const loaders::ImageFolder> images;
  std::string path;
  std::vector<int> outputs;
  std::string none_because;
};

/// From --eval-data, or from --data, if that has labels and they are the model's. outputs_of: the model's output for each class,
/// or an Error; that is an error of the program only with --eval-data.
EvaluationSet open_evaluation(const DataOptions& data, const CalibrationOptions& options, std::optional<size_t> limit,
                              const std::function<std::vector<int>(const std::vector<std::string>&)>& outputs_of);

/// Options that parse, but not together. Throws CLI::ValidationError.
void check_calibration_usage(const CLI::App& app, const DataOptions& data, const CalibrationOptions& options);

/// How many of the images to evaluate are among those at `indices` of the calibration.
size_t shared_images(const DataOptions& data, const CalibrationSet& calibration, const std::vector<size_t>& indices,
                     const EvaluationSet& evaluation);
/// Says so, if there are any.
void show_shared_images(size_t shared, size_t evaluated);

}  // namespace octet::apps
