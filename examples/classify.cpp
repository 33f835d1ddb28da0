// classify: an int8 model in a program of one's own. Usage: classify model.safetensors image.jpg ...
//
// The model is what `quantize --output` wrote: it says itself how large its images are and what its classes are called
// (loaders/checkpoints/model_card.h). Prints each image's class and its probability.
#include <algorithm>
#include <iostream>

#include "loaders/checkpoints/model_card.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/file.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/runner.h"
#include "ops/elementwise.h"
#include "ops/softmax.h"
#include "quant/formats/model_file.h"

using namespace octet;

namespace {

/// [1, 3, 224, 224] or what the model was trained with: cropped, resized, normalized.
Tensor load_image(const std::string& path, const loaders::ImageTransform& transform) {
  const loaders::File file(path);
  const std::span bytes(reinterpret_cast<const uint8_t*>(file.bytes().data()), file.bytes().size());
  return loaders::to_tensor(loaders::decode_image(bytes, path), transform);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: classify model.safetensors image.jpg ...\n";
    return 2;
  }
  try {
    const loaders::SafeTensors file = loaders::load_safetensors(argv[1]);
    const loaders::ModelCard card = loaders::find_card(file.metadata, argv[1]).value_or(loaders::ModelCard{});
    const nn::Graph graph = nn::optimize_for_inference(quant::load_graph({file.tensors, file.metadata}, argv[1]));
    nn::Runner run(graph);  // keeps what it needs from one image to the next
    for (int i = 2; i < argc; ++i) {
      const Tensor probabilities = ops::softmax(run(load_image(argv[i], card.input)));  // [1, classes]
      const auto best = static_cast<size_t>(ops::argmax(probabilities).front());
      const std::string name = best < card.classes.size() ? card.classes[best] : "class " + std::to_string(best);
      std::cout << argv[i] << ": " << loaders::printable(name) << ", " << 100 * probabilities.data<float>()[best] << " %\n";
    }
    return 0;
  } catch (const Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
