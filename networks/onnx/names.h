// What nodes are called, so that they have the names that torch.fx would give them, and so that an .onnx file and a .pt2 file of one
// network give the same graph:
//
//   torch.onnx.export(dynamo=True)    says the modules around each call: metadata "pkg.torch.onnx.name_scopes", "...class_hierarchy"
//   torch.onnx.export(dynamo=False)   node "/features/features.0/features.0.0/Conv" -> module features.0.0
//   both                              weight "features.0.0.weight" -> module features.0.0
//   octet                             node "_0_conv1_Conv" -> "_0_conv1", the node's own name
//   others (Keras, PaddlePaddle)      the node's own name, as if each were a module
// A call in the forward of a module, and not of one of torch.nn's, is a function: "add" in the scope layer1.0.
#pragma once

#include <map>
#include <set>
#include <string>

#include "networks/onnx/model.h"

namespace octet::networks::onnx {

struct Origin {
  std::string module = {};  // path of the module that makes the call: "features.0"
  bool is_layer = false;    // one node, as torch.fx keeps modules of torch.nn; else the module's forward calls a function
};

class Names {
 public:
  explicit Names(const Model& model);

  Origin of(const Node& node) const;

 private:
  bool by_octet_;
  std::set<std::string> modules_, parents_;  // of dynamo=False: paths of modules that call, and of those around them
};

}  // namespace octet::networks::onnx
