// What only arranges values anew: Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Cast, Identity, Dropout.
//
// octet has flatten, [N, C, H, W] -> [N, C*H*W], and what moves channels alone: View, Permute, Slice (ops/channel_order.h). Others are
// followed, and must come to these or to nothing:
//   a Transpose to [N, H, W, C] that another one takes back        rows to [N, C, 1, 1], where they were flattened from that
//   a Reshape to [N, groups, all the rest] that another one takes back, around an InstanceNormalization (networks/onnx/norms.cpp)
#include "networks/onnx/operations.h"
#include "nn/graph/ops/dropout.h"
#include "nn/graph/ops/flatten.h"
#include "nn/graph/ops/mean.h"
#include "nn/graph/ops/permute.h"
#include "nn/graph/ops/view.h"

#include <numeric>
#include <utility>

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;

Dims sorted_axes(Dims axes, size_t rank) {
  for (int64_t& axis : axes) axis = static_cast<int64_t>(axis_of(axis, rank));
  std::ranges::sort(axes);
  return axes;
}

/// Product of the known sizes; kUnknown when it is too large. free: how many others there are.
struct Product {
  int64_t known = 1;
  int64_t batches = 0, unknown = 0;
};
Product product_of(const Dims& dims) {
  Product p;
  for (const int64_t d : dims) {
    if (d == kBatch) ++p.batches;
    if (d == kUnknown) ++p.unknown;
    if (!is_known(d)) continue;
    OCTET_CHECK(d >= 0 && (d == 0 || p.known <= (int64_t{1} << 40) / d), "of ", text_of(dims), " elements is not supported");
    p.known *= d;
  }
  return p;
}

/// [N, C, H, W] as [N, C*H*W]; [N, C, L] likewise.
Made to_rows(const Value& x) {
  Dims inner(x.shape.begin() + 1, x.shape.end());
  const Product p = product_of(inner);
  const bool known = are_known(inner);
  Made made{.op = op::Flatten{}, .inputs = {x.node}, .value = {.shape = {x.shape[0], known ? p.known : kUnknown}}};
  if (x.channels_last && !(inner[0] == 1 && inner[1] == 1)) {
    OCTET_CHECK(known, "of ", text_of(x.shape), " whose size is free is not supported");
    made.value.row_order = inner;
  }
  return made;
}

/// [N, C] as [N, C, 1, 1] or [N, 1, 1, C]: what was flattened to it, as it was before.
Made to_images(const Value& x, const Dims& shape) {
  Value value{.shape = shape, .channels_last = shape[1] == 1 && shape[3] != 1};
  if (nn::is<op::Flatten>(x.node->op)) value.node = x.node->inputs.at(0);
  if (auto* mean = nn::get_if<op::Mean>(x.node->op); mean && x.exclusive) {
    mean->keepdim = true;
    value.node = x.node, value.exclusive = true;
  }
  OCTET_CHECK(value.node != nullptr, "from ", text_of(x.shape), " to ", text_of(shape),
              " is not supported, except of what was [N, C, 1, 1] before");
  return handed_on(value);
}

/// Images and pixels stay where they are: [N, C, H, W] as [N, 2, C/2, H, W].
bool moves_channels_alone(const Value& x, const Dims& shape) {
  const Dims& from = x.shape;
  return !x.channels_last && from.size() >= 4 && shape.size() >= 4 && from[0] == shape[0] &&
         std::equal(from.end() - 2, from.end(), shape.end() - 2) && are_known(Dims(shape.begin() + 1, shape.end() - 2));
}

/// [N, groups, all the rest] as it was before.
Made ungrouped(const Value& x, const Dims& shape) {
  OCTET_CHECK(shape == x.ungrouped, "from ", text_of(x.shape), " to ", text_of(shape), " is not supported, expected ",
              text_of(x.ungrouped), " again");
  Value value = x;
  value.shape = std::exchange(value.ungrouped, {});
  return handed_on(value);
}

