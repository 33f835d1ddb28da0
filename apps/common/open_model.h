// Opens a model's file once and says what it is. Each program states which kinds it takes; any other is refused here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loaders/checkpoints/checkpoint.h"
#include "networks/onnx/model.h"
#include "networks/pt2/program.h"
#include "quant/formats/recognise.h"

namespace octet::apps {

using quant::FileKind;

/// The kinds of file that a program takes, and what for.
struct Accepted {
  std::vector<FileKind> kinds;
  const char* purpose;
};
inline const Accepted kTrainable = {{FileKind::float_checkpoint, FileKind::network}, "to begin a training with"};
/// What is a float model, or holds one: quantize, compare_observers, and train_or_load when it evaluates.
inline const Accepted kFloatModels = {{FileKind::float_checkpoint, FileKind::qat_checkpoint, FileKind::network}, "to begin with"};
/// What predict runs.
inline const Accepted kRunnable = {{FileKind::float_checkpoint, FileKind::qat_checkpoint, FileKind::pytorch_int8,
                                    FileKind::octet_int8, FileKind::network, FileKind::int8_network},
                                   "to run"};
/// What says which network a state_dict is of.
inline const Accepted kNetworks = {{FileKind::network}, "for --network"};
inline const Accepted kTunable = {{FileKind::octet_int8}, "for --tune to write into"};

struct ModelFile {
  std::string path;
  FileKind kind;
  loaders::Checkpoint contents = {};
  std::optional<networks::Program> program = {};   // of a network of torch.export
  std::optional<networks::onnx::Model> onnx = {};  // of one of ONNX
};

/// Does the file define a network itself?
bool is_network(const std::string& path);

/// Throws Error for a file of another kind: what it is, what was expected and where it belongs.
ModelFile open_model(const std::string& path, const Accepted& accepted);

}  // namespace octet::apps
