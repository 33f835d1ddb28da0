#include "apps/common/evaluate.h"

#include <chrono>
#include <numeric>

#include "apps/common/progress.h"
#include "nn/executor.h"
#include "ops/elementwise.h"

namespace octet::apps {
namespace {

/// Places of Imagenette's classes among ImageNet's 1000 (sorted by WordNet id, as torchvision's weights order them).
int imagenet_index(const std::string& wordnet_id) {
  static const std::pair<const char*, int> kIndex[] = {
      {"n01440764", 0},   {"n02102040", 217}, {"n02979186", 482}, {"n03000684", 491}, {"n03028079", 497},
      {"n03394916", 566}, {"n03417042", 569}, {"n03425413", 571}, {"n03445777", 574}, {"n03888257", 701}};
  for (const auto& [id, index] : kIndex)
    if (wordnet_id == id) return index;
  fail("class '", wordnet_id, "' is not one of Imagenette's: a model with ImageNet's 1000 classes cannot be scored on it");
}

std::vector<int> timed_answers(const nn::Graph& graph, const Tensor& images, Score& score) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<int> answers = ops::argmax(nn::run(graph, images));
  score.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return answers;
}

}  // namespace

std::vector<int> output_of_class(const std::vector<std::string>& dataset_classes, int64_t model_classes) {
  std::vector<int> outputs(dataset_classes.size());
  std::iota(outputs.begin(), outputs.end(), 0);
  if (static_cast<int64_t>(dataset_classes.size()) == model_classes) return outputs;
  OCTET_CHECK(model_classes == 1000, "the model has ", model_classes, " classes and the data ", dataset_classes.size(),
              "; give a checkpoint and a dataset that belong together");
  for (size_t c = 0; c < outputs.size(); ++c) outputs[c] = imagenet_index(dataset_classes[c]);
  return outputs;
}

Evaluation evaluate(const nn::Graph& first, const nn::Graph* second, const loaders::Imagenette& data,
                    const std::vector<int>& outputs, int batch_size, bool quiet) {
  std::vector<size_t> indices(data.size());
  std::iota(indices.begin(), indices.end(), size_t{0});
  loaders::Batches batches(data, std::move(indices), {.batch_size = batch_size});
  Progress progress("evaluate", static_cast<int64_t>(data.size()), quiet);
  Evaluation e;
  while (const auto batch = batches.next()) {
    const std::vector<int> a = timed_answers(first, batch->images, e.first);
    const std::vector<int> b = second ? timed_answers(*second, batch->images, e.second) : a;
    for (size_t i = 0; i < a.size(); ++i) {
      const int wanted = outputs[static_cast<size_t>(batch->labels[i])];
      e.first.right += a[i] == wanted;
      e.second.right += b[i] == wanted;
      e.agree += a[i] == b[i];
    }
    e.images += static_cast<int64_t>(a.size());
    progress.add(static_cast<int64_t>(a.size()));
  }
  e.skipped = batches.skipped();
  return e;
}

}  // namespace octet::apps
