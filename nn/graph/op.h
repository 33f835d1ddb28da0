// Op: what a node of a graph computes, one of the structs whose pages are in nn/graph/ops/. Here is the list of them all.
//
// The float ops come from tracing a model, those on codes from quant/passes/convert.h. A file that reads one op includes its page; one
// that asks each of them (visit) includes nn/graph/ops.h. Op is no std::variant, because a file that copies one of so many types takes
// seconds to compile.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>

#include "nn/graph/ops/page.h"
#include "tensor/error.h"

namespace octet::nn {

namespace op {

template <class... T>
struct List {};
using All = List<struct Placeholder, struct Output, struct Function, struct Lowered, struct Quantize, struct Dequantize,  //
                 struct Conv2d, struct QuantizedConv2d,                                                                   //
                 struct ConvTranspose2d, struct QuantizedConvTranspose2d,                                                 //
                 struct Linear, struct QuantizedLinear,                                                                   //
                 struct BatchNorm, struct QuantizedBatchNorm,                                                             //
                 struct Relu, struct QuantizedRelu,                                                                       //
                 struct Relu6, struct QuantizedRelu6,                                                                     //
                 struct Sigmoid, struct QuantizedSigmoid,                                                                 //
                 struct Tanh, struct QuantizedTanh,                                                                       //
                 struct Hardsigmoid, struct QuantizedHardsigmoid,                                                         //
                 struct Hardswish, struct QuantizedHardswish,                                                             //
                 struct LeakyRelu, struct QuantizedLeakyRelu,                                                             //
                 struct Hardtanh, struct QuantizedHardtanh,                                                               //
                 struct Elu, struct QuantizedElu,                                                                         //
                 struct Softmax, struct QuantizedSoftmax,                                                                 //
                 struct LayerNorm, struct QuantizedLayerNorm,                                                             //
                 struct GroupNorm, struct QuantizedInstanceNorm,                                                          //
                 struct Affine, struct QuantizedAffine, struct PRelu,                                                     //
                 struct Silu, struct Gelu, struct QuantizedActivation,                                                    //
                 struct MaxPool2d, struct QuantizedMaxPool2d,                                                             //
                 struct AvgPool2d, struct QuantizedAvgPool2d,                                                             //
                 struct Mean, struct QuantizedMean,                                                                       //
                 struct AdaptiveAvgPool2d, struct QuantizedAdaptiveAvgPool2d,                                             //
                 struct AdaptiveMaxPool2d,                                                                                //
                 struct Flatten, struct QuantizedFlatten,                                                                 //
                 struct View, struct QuantizedView,                                                                       //
                 struct Permute, struct QuantizedPermute,                                                                 //
                 struct Contiguous, struct QuantizedContiguous,                                                           //
                 struct Interpolate, struct QuantizedInterpolate,                                                         //
                 struct Slice, struct Pad,                                                                                //
                 struct Dropout, struct QuantizedDropout,                                                                 //
                 struct Add, struct QuantizedAdd,                                                                         //
                 struct Mul, struct QuantizedMul,                                                                         //
                 struct Cat, struct QuantizedCat>;

struct Qat;

template <class T, class... Ops>
consteval size_t place_in(List<Ops...>) {
  size_t place = 0;
  const bool found = ((std::same_as<T, Ops> || (++place, false)) || ...);
  return found ? place : sizeof...(Ops);
}
template <class T>
constexpr size_t kPlace = place_in<T>(All{});

constexpr size_t kNowhere = place_in<void>(All{});
template <class T>
concept Listed = (kPlace<T> < kNowhere);

}  // namespace op

class Op {
 public:
  Op();  // a placeholder
  template <op::Listed T>
  Op(T op) : place_(op::kPlace<T>), held_(std::make_unique<Holder<T>>(std::move(op))) {}
  Op(const Op& other);
  Op(Op&& other) noexcept = default;  // what was moved from can be assigned to, and no more
  Op& operator=(const Op& other);
  Op& operator=(Op&& other) noexcept = default;
  ~Op() = default;

  /// Where its struct stands in op::All, from 0.
  size_t place() const { return place_; }
  const op::Info& info() const { return held_->info(); }

  /// The struct; null if the op is another one.
  template <op::Listed T>
  T* get_if() {
    return place_ == op::kPlace<T> ? &static_cast<Holder<T>&>(*held_).op : nullptr;
  }
  template <op::Listed T>
  const T* get_if() const {
    return const_cast<Op*>(this)->get_if<T>();
  }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual std::unique_ptr<Held> copy() const = 0;
    virtual const op::Info& info() const = 0;
  };
  template <class T>
  struct Holder final : Held {
    explicit Holder(T o) : op(std::move(o)) {}
    std::unique_ptr<Held> copy() const override { return std::make_unique<Holder>(op); }
    const op::Info& info() const override { return T::kInfo; }
    T op;
  };

  size_t place_;
  std::unique_ptr<Held> held_;
};

inline const op::Info& info(const Op& op) { return op.info(); }

template <class T>
bool is(const Op& op) {
  return op.place() == op::kPlace<T>;
}

/// The struct of an op of this kind; null for another one.
template <class T>
T* get_if(Op& op) {
  return op.get_if<T>();
}
template <class T>
const T* get_if(const Op& op) {
  return op.get_if<T>();
}

/// The same where the op can be no other one. Throws Error.
template <class T>
const T& get(const Op& op) {
  const T* found = op.get_if<T>();
  OCTET_CHECK(found != nullptr, "an op of ", op.info().name.value, ", expected ", T::kInfo.name.value);
  return *found;
}
template <class T>
T& get(Op& op) {
  return const_cast<T&>(get<T>(std::as_const(op)));
}

/// Where a convolution or linear layer keeps its part in quantization-aware training; null for other ops.
std::shared_ptr<const op::Qat>* qat_slot(Op& op);
/// Null for other ops, and outside of such training.
const op::Qat* qat_of(const Op& op);

/// Of a layer whose weight that is.
int64_t output_channels(const Op& op, const Tensor& weight);

/// The weight codes of an int8 layer [K, ...]; undefined for other ops.
Tensor int8_weight(const Op& op);

}  // namespace octet::nn
