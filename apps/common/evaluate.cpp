#include "apps/common/evaluate.h"

#include <algorithm>
#include <numeric>

#include "apps/common/progress.h"
#include "apps/common/stopwatch.h"
#include "loaders/datasets/imagenette.h"
#include "nn/graph/runner.h"
#include "ops/cross_entropy.h"
#include "ops/elementwise.h"

namespace octet::apps {
namespace {

Tensor timed_run(nn::Runner& run, const Tensor& images, Score& score) {
  const Stopwatch watch;
  Tensor logits = run(images);
  score.seconds += watch.seconds();
  return logits;
}

}  // namespace

Evaluation evaluate(const std::vector<const nn::Graph*>& graphs, const loaders::ImageFolder& data,
                    const std::vector<int>& outputs, const EvaluateOptions& o) {
  std::vector<size_t> indices(data.size());
  std::iota(indices.begin(), indices.end(), size_t{0});
  loaders::Batches batches(data, std::move(indices), {.batch_size = o.batch_size, .transform = o.transform, .cache = o.cache});
  Progress progress(o.label, static_cast<int64_t>(data.size()), o.quiet);
  Evaluation e;
  const size_t classes = data.classes().size();
  e.images_of_class.resize(classes);
  e.scores.resize(graphs.size(), Score{.right_of_class = std::vector<int64_t>(classes)});
  std::vector<nn::Runner> runners;
  for (const nn::Graph* graph : graphs) runners.emplace_back(*graph);
  e.confusion = Confusion(classes);
  while (const auto batch = batches.next()) {
    std::vector<int> wanted, first;
    for (int label : batch->labels) wanted.push_back(outputs[static_cast<size_t>(label)]);
    for (size_t g = 0; g < graphs.size(); ++g) {
      const Tensor logits = timed_run(runners[g], batch->images, e.scores[g]);
      const std::vector<int> answers = ops::argmax(logits);
      if (g == 0) {
        first = answers;
        e.loss += ops::cross_entropy(logits, wanted, {o.label_smoothing}) * static_cast<double>(wanted.size());
      }
      for (size_t i = 0; i < answers.size(); ++i) {
        e.scores[g].right += answers[i] == wanted[i];
        e.scores[g].right_of_class[static_cast<size_t>(batch->labels[i])] += answers[i] == wanted[i];
        e.scores[g].agree += answers[i] == first[i];
        if (g + 1 == graphs.size() && answers[i] != first[i])
          e.changed.push_back({batch->names[i], batch->labels[i], first[i], answers[i]});
      }
    }
    for (size_t i = 0; i < first.size(); ++i) {
      const auto answer = std::ranges::find(outputs, first[i]) - outputs.begin();
      ++e.images_of_class[static_cast<size_t>(batch->labels[i])];
      e.confusion.add(static_cast<size_t>(batch->labels[i]), static_cast<size_t>(answer));
    }
    e.images += std::ssize(first);
    progress.add(std::ssize(first));
    e.stopped = o.stop && o.stop();
    if (e.stopped) break;
  }
  e.loss /= static_cast<double>(std::max<int64_t>(1, e.images));
  e.skipped = batches.skipped();
  return e;
}

}  // namespace octet::apps
