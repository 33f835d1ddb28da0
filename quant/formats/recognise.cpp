#include "quant/formats/recognise.h"

#include <algorithm>

namespace octet::quant {
namespace {

using Metadata = std::map<std::string, std::string>;

struct Mark {
  FileKind kind;
  bool (*is_there)(const StateDict&, const Metadata&);
};

/// The first mark that is there decides.
constexpr Mark kMarks[] = {
    {FileKind::octet_int8,
     [](const StateDict&, const Metadata& metadata) {
       const auto format = metadata.find("format");  // of any version: load_graph says which it reads
       return format != metadata.end() && format->second.starts_with("octet-int8");
     }},
    {FileKind::training_state, [](const StateDict&, const Metadata& metadata) { return metadata.contains(kTrainingMetadata); }},
    {FileKind::pytorch_int8,
     [](const StateDict& tensors, const Metadata&) {
       return std::ranges::any_of(tensors.entries(), [](const StateEntry& e) { return e.qparams.has_value(); });
     }},
    {FileKind::qat_checkpoint,
     [](const StateDict& tensors, const Metadata&) {
       return std::ranges::any_of(tensors.entries(), [](const StateEntry& e) { return e.key.ends_with(kFakeQuantScale); });
     }},
};

}  // namespace

FileKind recognise(const StateDict& tensors, const Metadata& metadata) {
  for (const Mark& mark : kMarks)
    if (mark.is_there(tensors, metadata)) return mark.kind;
  return FileKind::float_checkpoint;
}

}  // namespace octet::quant
