#include "loaders/datasets/batches.h"

#include <algorithm>
#include <utility>

namespace octet::loaders {

Batches::Batches(const ImageFolder& dataset, std::vector<size_t> indices, BatchOptions options)
    : dataset_(dataset), indices_(std::move(indices)), options_(std::move(options)) {
  OCTET_CHECK(!indices_.empty(), "batches: no images to read");
  OCTET_CHECK(std::ranges::max(indices_) < dataset_.size(), "batches: an index beyond the ", dataset_.size(), " images");
  OCTET_CHECK(options_.batch_size > 0 && options_.prefetch > 0 && options_.threads >= 0, "batches: batch size ",
              options_.batch_size, ", prefetch ", options_.prefetch, ", threads ", options_.threads,
              ": expected positive numbers");
  check(options_.transform, "batches");
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const size_t threads = std::min(options_.threads ? static_cast<size_t>(options_.threads) : cores, indices_.size());
  const size_t ahead = static_cast<size_t>(options_.prefetch) * static_cast<size_t>(options_.batch_size);
  slots_.resize(std::min(std::max(ahead, threads), indices_.size()));
  for (size_t i = 0; i < threads; ++i) workers_.emplace_back([this](std::stop_token stop) { work(stop); });
}

void Batches::work(std::stop_token stop) {
  for (;;) {
    size_t position;
    {
      std::unique_lock lock(mutex_);
      const auto may_go_on = [this] { return next_position_ == indices_.size() || next_position_ < taken_ + slots_.size(); };
      if (!space_.wait(lock, stop, may_go_on) || stop.stop_requested() || next_position_ == indices_.size()) return;
      position = next_position_++;
    }
    Outcome outcome = load(position);
    {
      const std::lock_guard lock(mutex_);
      slots_[position % slots_.size()] = std::move(outcome);
    }
    ready_.notify_one();
  }
}

Batches::Outcome Batches::load(size_t position) const {
  const size_t index = indices_[position];
  try {
    const auto image = options_.cache ? options_.cache->get(index)
                                      : std::make_shared<const Image>(decode_image(dataset_.bytes(index), dataset_.name(index)));
    return options_.resize ? options_.resize(*image, position) : resized(*image, options_.transform);
  } catch (const Error& error) {
    return std::string(error.what());
  } catch (...) {
    return std::current_exception();
  }
}

Batches::Outcome Batches::take() {
  std::unique_lock lock(mutex_);
  std::optional<Outcome>& slot = slots_[taken_ % slots_.size()];
  ready_.wait(lock, [&] { return slot.has_value(); });
  Outcome outcome = *std::exchange(slot, std::nullopt);
  ++taken_;
  space_.notify_all();
  return outcome;
}

std::optional<DecodedBatch> Batches::next_decoded() {
  const int64_t side = options_.transform.size;
  DecodedBatch batch;
  while (std::ssize(batch.labels) < options_.batch_size && taken_ < indices_.size()) {
    const size_t index = indices_[taken_];
    Outcome outcome = take();
    if (const auto* thrown = std::get_if<std::exception_ptr>(&outcome)) std::rethrow_exception(*thrown);
    if (const auto* reason = std::get_if<std::string>(&outcome)) {
      skipped_.push_back({dataset_.name(index), *reason});
      continue;
    }
    Image& image = std::get<Image>(outcome);
    OCTET_CHECK(image.width == side && image.height == side, "batches: resize made an image of ", image.width, " x ",
                image.height, ", expected ", side, " x ", side);
    batch.images.push_back(std::move(image));
    batch.labels.push_back(dataset_.label(index));
    batch.names.push_back(dataset_.name(index));
  }
  if (!batch.labels.empty()) {
    any_read_ = true;
    return batch;
  }
  OCTET_CHECK(any_read_, "none of the ", indices_.size(), " images can be read; the first: ", skipped_.front().reason);
  return std::nullopt;
}

std::optional<Batch> Batches::next() {
  std::optional<DecodedBatch> batch = next_decoded();
  if (!batch) return std::nullopt;
  return Batch{to_normalized(batch->images, options_.transform), std::move(batch->labels), std::move(batch->names)};
}

}  // namespace octet::loaders
