// octet's own record in a checkpoint of torch.save's form: ROOT/octet.json, what the model is for (loaders/checkpoints/model_card.h).
//
// torch.load does not look at it, so the file loads there as any other; octet looks for it beside the tensors.
#pragma once

#include <string>

#include "loaders/files/file.h"

namespace octet::loaders {

inline constexpr const char* kCardRecord = "octet.json";

/// Its text; empty where a zip archive has none. Throws Error for a file that is no zip archive, and for one that is damaged.
std::string read_card_record(const File& file);

}  // namespace octet::loaders
