// Some of the channels: Slice, Split, and SplitToSequence with SequenceAt behind it (ops/channel_order.h).
#include <algorithm>
#include <numeric>
#include <utility>

#include "networks/onnx/operations.h"
#include "nn/graph/ops/slice.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;

/// Channels of x, along the axis that parts of it are taken of.
int64_t sliced_channels(const Value& x, int64_t axis) {
  const size_t at = axis_of(axis, x.shape.size());
  OCTET_CHECK(at == 1 && is_known(x.shape[1]), "of ", text_of(x.shape), " along axis ", axis,
              " is not supported, expected channels: 1");
  return x.shape[1];
}

Made part(const Value& x, int64_t begin, int64_t end) {
  Dims shape = x.shape;
  shape[1] = end - begin;
  return {.op = op::Slice{begin, end}, .inputs = {x.node}, .value = {.shape = shape}};
}

}  // namespace

Made slice(const Call& call) {
  const Value& x = call.plain(0);
  const Dims starts = call.numbers("starts", 1), ends = call.numbers("ends", 2), steps = call.has(4) ? call.numbers(4) : Dims{1};
  const Dims axes = call.numbers("axes", 3);
  OCTET_CHECK(starts.size() == 1 && ends.size() == 1 && axes.size() <= 1 && steps == Dims{1}, "along ", starts.size(),
              " axes, or with steps, is not supported, expected channels");
  const int64_t channels = sliced_channels(x, axes.empty() ? 0 : axes[0]);
  const auto place = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? std::max(at, -channels) + channels : at, 0, channels);
  };
  const int64_t begin = place(starts[0]), end = place(ends[0]);
  OCTET_CHECK(begin < end, "channels ", begin, " to ", end, " of ", channels, ": nothing is left");
  return part(x, begin, end);
}

/// What torch.onnx.export(dynamo=True) writes for chunk and split: a part size for all, or the size of each.
Made split_to_sequence(const Call& call) {
  const Value& x = call.plain(0);
  const int64_t channels = sliced_channels(x, call.integer("axis", 0));
  Dims sizes = call.numbers(1);
  OCTET_CHECK(call.flag("keepdims", true) && !sizes.empty(), "without sizes of its parts is not supported");
  if (call.input(1).constant.dim() == 0) {
    const int64_t each = sizes[0];
    constexpr int64_t kMostParts = 4096;
    OCTET_CHECK(each > 0 && (channels - 1) / each < kMostParts, "into parts of ", each, " of ", channels,
                " channels, expected at most ", kMostParts, " parts");
    sizes.clear();
    for (int64_t left = channels; left > 0; left -= each) sizes.push_back(std::min(each, left));
  }
  int64_t left = channels;
  for (const int64_t size : sizes) {
    OCTET_CHECK(size > 0 && size <= left, "into ", text_of(sizes), " of ", channels, " channels");
    left -= size;
  }
  Made made = handed_on(x);
  made.value.sequence = sizes;
  return made;
}

Made sequence_at(const Call& call) {
  Value x = call.input(0);
  const Dims at = call.numbers(1), sizes = std::exchange(x.sequence, {});
  OCTET_CHECK(!sizes.empty(), "its input 0 is no sequence, expected that of SplitToSequence");
  const auto count = std::ssize(sizes);
  OCTET_CHECK(at.size() == 1 && -count <= at[0] && at[0] < count, "at ", text_of(at), " of ", count, " parts");
  const auto index = at[0] < 0 ? at[0] + count : at[0];
  const int64_t begin = std::accumulate(sizes.begin(), sizes.begin() + index, int64_t{0});
  return part(x, begin, begin + sizes[static_cast<size_t>(index)]);
}

std::vector<Made> split(const Call& call) {
  const Value& x = call.plain(0);
  const int64_t channels = sliced_channels(x, call.integer("axis", 0)), parts = std::ssize(call.node().outputs);
  Dims sizes = call.numbers("split", 1);
  if (sizes.empty()) {
    const int64_t each = parts > 0 ? (channels + parts - 1) / parts : 0;
    for (int64_t left = channels; each > 0 && left > 0; left -= each) sizes.push_back(std::min(each, left));
  }
  std::vector<Made> made;
  int64_t begin = 0;
  for (const int64_t size : sizes) {
    OCTET_CHECK(size > 0 && size <= channels - begin, "into ", text_of(sizes), " of ", channels, " channels");
    made.push_back(part(x, begin, begin + size));
    begin += size;
  }
  OCTET_CHECK(begin == channels && std::ssize(sizes) == parts, "into ", text_of(sizes), " of ", channels, " channels and ", parts,
              " outputs");
  return made;
}

}  // namespace octet::networks::onnx
