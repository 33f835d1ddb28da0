// What a checkpoint file holds: tensors by name, in file order, with PyTorch's state_dict keys ("layer1.0.conv1.weight").
//
// A quantized tensor keeps the scales and zero points that the file stores beside its codes (PyTorch's q_scale,
// q_per_channel_scales, ...), so that quant/ can build its layers from them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace octet {

struct StoredQParams {
  std::vector<double> scales;        // one, or one per slice along `axis`
  std::vector<int64_t> zero_points;  // as many
  std::optional<int64_t> axis;       // set for per-channel quantization
};

struct StateEntry {
  std::string key;
  Tensor
      tensor;  // codes (qint8, quint8, qint32) where qparams is set; undefined: None, which PyTorch has for a bias that is not there
  std::optional<StoredQParams> qparams;
};

class StateDict {
 public:
  /// Appends. Throws Error for a key that is already there.
  void add(StateEntry entry);
  const std::vector<StateEntry>& entries() const& { return entries_; }
  const std::vector<StateEntry>& entries() const&& = delete;  // it would dangle
  /// Null if there is no such key.
  const StateEntry* find(std::string_view key) const;
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<StateEntry> entries_;
  std::map<std::string, size_t, std::less<>> by_key_;
};

}  // namespace octet
