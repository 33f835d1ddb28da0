#include "apps/common/evaluate.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <span>

#include "apps/common/progress.h"
#include "apps/common/stopwatch.h"
#include "loaders/datasets/imagenette.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/runner.h"
#include "ops/cross_entropy.h"
#include "ops/elementwise.h"

namespace octet::apps {
namespace {

/// Images that run at once on a CPU: more take more memory and no less time each. The answers do not depend on it.
constexpr size_t kAtOnce = 8;

/// The next images: a batch, and others until so many bytes wait. None after the last.
std::vector<loaders::DecodedBatch> next_block(loaders::Batches& batches, size_t most_waiting) {
  std::vector<loaders::DecodedBatch> block;
  size_t waiting = 0;
  do {
    std::optional<loaders::DecodedBatch> batch = batches.next_decoded();
    if (!batch) break;
    for (const loaders::Image& image : batch->images) waiting += image.rgb.size();
    block.push_back(std::move(*batch));
  } while (waiting < most_waiting);
  return block;
}

/// A graph as it runs fast. Its weights are there once more, in the form that its kernels read.
struct FastNetwork {
  nn::Graph graph;
  nn::Runner run;
  FastNetwork(const nn::Graph& original, Device device) : graph(nn::optimize_for_inference(original, device)), run(graph) {}
};

/// Counts a graph's answers. first: those of the first graph.
void add_answers(const loaders::DecodedBatch& batch, const std::vector<int>& wanted, const std::vector<int>& first,
                 const std::vector<int>& answers, Score& score) {
  for (size_t i = 0; i < answers.size(); ++i) {
    score.right += answers[i] == wanted[i];
    score.right_of_class[static_cast<size_t>(batch.labels[i])] += answers[i] == wanted[i];
    score.agree += answers[i] == first[i];
  }
}

class Evaluator {
 public:
  Evaluator(const std::vector<const nn::Graph*>& graphs, const loaders::ImageFolder& data, const std::vector<int>& outputs,
            const EvaluateOptions& options)
      : graphs_(graphs),
        outputs_(outputs),
        o_(options),
        // counts an image once for each network
        progress_(several() ? str(o_.label, " ", graphs.size(), " networks") : o_.label, std::ssize(graphs) * std::ssize(data),
                  o_.quiet) {
    const size_t classes = data.classes().size();
    e_.images_of_class.resize(classes);
    e_.scores.resize(graphs.size(), Score{.right_of_class = std::vector<int64_t>(classes)});
    e_.confusion = Confusion(classes);
  }

  bool several() const { return graphs_.size() > 1; }

  /// False: stop here.
  bool add(const std::vector<loaders::DecodedBatch>& block) {
    std::vector<std::vector<int>> first(block.size());
    for (size_t g = 0; g < graphs_.size(); ++g) {
      if (several() || !network_) {
        network_.reset();  // before there is another
        network_.emplace(*graphs_[g], o_.device);
      }
      for (size_t b = 0; b < block.size(); ++b) {
        add_batch(g, block[b], first[b]);
        progress_.add(std::ssize(block[b].labels));
      }
    }
    e_.stopped = o_.stop && o_.stop();
    return !e_.stopped;
  }

  Evaluation finish(const loaders::Batches& batches) {
    e_.loss /= static_cast<double>(std::max<int64_t>(1, e_.images));
    e_.skipped = batches.skipped();
    return std::move(e_);
  }

 private:
  void add_batch(size_t g, const loaders::DecodedBatch& batch, std::vector<int>& first) {
    std::vector<int> wanted;
    for (int label : batch.labels) wanted.push_back(outputs_[static_cast<size_t>(label)]);
    std::vector<int> answers;
    const std::span<const loaders::Image> images = batch.images;
    const size_t at_once = o_.device == Device::cpu ? kAtOnce : images.size();
    for (size_t i = 0; i < images.size(); i += at_once) {
      const Tensor logits = logits_of(images.subspan(i, std::min(at_once, images.size() - i)), e_.scores[g]);
      const std::span<const int> labels = std::span(wanted).subspan(i, static_cast<size_t>(logits.size(0)));
      if (g == 0) e_.loss += ops::cross_entropy(logits, labels, {o_.label_smoothing}) * static_cast<double>(labels.size());
      std::ranges::copy(ops::argmax(logits), std::back_inserter(answers));
    }
    if (g == 0) {
      first = answers;
      add_confusions(batch, answers);
    }
    add_answers(batch, wanted, first, answers, e_.scores[g]);
    if (g + 1 < graphs_.size()) return;
    for (size_t i = 0; i < answers.size(); ++i)
      if (answers[i] != first[i]) e_.changed.push_back({batch.names[i], batch.labels[i], first[i], answers[i]});
  }

  Tensor logits_of(std::span<const loaders::Image> images, Score& score) {
    const Tensor x = loaders::to_normalized(images, o_.transform);
    const Stopwatch watch;
    Tensor logits = network_->run(x);
    score.seconds += watch.seconds();
    return logits;
  }

  void add_confusions(const loaders::DecodedBatch& batch, const std::vector<int>& answers) {
    for (size_t i = 0; i < answers.size(); ++i) {
      const auto answer = std::ranges::find(outputs_, answers[i]) - outputs_.begin();
      ++e_.images_of_class[static_cast<size_t>(batch.labels[i])];
      e_.confusion.add(static_cast<size_t>(batch.labels[i]), static_cast<size_t>(answer));
    }
    e_.images += std::ssize(answers);
  }

  const std::vector<const nn::Graph*>& graphs_;
  const std::vector<int>& outputs_;
  const EvaluateOptions& o_;
  Progress progress_;
  Evaluation e_;
  std::optional<FastNetwork> network_;
};

}  // namespace

Evaluation evaluate(const std::vector<const nn::Graph*>& graphs, const loaders::ImageFolder& data,
                    const std::vector<int>& outputs, const EvaluateOptions& o) {
  std::vector<size_t> indices(data.size());
  std::iota(indices.begin(), indices.end(), size_t{0});
  loaders::Batches batches(data, std::move(indices), {.batch_size = o.batch_size, .transform = o.transform, .cache = o.cache});
  Evaluator evaluator(graphs, data, outputs, o);
  for (;;) {
    const std::vector<loaders::DecodedBatch> block = next_block(batches, evaluator.several() ? o.most_waiting : 0);
    if (block.empty() || !evaluator.add(block)) break;
  }
  return evaluator.finish(batches);
}

}  // namespace octet::apps
