#include "ops/cuda/elementwise.h"

#include "ops/cuda/divisor.h"
#include "ops/cuda/launch.h"

namespace octet::ops::cuda {
namespace {

template <class F>
struct Activate {
  F f;
  const float* x;
  float* y;
  OCTET_HD void operator()(uint32_t i) const { y[i] = f.value(x[i]); }
};

template <class F>
struct ActivationBackward {
  F f;
  float* dy;
  const float* saved;
  OCTET_HD void operator()(uint32_t i) const { dy[i] = f.gradient(dy[i], saved[i]); }
};

struct Add {
  const float *a, *b;
  float* y;
  OCTET_HD void operator()(uint32_t i) const { y[i] = a[i] + b[i]; }
};

struct Multiply {
  const float *a, *b;
  float* y;
  OCTET_HD void operator()(uint32_t i) const { y[i] = a[i] * b[i]; }
};

struct Scale {
  const float* x;
  float factor;
  float* y;
  OCTET_HD void operator()(uint32_t i) const { y[i] = x[i] * factor; }
};

struct FillChannels {
  const float* values;
  float* y;
  Divisor channels, plane;
  OCTET_HD void operator()(uint32_t i) const { y[i] = values[i / plane % channels]; }
};

/// Rows of `row` bytes from ones from_row bytes apart to ones to_row bytes apart.
struct CopyRows {
  const uint8_t* from;
  uint8_t* to;
  Divisor row;
  int64_t from_row, to_row;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t n = i / row, at = i % row;
    to[n * to_row + at] = from[n * from_row + at];
  }
};

/// visit(part, bytes of its row, where they begin in a row of the whole, bytes of such a row)
template <class Parts, class Visit>
void for_each_part(const Tensor& whole, Parts&& parts, Visit&& visit) {
  const int64_t N = whole.size(0);
  if (N == 0) return;
  int64_t first = 0;
  for (auto& part : parts) {
    const int64_t row = static_cast<int64_t>(part.nbytes()) / N;
    if (row > 0) visit(part, row, first, static_cast<int64_t>(whole.nbytes()) / N);
    first += row;
  }
}

const uint8_t* bytes_of(const Tensor& x) { return reinterpret_cast<const uint8_t*>(x.cuda_bytes()); }
uint8_t* bytes_of(Tensor& x) { return reinterpret_cast<uint8_t*>(x.cuda_bytes()); }

}  // namespace

void activate(Activation activation, const Tensor& x, Tensor& y) {
  with(activation, [&]<class F>(F f) { map(f.kName, x.numel(), Activate<F>{f, x.cuda_data<float>(), y.cuda_data<float>()}); });
}

void activation_backward(Activation activation, Tensor& dy, const Tensor& saved) {
  with(activation, [&]<class F>(F f) {
    map("activation backward", dy.numel(), ActivationBackward<F>{f, dy.cuda_data<float>(), saved.cuda_data<float>()});
  });
}

void add(const Tensor& a, const Tensor& b, Tensor& y) {
  map("add", a.numel(), Add{a.cuda_data<float>(), b.cuda_data<float>(), y.cuda_data<float>()});
}

void multiply(const Tensor& a, const Tensor& b, Tensor& y) {
  map("multiply", a.numel(), Multiply{a.cuda_data<float>(), b.cuda_data<float>(), y.cuda_data<float>()});
}

void scale(const Tensor& x, float factor, Tensor& y) {
  map("scale", x.numel(), Scale{x.cuda_data<float>(), factor, y.cuda_data<float>()});
}

void fill_channels(const Tensor& values, Tensor& y) {
  if (y.numel() == 0) return;
  const int64_t K = y.size(1), plane = y.numel() / (y.size(0) * K);
  map("fill_channels", y.numel(),
      FillChannels{values.cuda_data<float>(), y.cuda_data<float>(), static_cast<uint32_t>(K), static_cast<uint32_t>(plane)});
}

void cat_channels(std::span<const Tensor> parts, Tensor& y) {
  for_each_part(y, parts, [&](const Tensor& part, int64_t row, int64_t first, int64_t whole_row) {
    map("cat", static_cast<int64_t>(part.nbytes()),
        CopyRows{bytes_of(part), bytes_of(y) + first, static_cast<uint32_t>(row), row, whole_row});
  });
}

void split_channels(const Tensor& x, std::span<Tensor> parts) {
  for_each_part(x, parts, [&](Tensor& part, int64_t row, int64_t first, int64_t whole_row) {
    map("split", static_cast<int64_t>(part.nbytes()),
        CopyRows{bytes_of(x) + first, bytes_of(part), static_cast<uint32_t>(row), whole_row, row});
  });
}

}  // namespace octet::ops::cuda
