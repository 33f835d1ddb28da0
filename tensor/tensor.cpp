#include "tensor/tensor.h"

#include <algorithm>

#include "tensor/cuda/runtime.h"

namespace octet {

Tensor::Tensor(Shape shape, DType dtype, Device device) : shape_(std::move(shape)), numel_(octet::numel(shape_)), dtype_(dtype) {
  storage_ = Storage(nbytes(), device);
}

Tensor Tensor::zeros(Shape shape, DType dtype, Device device) {
  Tensor t(std::move(shape), dtype, device);
  if (device == Device::cuda)
    cuda::fill_zero(t.cuda_bytes(), t.nbytes());
  else
    std::memset(t.bytes(), 0, t.nbytes());
  return t;
}

Tensor Tensor::full(Shape shape, float value) {
  Tensor t(std::move(shape));
  std::fill_n(t.data<float>(), t.numel(), value);
  return t;
}

int64_t Tensor::size(int64_t dimension) const {
  const int64_t d = dimension < 0 ? dimension + dim() : dimension;
  OCTET_CHECK(d >= 0 && d < dim(), "dimension ", dimension, " of a tensor with shape ", shape_);
  return shape_[static_cast<size_t>(d)];
}

Tensor Tensor::reshape(Shape shape) const {
  OCTET_CHECK(octet::numel(shape) == numel_, "reshape: ", shape_, " -> ", shape, " changes the number of elements");
  Tensor t = *this;
  t.shape_ = std::move(shape);
  return t;
}

Tensor Tensor::view_as(DType dtype) const {
  OCTET_CHECK(size_of(dtype) == size_of(dtype_), "view_as: ", dtype_, " and ", dtype, " differ in element size");
  Tensor t = *this;
  t.dtype_ = dtype;
  return t;
}

Tensor Tensor::slice(int64_t begin, int64_t end) const {
  OCTET_CHECK(dim() > 0 && begin >= 0 && begin <= end && end <= shape_[0], "slice [", begin, ", ", end, ") of shape ", shape_);
  const int64_t row = shape_[0] ? numel_ / shape_[0] : 0;
  Tensor t = *this;
  t.shape_[0] = end - begin;
  t.numel_ = row * (end - begin);
  t.offset_ += static_cast<size_t>(row * begin) * size_of(dtype_);
  return t;
}

Tensor Tensor::clone() const {
  if (!defined()) return *this;
  Tensor t(shape_, dtype_, device());
  if (on_cuda())
    cuda::copy_on_device(t.cuda_bytes(), cuda_bytes(), nbytes());
  else
    std::memcpy(t.bytes(), bytes(), nbytes());
  return t;
}

Tensor Tensor::to(Device device) const {
  if (device == this->device() || !defined()) return *this;
  Tensor t(shape_, dtype_, device);
  if (device == Device::cuda)
    cuda::copy_to_device(t.cuda_bytes(), bytes(), nbytes());
  else
    cuda::copy_to_host(t.bytes(), cuda_bytes(), nbytes());
  return t;
}

void check_same_device(std::string_view what, std::initializer_list<const Tensor*> tensors) {
  const Device device = (*tensors.begin())->device();
  for (const Tensor* t : tensors)
    OCTET_CHECK(!t->defined() || t->device() == device, what, ": tensors on ", device, " and on ", t->device(),
                "; move them to one device");
}

void check_dtype(std::string_view what, DType dtype, std::initializer_list<const Tensor*> tensors) {
  for (const Tensor* t : tensors)
    OCTET_CHECK(!t->defined() || t->dtype() == dtype, what, ": expected ", dtype, ", got ", t->dtype(), " ", t->shape());
}

namespace {

// [N, A, B] -> [N, B, A]
template <class T>
void transpose_inner(const T* x, T* y, int64_t n, int64_t a, int64_t b) {
#pragma omp parallel for
  for (int64_t i = 0; i < n; ++i) {
    const T* xi = x + i * a * b;
    T* yi = y + i * a * b;
    for (int64_t j = 0; j < b; ++j)
      for (int64_t k = 0; k < a; ++k) yi[j * a + k] = xi[k * b + j];
  }
}

Tensor transposed(const Tensor& x, Shape shape, int64_t a, int64_t b) {
  Tensor y(std::move(shape), x.dtype());
  const int64_t n = x.size(0);
  switch (size_of(x.dtype())) {
    case 1:
      transpose_inner(reinterpret_cast<const uint8_t*>(x.bytes()), reinterpret_cast<uint8_t*>(y.bytes()), n, a, b);
      break;
    case 4:
      transpose_inner(reinterpret_cast<const uint32_t*>(x.bytes()), reinterpret_cast<uint32_t*>(y.bytes()), n, a, b);
      break;
    default:
      fail("channels last: no transpose for ", x.dtype());
  }
  return y;
}

}  // namespace

Shape channels_last(Shape shape) {
  if (shape.size() >= 4) std::rotate(shape.begin() + 1, shape.end() - 2, shape.end());
  return shape;
}

Shape channels_first(Shape shape) {
  if (shape.size() >= 4) std::rotate(shape.begin() + 1, shape.begin() + 3, shape.end());
  return shape;
}

Tensor to_channels_last(const Tensor& x) {
  if (x.dim() < 4) return x;
  const int64_t pixels = x.size(-2) * x.size(-1), C = x.numel() / std::max<int64_t>(1, x.size(0) * pixels);
  return transposed(x, channels_last(x.shape()), C, pixels);
}

Tensor to_channels_first(const Tensor& x) {
  if (x.dim() < 4) return x;
  const int64_t pixels = x.size(1) * x.size(2), C = x.numel() / std::max<int64_t>(1, x.size(0) * pixels);
  return transposed(x, channels_first(x.shape()), pixels, C);
}

}  // namespace octet
