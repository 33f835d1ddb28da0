// Any model file to a graph that runs: a float checkpoint, one in quantization-aware training, our int8 model, a state_dict that
// PyTorch quantized, or a network of torch.export or ONNX.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/checkpoints/model_card.h"
#include "nn/graph/graph.h"
#include "ops/engines/qparams.h"
#include "quant/formats/qat_checkpoint.h"

namespace octet::apps {

struct ModelFile;  // apps/common/open_model.h

struct Model {
  nn::Graph graph;
  std::string description;  // "resnet18 with fastai's head, float32"
  int64_t classes = 0;      // 0: unknown
  std::vector<std::string> notes;
  int64_t channels = 0;                         // of its input
  int size = 0;                                 // side of its images, where its file says and a card does not; 0: unknown
  std::optional<loaders::ModelCard> card = {};  // what its file says that it is for
  std::optional<quant::TrainedQat> qat = {};    // of a quantization-aware training: `graph` is then its float model
};

/// Channels of a network's input: those of its first convolution; 3 without one.
int64_t channels_of(const nn::Graph& graph);

/// The graph that a quantization-aware training trained: with fake quantization. Of another float model, its graph.
nn::Graph as_trained(const Model& model);

struct FloatOptions {
  std::string network = {};   // the file that defines the network of a state_dict; empty: it is one of octet's own
  std::string head = "auto";  // auto: the checkpoint's form; fastai: torchvision's weights get a new fastai head of `classes`
  int64_t classes = 10;
  uint64_t seed = 0;
};

/// A float checkpoint (.pth or .safetensors), one trained quantization-aware, or a network (.pt2, .onnx). Throws Error when options
/// name a network although the file is one.
Model load_float_model(const std::string& path, const FloatOptions& options = {});
/// The same of a file that is open.
Model float_model_of(const ModelFile& file, const FloatOptions& options);

/// Any of them, a quantization-aware one as trained. engine: whose arithmetic a PyTorch state_dict follows, which the file does
/// not say; by default fbgemm for per-channel weights and qnnpack for per-tensor ones. Throws Error when another engine than its
/// own is given for an octet model, or any for a float one. network: as in FloatOptions, for a float or an int8 state_dict. Throws
/// Error when it comes with a model that needs none.
Model load_any_model(const std::string& path, const std::optional<ops::int8::Engine>& engine, const std::string& network = "");

/// What `work` on a model returns. An Error of its, which knows nodes but no files, gets `where` in front.
template <class Work>
auto naming(const std::string& where, Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(where)) throw;
    fail(where, ": ", error.what());
  }
}

}  // namespace octet::apps
