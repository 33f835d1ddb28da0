// Tensor: a typed shape over shared bytes. It knows no mathematics; that is ops/.
//
// Always contiguous, row-major. Shapes of images are [N, C, H, W] for floats and [N, H, W, C] (channels last, as integer kernels
// want them) for quint8; only inside a graph of optimize_for_inference are floats channels last, too. Copying a Tensor copies the handle, not the bytes
// (PyTorch's torch.Tensor behaves the same); clone() copies the bytes.
#pragma once

#include <cstring>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/error.h"
#include "tensor/shape.h"
#include "tensor/storage.h"

namespace octet {

class Tensor {
 public:
  /// Undefined: no shape, no bytes. Stands for "no bias" and the like.
  Tensor() = default;

  /// Uninitialised elements.
  explicit Tensor(Shape shape, DType dtype = DType::f32, Device device = Device::cpu);

  static Tensor zeros(Shape shape, DType dtype = DType::f32, Device device = Device::cpu);
  static Tensor full(Shape shape, float value);

  /// Copies the values; their number must fit the shape.
  template <class T>
  static Tensor from(const std::vector<T>& values, Shape shape, DType dtype) {
    Tensor t(std::move(shape), dtype);
    OCTET_CHECK(static_cast<int64_t>(values.size()) == t.numel(), "Tensor::from: ", values.size(), " values for shape ",
                t.shape());
    if (!values.empty()) std::memcpy(t.data<T>(), values.data(), t.nbytes());
    return t;
  }
  static Tensor from(const std::vector<float>& values, Shape shape) { return from<float>(values, std::move(shape), DType::f32); }

  bool defined() const { return storage_.data() != nullptr; }
  /// True when no other tensor shares the bytes: then they may be changed in place.
  bool unique() const { return storage_.unique(); }
  DType dtype() const { return dtype_; }
  Device device() const { return storage_.device(); }
  bool on_cuda() const { return device() == Device::cuda; }
  const Shape& shape() const { return shape_; }
  int64_t dim() const { return static_cast<int64_t>(shape_.size()); }
  /// Size of one dimension; negative counts from the end.
  int64_t size(int64_t dimension) const;
  int64_t numel() const { return numel_.value; }
  size_t nbytes() const { return static_cast<size_t>(numel_.value) * size_of(dtype_); }

  /// The elements as T. Throws Error when the dtype holds something else, and for a tensor on a device.
  template <class T>
  T* data() {
    check_holds(holds<T>(dtype_));
    return reinterpret_cast<T*>(bytes());
  }
  template <class T>
  const T* data() const {
    check_holds(holds<T>(dtype_));
    return reinterpret_cast<const T*>(bytes());
  }
  std::byte* bytes() { return check_on(Device::cpu), storage_.data() + offset_; }
  const std::byte* bytes() const { return check_on(Device::cpu), storage_.data() + offset_; }

  /// The address of the elements on the device. Throws Error for a tensor on the CPU.
  template <class T>
  T* cuda_data() {
    check_holds(holds<T>(dtype_));
    return reinterpret_cast<T*>(cuda_bytes());
  }
  template <class T>
  const T* cuda_data() const {
    check_holds(holds<T>(dtype_));
    return reinterpret_cast<const T*>(cuda_bytes());
  }
  /// Wherever they are: for what takes an address together with its device.
  template <class T>
  T* device_data() {
    return on_cuda() ? cuda_data<T>() : data<T>();
  }
  template <class T>
  const T* device_data() const {
    return on_cuda() ? cuda_data<T>() : data<T>();
  }
  std::byte* cuda_bytes() { return check_on(Device::cuda), storage_.data() + offset_; }
  const std::byte* cuda_bytes() const { return check_on(Device::cuda), storage_.data() + offset_; }

  /// The same bytes under another shape with the same number of elements.
  Tensor reshape(Shape shape) const;
  /// The same bytes under another dtype of the same element size: uint8 <-> quint8 and the like.
  Tensor view_as(DType dtype) const;
  /// Elements [begin, end) of the first dimension, sharing the bytes.
  Tensor slice(int64_t begin, int64_t end) const;
  Tensor clone() const;
  /// Converted elements (tensor/convert.cpp); the same handle when the dtype already fits. float -> integer truncates; throws
  /// Error for a float that the integer type cannot hold, NaN among them.
  Tensor to(DType dtype) const;
  /// The elements on that device; the same handle when they are there.
  Tensor to(Device device) const;

 private:
  void check_on(Device device) const {
    OCTET_CHECK(defined(), "an undefined tensor was read: it was never made, or it was moved from");
    OCTET_CHECK(this->device() == device, "tensor of ", dtype_, " ", shape_, " is on ", this->device(),
                ", and what reads it works on ", device, " only");
  }
  void check_holds(bool fits) const { OCTET_CHECK(fits, "tensor of ", dtype_, " ", shape_, " read as another type"); }

  /// Moved from, it is 0, so that a tensor which was moved from is undefined in all its parts.
  struct Count {
    int64_t value = 0;
    Count() = default;
    Count(int64_t n) : value(n) {}
    Count(const Count&) = default;
    Count(Count&& other) noexcept : value(std::exchange(other.value, 0)) {}
    Count& operator=(const Count&) = default;
    Count& operator=(Count&& other) noexcept { return value = std::exchange(other.value, 0), *this; }
    operator int64_t() const { return value; }
  };

  Storage storage_;
  size_t offset_ = 0;  // bytes
  Shape shape_;
  Count numel_;
  DType dtype_ = DType::f32;
};

/// Throws Error unless all of them, where defined, are on the device of the first; what: who needs them there.
void check_same_device(std::string_view what, std::initializer_list<const Tensor*> tensors);

/// Throws Error unless all of them, where defined, hold elements of that type.
void check_dtype(std::string_view what, DType dtype, std::initializer_list<const Tensor*> tensors);

/// [N, C, H, W] -> [N, H, W, C] and back, for any element type. Channels may have several dimensions: [N, 2, C, H, W] ->
/// [N, H, W, 2, C]. Ranks below 4 are returned as they are.
Shape channels_last(Shape shape);
Shape channels_first(Shape shape);
Tensor to_channels_last(const Tensor& x);
Tensor to_channels_first(const Tensor& x);

}  // namespace octet