/// Images as [N, groups, all the rest].
bool is_grouping(const Value& x, const Dims& shape) {
  const bool images = x.shape.size() == 4 && !x.channels_last && shape.size() == 3 && shape[0] == x.shape[0];
  return images && is_known(shape[1]) && is_known(x.shape[1]) && shape[1] > 0 && x.shape[1] % shape[1] == 0;
}
Made grouped(const Value& x, const Dims& shape) {
  Value value = x;
  value.ungrouped = std::exchange(value.shape, shape);
  return handed_on(value);
}

/// `x` seen as `shape`, which has as many elements.
Made viewed(const Value& x, const Dims& shape) {
  if (shape == x.shape) return handed_on(x);
  if (!x.ungrouped.empty()) return ungrouped(x, shape);
  if (moves_channels_alone(x, shape) && (x.shape.size() > 4 || shape.size() > 4))
    return {.op = op::View{Dims(shape.begin() + 1, shape.end() - 2)}, .inputs = {x.node}, .value = {.shape = shape}};
  if (is_grouping(x, shape)) return grouped(x, shape);
  const Dims& from = x.shape;
  const bool keeps_images = !shape.empty() && !from.empty() && shape[0] == from[0];
  if (keeps_images && (from.size() == 3 || from.size() == 4) && shape.size() == 2) return to_rows(x);
  const bool pixel = shape.size() == 4 && ((shape[1] == 1 && shape[2] == 1) || (shape[2] == 1 && shape[3] == 1));
  if (keeps_images && from.size() == 2 && pixel && x.row_order.empty()) return to_images(x, shape);
  const bool was_pixel = from.size() == 4 && ((from[1] == 1 && from[2] == 1) || (from[2] == 1 && from[3] == 1));
  if (keeps_images && pixel && was_pixel) {
    Value value = x;
    value.shape = shape, value.channels_last = shape[1] == 1 && shape[3] != 1;
    return handed_on(value);
  }
  fail("from ", text_of(from), " to ", text_of(shape), " is not supported, expected from [N, C, H, W] to [N, C*H*W]");
}

/// The sizes that a Reshape asks for, with those that it leaves open.
Dims asked_shape(const Call& call, const Dims& from) {
  Dims shape = call.numbers(1);
  const bool zero_is_size = call.flag("allowzero", false);
  OCTET_CHECK(shape.size() <= 8, "to ", shape.size(), " dimensions is not supported");
  for (size_t d = 0; d < shape.size(); ++d)
    if (shape[d] == 0 && !zero_is_size && d < from.size()) shape[d] = from[d];
  if (!shape.empty() && !from.empty() && from[0] == kBatch && shape[0] == call.declared_batch()) shape[0] = kBatch;
  const auto open = std::ranges::find(shape, -1);
  if (open == shape.end()) return shape;
  *open = 1;
  const Product before = product_of(from), after = product_of(shape);
  if (before.batches == after.batches && before.unknown == 0 && after.unknown == 0)
    *open = after.known > 0 ? before.known / after.known : 0;
  else
    *open = before.batches > after.batches && before.known == after.known ? kBatch : kUnknown;
  return shape;
}

}  // namespace

Made flatten(const Call& call) {
  const Value& x = call.computed(0);
  OCTET_CHECK(x.shape.size() >= 2 && call.integer("axis", 1) != 0 && axis_of(call.integer("axis", 1), x.shape.size()) == 1, "of ",
              text_of(x.shape), " from axis ", call.integer("axis", 1), " on is not supported, expected 1");
  if (x.shape.size() == 2) return handed_on(x);
  return to_rows(x);
}

Made reshape(const Call& call) {
  const Value& x = call.grouped(0);
  const Dims shape = asked_shape(call, x.shape);
  const Product before = product_of(x.shape), after = product_of(shape);
  const bool same = before.known == after.known && before.batches == after.batches;
  OCTET_CHECK(same || before.unknown > 0 || after.unknown > 0, "from ", text_of(x.shape), " to ", text_of(shape),
              " is not supported, expected as many elements");
  return viewed(x, shape);
}

