#include "ops/conv/dilation.h"

#include <algorithm>
#include <numeric>

#include "ops/support/integers.h"

namespace octet::ops {
namespace {

/// Bytes of phases that are cut out at a time.
constexpr int64_t kBytesAtOnce = int64_t{32} << 20;

/// Phases that have equally many outputs.
struct Part {
  int64_t first, count, outputs;
};

/// One direction.
struct Axis {
  int64_t kernel, dilation, stride, padding, outputs;  // of the dilated convolution
  int64_t step;                                        // from one output of a phase to its next
  int64_t phase_stride, phase_padding;                 // of a phase's convolution

  Axis(int64_t kernel_size, int64_t dilation_of, int64_t stride_of, int64_t padding_of, int64_t outputs_of)
      : kernel(kernel_size),
        dilation(dilation_of),
        stride(stride_of),
        padding(padding_of),
        outputs(outputs_of),
        step(dilation / std::gcd(stride, dilation)),
        phase_stride(stride / std::gcd(stride, dilation)) {
    // Padding that is d pixels a step is padding of each phase: before its first pixel f < d, and behind its last, lies none. Winograd
    // wants it so. Any other is cut out with the pixels, as border.
    const bool whole = stride == 1 && padding % dilation == 0 && 2 * (padding / dilation) < kernel;
    phase_padding = whole ? padding / dilation : 0;
  }

  std::vector<Part> parts() const {
    const int64_t each = outputs / step, more = outputs % step;
    std::vector<Part> parts;
    if (more > 0) parts.push_back({0, more, each + 1});
    if (each > 0) parts.push_back({more, step - more, each});
    return parts;
  }
  /// Pixels of a phase with so many outputs.
  int64_t pixels(int64_t of_outputs) const { return (of_outputs - 1) * phase_stride + kernel - 2 * phase_padding; }
  /// Where its pixel i lies in the input.
  int64_t pixel(int64_t phase, int64_t i) const { return phase * stride - padding + (phase_padding + i) * dilation; }
};

Axis rows_of(const Im2colShape& s) { return {s.kernel.h, s.dilation.h, s.stride.h, s.padding.h, s.out_height}; }
Axis columns_of(const Im2colShape& s) { return {s.kernel.w, s.dilation.w, s.stride.w, s.padding.w, s.out_width}; }

/// Makes the phases of some rows and some columns, for all images. Phase i belongs to image n, and begins at row h and column w.
struct Phases {
  Axis rows, columns;
  Part h, w;

  struct At {
    int64_t n, h, w;
  };
  int64_t each() const { return h.count * w.count; }
  At at(int64_t i) const { return {i / each(), h.first + i / w.count % h.count, w.first + i % w.count}; }
  int64_t height() const { return rows.pixels(h.outputs); }
  int64_t width() const { return columns.pixels(w.outputs); }

  /// images [count, H', W', C]: the phases from `first` on.
  void cut_out(const Tensor& x, int64_t first, uint8_t border, Tensor& images) const {
    const int64_t H = x.size(1), W = x.size(2), pixel = x.size(3) * static_cast<int64_t>(size_of(x.dtype()));
    const std::byte* from = x.bytes();
    std::byte* to = images.bytes();
#pragma omp parallel for
    for (int64_t i = 0; i < images.size(0) * height(); ++i) {
      const At phase = at(first + i / height());
      const int64_t row = rows.pixel(phase.h, i % height());
      const bool inside = row >= 0 && row < H;
      for (int64_t j = 0; j < width(); ++j) {
        const int64_t column = columns.pixel(phase.w, j);
        std::byte* out = to + (i * width() + j) * pixel;
        if (inside && column >= 0 && column < W)
          std::copy_n(from + ((phase.n * H + row) * W + column) * pixel, pixel, out);
        else
          std::fill_n(out, pixel, std::byte{border});
      }
    }
  }

  /// results [count, P', Q', K] of those phases -> their places in y.
  void put_back(const Tensor& results, int64_t first, Tensor& y) const {
    const int64_t P = y.size(1), Q = y.size(2), pixel = y.size(3) * static_cast<int64_t>(size_of(y.dtype()));
    const std::byte* from = results.bytes();
    std::byte* to = y.bytes();
#pragma omp parallel for
    for (int64_t i = 0; i < results.size(0) * h.outputs; ++i) {
      const At phase = at(first + i / h.outputs);
      const int64_t p = phase.h + i % h.outputs * rows.step;
      for (int64_t q = 0; q < w.outputs; ++q)
        std::copy_n(from + (i * w.outputs + q) * pixel, pixel, to + ((phase.n * P + p) * Q + phase.w + q * columns.step) * pixel);
    }
  }
};

}  // namespace

Conv2dOptions options_of_phases(const Conv2dOptions& o, Size2 kernel) {
  OCTET_CHECK(std::min({o.dilation.h, o.dilation.w, o.stride.h, o.stride.w}) > 0 && std::min(o.padding.h, o.padding.w) >= 0,
              "conv2d: stride ", o.stride, ", padding ", o.padding, ", dilation ", o.dilation,
              "; expected stride and dilation above 0 and padding not below 0");
  const Axis h(kernel.h, o.dilation.h, o.stride.h, o.padding.h, 0), w(kernel.w, o.dilation.w, o.stride.w, o.padding.w, 0);
  return {.stride = {h.phase_stride, w.phase_stride}, .padding = {h.phase_padding, w.phase_padding}, .groups = o.groups};
}

Shape largest_phases(const Shape& x, const Im2colShape& s) {
  const Axis rows = rows_of(s), columns = columns_of(s);
  const Part h = rows.parts()[0], w = columns.parts()[0];
  return {x[0] * h.count * w.count, rows.pixels(h.outputs), columns.pixels(w.outputs), x[3]};
}

void convolve_in_phases(const Tensor& x, const Im2colShape& s, uint8_t border, Tensor& y,
                        const std::function<Tensor(const Tensor& images)>& convolve) {
  const Axis rows = rows_of(s), columns = columns_of(s);
  for (const Part& h : rows.parts())
    for (const Part& w : columns.parts()) {
      const Phases phases{rows, columns, h, w};
      const int64_t total = x.size(0) * phases.each();
      const int64_t bytes = phases.height() * phases.width() * x.size(3) * static_cast<int64_t>(size_of(x.dtype()));
      const int64_t at_once = std::max<int64_t>(1, kBytesAtOnce / std::max<int64_t>(1, bytes));
      for (int64_t first = 0; first < total; first += at_once) {
        Tensor images({std::min(at_once, total - first), phases.height(), phases.width(), x.size(3)}, x.dtype());
        phases.cut_out(x, first, border, images);
        phases.put_back(convolve(images), first, y);
      }
    }
}

}  // namespace octet::ops
