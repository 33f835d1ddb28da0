// The objects of torch in a pickle -> tensors: torch._utils._rebuild_tensor, _v2, _v3, _rebuild_parameter, _rebuild_qtensor.
//
// The pickle holds calls that were never made (loaders/checkpoints/pickle.h); this file makes the five that it knows, and
// refuses every other by name. A storage is found once per key: views, tied weights and channels-last tensors share it, and
// become contiguous tensors of their own. Not here: sparse, nested and complex tensors, float8, devices. Counterpart:
// torch/_utils.py and torch/serialization.py.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "loaders/checkpoints/pickle.h"
#include "loaders/files/strided.h"
#include "loaders/files/zip.h"
#include "tensor/state_dict.h"

namespace octet::loaders {

/// A storage as the pickle describes it: ("storage", type, key, location, numel[, view]).
struct StorageId {
  std::string type;  // "torch.FloatStorage"
  std::string key;
  std::optional<DType> dtype;  // none: untyped, and numel counts bytes
  int64_t numel = 0;
  int64_t view_offset = 0;  // legacy files: the part [view_offset, view_offset + view_numel) of the storage
  int64_t view_numel = 0;

  size_t element_size() const { return dtype ? size_of(*dtype) : 1; }
  uint64_t nbytes() const { return static_cast<uint64_t>(numel) * element_size(); }
};

/// Throws Error, beginning with `where`, when `persistent` is not a storage of a supported type.
StorageId read_storage_id(const pickle::Pickle& pickle, pickle::Ref persistent, const std::string& where);

/// Finds the bytes of a storage; throws Error when there are none.
using StorageSource = std::function<Record(const StorageId&)>;

class TensorReader {
 public:
  struct Options {
    std::string file;  // errors begin with it
    bool big_endian = false;
    uint64_t max_bytes = 0;  // that all tensors together may take
  };
  /// The pickle must outlive the reader.
  TensorReader(const pickle::Pickle& pickle, StorageSource source, Options options)
      : pickle_(pickle), source_(std::move(source)), options_(std::move(options)) {}

  /// True when the value is a call that makes a tensor.
  bool is_tensor(pickle::Ref ref) const;
  /// 0, 1 or more (2) elements; 0 also for what is no tensor.
  int64_t elements(pickle::Ref ref) const;
  /// Makes the tensor, under the name `key`.
  StateEntry read(pickle::Ref ref, std::string key);

 private:
  using Items = std::vector<pickle::Ref>;
  struct StoredBytes {
    StorageId id;
    Record record;
  };

  std::string where() const { return options_.file + ": " + label_; }
  const Items& arguments(const pickle::Opaque& call, size_t least) const;
  int64_t integer(pickle::Ref ref, const char* what) const;
  double real(pickle::Ref ref, const char* what) const;
  std::vector<int64_t> integers(pickle::Ref ref, const char* what) const;
  DType dtype_of(const StorageId& id, const pickle::Opaque& call, const Items& args) const;
  const Record& storage(const StorageId& id);
  Tensor read_strided(const pickle::Opaque& call);
  Tensor read_numbers(pickle::Ref ref, DType dtype);
  StoredQParams read_qparams(pickle::Ref ref, const Tensor& codes);

  const pickle::Pickle& pickle_;
  StorageSource source_;
  Options options_;
  std::unordered_map<std::string, StoredBytes> storages_;  // by key
  std::string label_;                                      // the tensor being read, for messages
};

}  // namespace octet::loaders
