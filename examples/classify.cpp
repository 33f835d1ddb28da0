// classify: an int8 model in a program of one's own. Usage: classify model.safetensors image.jpg ...
//
// The model is what `quantize --output` or quant/formats/model_file.h wrote. Prints each image's class, by number, and its
// probability.
#include <algorithm>
#include <iostream>

#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/file.h"
#include "loaders/images/resize.h"
#include "loaders/images/transforms.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/runner.h"
#include "ops/elementwise.h"
#include "quant/formats/model_file.h"

using namespace octet;

namespace {

constexpr int kSide = 224;

nn::Graph load(const std::string& path) {
  loaders::SafeTensors file = loaders::load_safetensors(path);
  return nn::optimize_for_inference(quant::load_graph({std::move(file.tensors), std::move(file.metadata)}, path));
}

/// [1, 3, 224, 224], as the model was trained: cropped, resized, normalized.
Tensor load_image(const std::string& path) {
  const loaders::File file(path);
  const std::span bytes(reinterpret_cast<const uint8_t*>(file.bytes().data()), file.bytes().size());
  Tensor x({1, 3, kSide, kSide});
  loaders::to_normalized(loaders::crop_and_resize(loaders::decode_image(bytes, path), kSide), x.data<float>());
  return x;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: classify model.safetensors image.jpg ...\n";
    return 2;
  }
  try {
    const nn::Graph graph = load(argv[1]);
    nn::Runner run(graph);  // keeps what it needs from one image to the next
    for (int i = 2; i < argc; ++i) {
      const Tensor probabilities = ops::softmax(run(load_image(argv[i])));  // [1, classes]
      const int best = ops::argmax(probabilities).front();
      std::cout << argv[i] << ": class " << best << ", " << 100 * probabilities.data<float>()[best] << " %\n";
    }
    return 0;
  } catch (const Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