Made squeeze(const Call& call) {
  const Value& x = call.computed(0);
  Dims axes = sorted_axes(call.numbers("axes", 1), x.shape.size()), shape;
  for (size_t d = 0; d < x.shape.size(); ++d) {
    const bool named = std::ranges::find(axes, static_cast<int64_t>(d)) != axes.end();
    OCTET_CHECK(!named || x.shape[d] == 1, "of dimension ", d, " of ", text_of(x.shape), ", expected size 1");
    if (!named && !(axes.empty() && x.shape[d] == 1)) shape.push_back(x.shape[d]);
  }
  return viewed(x, shape);
}

Made unsqueeze(const Call& call) {
  const Value& x = call.computed(0);
  const Dims axes = call.numbers("axes", 1);
  Dims shape = x.shape;
  for (const int64_t axis : sorted_axes(axes, x.shape.size() + axes.size()))
    shape.insert(shape.begin() + std::min(axis, std::ssize(shape)), 1);
  return viewed(x, shape);
}

namespace {

/// Dimensions of channels in another order.
Made permuted(const Call& call, const Dims& perm) {
  const Value& x = call.plain(0);
  const auto rank = std::ssize(x.shape);
  OCTET_CHECK(
      std::ssize(perm) == rank && perm[0] == 0 && perm[static_cast<size_t>(rank - 2)] == rank - 2 && perm.back() == rank - 1,
      "of ", text_of(x.shape), " with perm ", text_of(perm), " is not supported, expected channels alone to move");
  Dims dims, shape = x.shape;
  for (size_t d = 1; d + 2 < perm.size(); ++d) {
    OCTET_CHECK(perm[d] >= 1 && perm[d] < rank - 2, "with perm ", text_of(perm));
    dims.push_back(perm[d] - 1);
    shape[d] = x.shape[static_cast<size_t>(perm[d])];
  }
  return {.op = op::Permute{dims}, .inputs = {x.node}, .value = {.shape = shape}};
}

}  // namespace

Made transpose(const Call& call) {
  const Value& x = call.unfinished(0);
  const Dims perm = call.integers("perm");
  if (x.shape.size() > 4) return permuted(call, perm);
  Dims same(x.shape.size());
  for (size_t d = 0; d < same.size(); ++d) same[d] = static_cast<int64_t>(d);
  if (perm == same) return handed_on(x);
  const bool to_last = perm == Dims{0, 2, 3, 1} && !x.channels_last, back = perm == Dims{0, 3, 1, 2} && x.channels_last;
  OCTET_CHECK(x.shape.size() == 4 && (to_last || back), "of ", text_of(x.shape), " with perm ", text_of(perm),
              " is not supported, expected [0, 2, 3, 1] and [0, 3, 1, 2] that cancel");
  Value value = x;
  for (size_t d = 0; d < 4; ++d) value.shape[d] = x.shape[static_cast<size_t>(perm[d])];
  value.channels_last = to_last;
  return handed_on(value);
}

Made dropout(const Call& call) {
  const bool trains = call.has(2) && call.numbers(2) != Dims{0};
  OCTET_CHECK(!trains, "is in training mode; call model.eval() before the export");
  const Tensor ratio = call.floats(1);
  Made made = elementwise(op::Dropout{ratio.defined() && ratio.numel() == 1 ? ratio.data<float>()[0] : call.real("ratio", 0.5f)},
                          call.computed(0));
  return made;
}

Made identity(const Call& call) { return handed_on(call.unfinished(0)); }

Made cast(const Call& call) {
  const int64_t type = call.integer("to", 0);
  OCTET_CHECK(type == 1 || type == 10 || type == 11 || type == 16, "to type ", type,
              " is not supported, expected floats: 1, 10, 11 or 16");
  return handed_on(call.unfinished(0));
}

}  // namespace octet::networks::onnx
