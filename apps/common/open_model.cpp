#include "apps/common/open_model.h"

#include <algorithm>

#include "loaders/checkpoints/format.h"
#include "loaders/files/bytes.h"
#include "loaders/files/file.h"
#include "networks/onnx/quantized.h"

namespace octet::apps {
namespace {

struct KindText {
  FileKind kind;
  const char *expected, *is, *remedy;
};
constexpr KindText kTexts[] = {
    {FileKind::float_checkpoint, "a float checkpoint", "a float checkpoint", "quantize makes an int8 model of it"},
    {FileKind::qat_checkpoint, "one trained quantization-aware", "a checkpoint that was trained quantization-aware already",
     "quantize converts it, and train_or_load --resume goes on with its training"},
    {FileKind::pytorch_int8, "a state_dict that PyTorch quantized", "a state_dict that PyTorch has quantized already",
     "run it with predict"},
    {FileKind::octet_int8, "an int8 model.safetensors that quantize made", "an int8 model that quantize has made already",
     "run it with predict"},
    {FileKind::network, "a network (.pt2 of torch.export, or .onnx)", "a network with its weights (.pt2 or .onnx)",
     "quantize and predict take it"},
    {FileKind::int8_network, "an int8 ONNX model", "an ONNX model that is int8 already", "run it with predict"},
    {FileKind::training_state, "the state of an interrupted training", "the state of an interrupted training",
     "go on with it by train_or_load --resume"},
};

const KindText& text_of(FileKind kind) {
  for (const KindText& text : kTexts)
    if (text.kind == kind) return text;
  fail("file kind ", static_cast<int>(kind), " has no row in apps/common/open_model.cpp");
}

std::string expected(const std::vector<FileKind>& kinds) {
  std::string text;
  for (size_t i = 0; i < kinds.size(); ++i)
    text += str(i == 0 ? "" : i + 1 == kinds.size() ? " or " : ", ", text_of(kinds[i]).expected);
  return text;
}

}  // namespace

bool is_network(const std::string& path) {
  const loaders::File file(path);
  return networks::is_pt2(file) || networks::onnx::is_onnx(file, path);
}

ModelFile open_model(const std::string& path, const Accepted& accepted) {
  const auto check_kind = [&](FileKind kind) {
    OCTET_CHECK(std::ranges::find(accepted.kinds, kind) != accepted.kinds.end(), loaders::printable(path), ": this is ",
                text_of(kind).is, ", expected ", expected(accepted.kinds), " ", accepted.purpose, "; ", text_of(kind).remedy);
    return kind;
  };
  loaders::refuse_url(path);
  const loaders::File file(path);
  if (networks::is_pt2(file)) return {.path = path, .kind = check_kind(FileKind::network), .program = networks::read_pt2(file)};
  if (networks::onnx::is_onnx(file, path)) {
    ModelFile model{.path = path, .kind = FileKind::network, .onnx = networks::onnx::read_onnx(file, path)};
    model.kind = check_kind(networks::onnx::is_int8(*model.onnx) ? FileKind::int8_network : FileKind::network);
    model.contents.metadata = model.onnx->metadata;
    return model;
  }
  loaders::Checkpoint contents = loaders::open_checkpoint(path);
  const FileKind kind = check_kind(quant::recognise(contents.tensors, contents.metadata));
  return {path, kind, std::move(contents)};
}

}  // namespace octet::apps
