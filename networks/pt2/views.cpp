// What only arranges values anew: flatten, views, orders and parts of channels, cat, and what is the same value.
#include "networks/pt2/rows.h"
#include "nn/graph/ops/cat.h"
#include "nn/graph/ops/contiguous.h"
#include "nn/graph/ops/flatten.h"
#include "nn/graph/ops/permute.h"
#include "nn/graph/ops/slice.h"
#include "nn/graph/ops/view.h"

#include <algorithm>
#include <numeric>

namespace octet::networks {

namespace op = nn::op;

namespace {

/// The dimensions of channels of [N, channels..., H, W].
std::vector<int64_t> channels_of(const Shape& shape) { return {shape.begin() + 1, shape.end() - 2}; }

/// Do the images and the pixels stay where they are?
bool keeps_images_and_pixels(const Shape& from, const Shape& to) {
  return from.size() >= 4 && to.size() >= 4 && from[0] == to[0] && std::equal(from.end() - 2, from.end(), to.end() - 2);
}

/// order: of all dimensions.
Made permuted(const Arguments& a, const std::vector<int64_t>& order) {
  const std::string input = a.value("self");
  const auto rank = std::ssize(order);
  const bool stay = rank >= 4 && order[0] == 0 && order[static_cast<size_t>(rank - 2)] == rank - 2 && order.back() == rank - 1;
  OCTET_CHECK(stay, "dimensions of ", a.shape(input), " in the order ", Shape(order.begin(), order.end()),
              " is not supported, expected channels alone to move");
  std::vector<int64_t> dims;
  for (size_t i = 1; i + 2 < order.size(); ++i) dims.push_back(order[i] - 1);
  return {op::Permute{dims}, {input}, {}, true};
}

/// A dimension, counted from the front.
int64_t dimension(int64_t dim, size_t rank) {
  const auto last = static_cast<int64_t>(rank);
  OCTET_CHECK(-last <= dim && dim < last, "dimension ", dim, " of ", rank);
  return dim < 0 ? dim + last : dim;
}

/// Channels of x, which parts of it are taken from along `dim`.
int64_t sliced_channels(const Arguments& a) {
  const std::string input = a.value("self");
  const Shape& shape = a.shape(input);
  const int64_t dim = dimension(a.integer("dim", 0), shape.size());
  OCTET_CHECK(dim == 1 && shape[1] > 0, "parts of ", shape, " along dimension ", dim, " are not supported, expected channels: 1");
  return shape[1];
}

/// Parts of `size` channels; the last one has what is left.
std::vector<int64_t> parts_of(int64_t channels, int64_t size) {
  constexpr int64_t kMostParts = 4096;
  OCTET_CHECK(size > 0 && (channels - 1) / size < kMostParts, "parts of ", size, " of ", channels,
              " channels, expected at least 1, and at most ", kMostParts, " parts");
  std::vector<int64_t> parts;
  for (int64_t left = channels; left > 0; left -= parts.back()) parts.push_back(std::min(size, left));
  return parts;
}

}  // namespace

/// flatten, view and reshape: to [N, all the rest], or channels in another arrangement. What is [N, C] already is handed on.
Made flattened(const Arguments& a) {
  const std::string input = a.value("self");
  const Shape &from = a.shape(input), &to = a.shape(a.call().outputs.at(0));
  if (keeps_images_and_pixels(from, to)) return {op::View{channels_of(to)}, {input}, {}, true};
  const bool keeps_images = to.size() == 2 && !from.empty() && to[0] == from[0];
  OCTET_CHECK(keeps_images && (from.size() == 2 || from.size() == 4), "from ", from, " to ", to,
              " is not supported, expected from [N, C, H, W] to [N, C*H*W], or other channels alone");
  if (from.size() == 2) return {std::nullopt, {input}, {}, true};
  return {op::Flatten{}, {input}, {}, true};
}

Made transpose(const Arguments& a) {
  std::vector<int64_t> order(a.shape(a.value("self")).size());
  std::iota(order.begin(), order.end(), int64_t{0});
  const int64_t x = dimension(a.integer("dim0", 0), order.size()), y = dimension(a.integer("dim1", 0), order.size());
  std::swap(order[static_cast<size_t>(x)], order[static_cast<size_t>(y)]);
  return permuted(a, order);
}

Made permute(const Arguments& a) {
  std::vector<int64_t> order = a.integers("dims");
  OCTET_CHECK(order.size() == a.shape(a.value("self")).size(), order.size(), " dimensions of ", a.shape(a.value("self")));
  for (int64_t& dim : order) dim = dimension(dim, order.size());
  return permuted(a, order);
}

Made slice(const Arguments& a) {
  const int64_t channels = sliced_channels(a), step = a.integer("step", 1);
  OCTET_CHECK(step == 1, "every ", step, "th channel is not supported, expected step 1");
  const auto place = [&](const char* name, int64_t standard) {
    const int64_t at = a.integer(name, standard);
    return std::clamp<int64_t>(at < 0 ? at + channels : at, 0, channels);
  };
  const int64_t begin = place("start", 0), end = place("end", channels);
  OCTET_CHECK(begin < end, "channels ", begin, " to ", end, " of ", channels, ": nothing is left");
  return {op::Slice{begin, end}, {a.value("self")}, {}, true};
}

std::vector<int64_t> chunk(const Arguments& a) {
  const int64_t channels = sliced_channels(a), chunks = a.integer("chunks", 1);
  OCTET_CHECK(chunks > 0, chunks, " chunks, expected at least 1");
  return parts_of(channels, (channels + chunks - 1) / chunks);
}

std::vector<int64_t> split(const Arguments& a) { return parts_of(sliced_channels(a), a.integer("split_size", 1)); }

std::vector<int64_t> split_with_sizes(const Arguments& a) {
  const int64_t channels = sliced_channels(a);
  std::vector<int64_t> sizes = a.integers("split_sizes");
  OCTET_CHECK(std::ranges::all_of(sizes, [](int64_t n) { return n > 0; }) &&
                  std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) == channels,
              "parts of ", Shape(sizes.begin(), sizes.end()), " channels do not add up to ", channels);
  return sizes;
}

Made cat(const Arguments& a) {
  const std::vector<std::string> parts = a.values("tensors");
  const auto rank = static_cast<int64_t>(a.shape(parts[0]).size());
  const int64_t dim = a.integer("dim", 0);
  OCTET_CHECK(dim == 1 || dim == 1 - rank, "along dimension ", dim, " of ", rank, " is not supported, expected channels: 1");
  return {op::Cat{}, parts};
}

Made contiguous(const Arguments& a) { return {op::Contiguous{}, {a.value("self")}, {}, true}; }

/// Another handle of the same values.
Made handed_on(const Arguments& a) { return {std::nullopt, {a.value("self")}, {}, true}; }

}  // namespace octet::networks
