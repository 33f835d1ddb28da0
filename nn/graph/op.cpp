// What an op is made of, asked of each; and what the compiler checks of each page (nn/graph/ops/page.h says what a page has).
#include "nn/graph/ops.h"

namespace octet::nn {

namespace op {
namespace {

/// Does the page of T say all that it must? What is missing is named by the assertion that fails.
template <class T>
consteval bool is_complete() {
  constexpr Scale scale = T::kInfo.scale;
  static_assert(
      requires(const T& o, const Parameters& p) {
        { o.describe(p) } -> std::same_as<Description>;
      },
      "describe()");
  static_assert(
      requires(const T& o, const Inputs& in) {
        { o.run(in) } -> std::same_as<Tensor>;
      },
      "run()");
  static_assert(
      !OnCodes<T> ||
          requires(const T& o, const Tensor& x) {
            { o.differs_from_fake_quant(x) } -> std::same_as<double>;
          },
      "differs_from_fake_quant()");
  static_assert(
      !(OnCodes<T> && says_output(scale)) ||
          requires(const T& o) {
            { o.output() } -> std::same_as<QParams>;
          },
      "output(), because its scale is its own");
  static_assert(
      !(TakesCodes<T> && (says_output(scale) || scale == Scale::fixed || !OnCodes<T>)) ||
          requires(const T& o) {
            { o.made_for() } -> std::same_as<std::vector<QParams>>;
          },
      "made_for(), because it computes values from codes");
  static_assert((scale == Scale::fixed) == (T::kInfo.fixed.scale > 0), "fixed, for Scale::fixed and for no other");
  static_assert(
      Quantizable<T> == requires(const T& o, const Int8Form& form) { o.to_int8(form); },
      "to_int8(), for a float op with a scale and for no other");
  return true;
}

template <class... T>
consteval bool all_complete(List<T...>) {
  return (is_complete<T>() && ...);
}
static_assert(all_complete(All{}));

}  // namespace
}  // namespace op

Op::Op() : Op(op::Placeholder{}) {}
Op::Op(const Op& other) : place_(other.place_), held_(other.held_->copy()) {}
Op& Op::operator=(const Op& other) { return *this = Op(other); }

std::shared_ptr<const op::Qat>* qat_slot(Op& op) {
  return visit(
      [](auto& o) -> std::shared_ptr<const op::Qat>* {
        if constexpr (requires { o.qat; })
          return &o.qat;
        else
          return nullptr;
      },
      op);
}
const op::Qat* qat_of(const Op& op) {
  const auto* slot = qat_slot(const_cast<Op&>(op));
  return slot ? slot->get() : nullptr;
}

int64_t output_channels(const Op& op, const Tensor& weight) {
  return visit(
      [&](const auto& o) {
        if constexpr (requires { o.output_channels(weight); })
          return o.output_channels(weight);
        else
          return weight.size(0);
      },
      op);
}

Tensor int8_weight(const Op& op) {
  return visit(
      []<class T>(const T& o) -> Tensor {
        if constexpr (op::HasInt8Layer<T>)
          return o.layer->params().weight;
        else
          return {};
      },
      op);
}

}  // namespace octet::nn
