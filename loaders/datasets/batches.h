// Batches of normalised images: decoded on worker threads, handed out in order.
//
// dataset[indices] -> images [N, C, S, S] float32, labels [N]; the last batch may be smaller. Workers run at most `prefetch`
// batches ahead. An image that cannot be read is named in skipped() and the next one takes its place, so the batches are those of
// a list without it. Order and values do not depend on the number of threads.
// It does not shuffle (order the indices) and does not augment unless `resize` does.
// Counterpart: torch.utils.data.DataLoader(num_workers, prefetch_factor), which stops at an image that it cannot read.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include "loaders/datasets/image_cache.h"
#include "loaders/images/transforms.h"
#include "tensor/tensor.h"

namespace octet::loaders {

struct Batch {
  Tensor images;  // [N, C, S, S] float32
  std::vector<int> labels;
  std::vector<std::string> names;
};

/// Before it is normalised, which makes four times the bytes.
struct DecodedBatch {
  std::vector<Image> images;  // size x size
  std::vector<int> labels;
  std::vector<std::string> names;
};

struct BatchOptions {
  int batch_size = 64;
  ImageTransform transform = {};
  int threads = 0;   // 0: one per core
  int prefetch = 2;  // batches
  /// Decoded image -> transform.size x transform.size; by the transform's rule when empty. Called from several threads; `position` is the place
  /// in `indices`, for random numbers that do not depend on the thread.
  std::function<Image(const Image& image, size_t position)> resize = {};
  ImageCache* cache = nullptr;  // of the same dataset; if null, each image is decoded every time
};

class Batches {
 public:
  /// The dataset must outlive the batches. Throws Error when there are no indices.
  Batches(const ImageFolder& dataset, std::vector<size_t> indices, BatchOptions options = {});

  /// The next batch, or nothing after the last. Throws Error when no image at all could be read, and whatever a worker threw.
  std::optional<Batch> next();
  /// The same batch as decoded pixels, which loaders::to_normalized (loaders/images/transforms.h) normalises.
  std::optional<DecodedBatch> next_decoded();

  /// How many of the indices have been taken, images left out among them.
  size_t position() const { return taken_; }
  /// Images left out so far, in order.
  const std::vector<Skipped>& skipped() const { return skipped_; }

 private:
  /// What a worker makes of one image: pixels, the reason why there are none, or an exception for the caller.
  using Outcome = std::variant<Image, std::string, std::exception_ptr>;

  void work(std::stop_token stop);
  Outcome load(size_t position) const;
  Outcome take();

  const ImageFolder& dataset_;
  const std::vector<size_t> indices_;
  const BatchOptions options_;
  std::vector<Skipped> skipped_;
  bool any_read_ = false;

  std::mutex mutex_;  // guards all that follows
  std::condition_variable_any space_, ready_;
  std::vector<std::optional<Outcome>> slots_;  // a ring: position p is in slot p % size
  size_t next_position_ = 0;                   // to be started by a worker
  size_t taken_ = 0;                           // to be taken by next(), which alone changes it

  std::vector<std::jthread> workers_;  // last, so that they stop and join before anything that they use goes
};

}  // namespace octet::loaders
