// A network's head, described as a tree of layers: read from the keys of a checkpoint, made into modules.
//
//   fc.weight                          a linear layer
//   fc.1.weight                        a Sequential: a layer without weights, a linear one
//   fc.0.weight, fc.3.weight           linear, relu, dropout, linear
//   1.2.weight, 1.4.weight, 1.8.weight fastai's: pool, flatten, batch norm, dropout, linear, relu, ...
// A state_dict has no layers without weights. Places that are missing between two linear layers are taken as a relu, then dropout;
// before the first and behind a relu as dropout, which inference leaves out.
// PyTorch counterpart: model.fc = nn.Sequential(...), as its transfer-learning tutorial replaces the head.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/module.h"

namespace octet::nn {

/// The remedy of errors about networks that octet does not have.
inline constexpr const char* kBringYourOwn = "give its network with --network net.pt2, as docs/your-network.md shows";

struct HeadLayer {
  enum class Kind { linear, batch_norm, relu, dropout, concat_pool, average_pool, flatten, sequence };
  std::string name;  // within its parent
  Kind kind = Kind::linear;
  int64_t in = 0, out = 0;  // of a linear layer; features of a batch norm
  bool bias = true;
  float dropout = 0.5f;
  std::vector<HeadLayer> inside = {};  // of a sequence

  static HeadLayer linear(std::string name, int64_t in, int64_t out, bool bias = true) {
    return {.name = std::move(name), .kind = Kind::linear, .in = in, .out = out, .bias = bias};
  }
  static HeadLayer batch_norm(std::string name, int64_t features) {
    return {.name = std::move(name), .kind = Kind::batch_norm, .in = features, .out = features};
  }
  static HeadLayer plain(std::string name, Kind kind, float dropout = 0.5f) {
    return {.name = std::move(name), .kind = kind, .dropout = dropout};
  }
  /// Layers named "0", "1", ...
  static HeadLayer sequence(std::string name, std::vector<HeadLayer> layers);
};

/// The head whose keys begin with `path` ("fc"), of a float state_dict, one in quantization-aware training or one that PyTorch
/// quantized. fastai: places 0 and 1 are the pool and a flatten; `features` of the body tell which pool. None when there are no
/// such keys. Throws Error, naming `source`, for a layer that is neither linear nor batch norm.
std::optional<HeadLayer> head_of(const StateDict& state, const std::string& path, const std::string& source,
                                 std::optional<int64_t> fastai_features = {});

std::unique_ptr<Module> make_head(const HeadLayer& head);

/// The last linear layer. Throws Error for a head without one.
HeadLayer& classifier_of(HeadLayer& head);
/// Its path within the network: "fc.1".
std::string classifier_path(const HeadLayer& head);
/// Features that the head takes: those of its first layer with weights.
int64_t features_into(const HeadLayer& head);
/// Throws Error, naming `source`, when a layer takes another number of features than the one before it gives.
void check_chain(const HeadLayer& head, const std::string& source);
/// Same layers, whatever their dropout.
bool same_layers(const HeadLayer& a, const HeadLayer& b);
/// "dropout, 1 linear": all layers in order, those with weights by their names.
std::string describe(const HeadLayer& head);

}  // namespace octet::nn
