// StateDict -> a checkpoint as torch.save writes it, for torch.load(weights_only=True).
//
//   zip, stored:  archive/data.pkl   a pickle (protocol 2) of OrderedDict{key: _rebuild_tensor_v2(storage, 0, size, stride, ...)}
//                 archive/byteorder  "little"
//                 archive/data/KEY   the bytes of tensor KEY, aligned to 64
//                 archive/octet.json what the model is for, where that is known (loaders/checkpoints/card_record.h)
//                 archive/version    "3"
// Written atomically. Up to 4 GB (no zip64), plain dtypes only. Counterpart: torch.save(model.state_dict(), path).
#pragma once

#include <optional>
#include <string>

#include "loaders/checkpoints/model_card.h"
#include "tensor/state_dict.h"

namespace octet::loaders {

/// Throws Error when the file cannot be written; an old file at `path` is then unchanged.
void save_pth(const std::string& path, const StateDict& state, const std::optional<ModelCard>& card = {});

}  // namespace octet::loaders
