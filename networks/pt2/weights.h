// The tensors of a .pt2 file: a config of JSON says what each is, records of raw bytes hold them. Several may share a record.
// PyTorch counterpart: torch/export/pt2_archive/_package.py, which reads them in torch.export.load.
#pragma once

#include <map>
#include <string>

#include "loaders/files/zip.h"
#include "tensor/tensor.h"

namespace octet::networks {

/// The tensors of a folder ("net/data/weights/") with its config ("model_weights_config.json"), by their names in the state_dict. A
/// folder without a config has none. `budget`: bytes that they may take; what they take is subtracted. Throws Error.
std::map<std::string, Tensor> read_tensors(const loaders::Zip& zip, const std::string& folder, const std::string& config,
                                           const std::string& file, uint64_t& budget);

}  // namespace octet::networks
