// What every int8 layer with weights has, a convolution or a linear layer: its integers, their scales, and whose rules it follows.
// (torch.ao.nn.quantized.Conv2d and Linear: weight(), bias(), scale, zero_point.)
#pragma once

#include <vector>

#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

struct QuantizedLayer {
  Tensor weight;                    // qint8 [K, ...], zero point 0
  std::vector<float> weight_scale;  // one, or one per output channel (also if there is one channel)
  Tensor bias;                      // float32 [K] or undefined
  bool relu = false;
  Engine engine = Engine::qnnpack;
  QParams input = {}, output = {};  // of quint8
};

}  // namespace octet::ops::int8
