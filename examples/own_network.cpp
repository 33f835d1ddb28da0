// own_network: a network of one's own in octet, from its definition to int8, in one file.
//
//   define -> train -> quantize -> check by hand -> compare float and int8 -> write model.safetensors
// The images are stripes, across, down or aslant, under noise; the network says which. PyTorch would do the same with
// torch.nn.Module, get_default_qconfig_mapping("qnnpack"), prepare_fx and convert_fx.
#include <iostream>

#include "loaders/checkpoints/safetensors.h"
#include "nn/graph/executor.h"
#include "nn/init.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/layers.h"
#include "nn/layers/linear.h"
#include "nn/layers/sequential.h"
#include "nn/optim/adamw.h"
#include "nn/trace.h"
#include "ops/elementwise.h"
#include "quant/checks/verify_by_hand.h"
#include "quant/formats/model_file.h"
#include "quant/passes/calibrate.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tensor/random.h"

using namespace octet;

namespace {

constexpr int kClasses = 3, kSide = 32;

/// Three convolutions, the last two around a shortcut, and a linear layer on the mean of all pixels.
class StripeNet : public nn::Module {
 public:
  StripeNet()
      : stem_(add<nn::Sequential>("stem")),
        block_(add<nn::Sequential>("block")),
        relu_(add<nn::ReLU>("relu")),
        pool_(add<nn::AdaptiveAvgPool2d>("pool", 1)),
        fc_(add<nn::Linear>("fc", 16, kClasses)) {
    stem_.append<nn::Conv2d>(3, 16, nn::Conv2d::Options{.kernel = 5, .stride = 2, .padding = 2, .bias = false});
    stem_.append<nn::BatchNorm>(16);
    stem_.append<nn::ReLU>();
    for (const bool last : {false, true}) {
      block_.append<nn::Conv2d>(16, 16, nn::Conv2d::Options{.kernel = 3, .padding = 1, .bias = false});
      block_.append<nn::BatchNorm>(16);
      if (!last) block_.append<nn::ReLU>();
    }
  }

 protected:
  nn::Value forward(const nn::Value& x) override {
    const nn::Value y = stem_(x);                                  // [N, 16, 16, 16]
    const nn::Value z = relu_(nn::functional::add(block_(y), y));  // [N, 16, 16, 16]
    return fc_(nn::functional::flatten(pool_(z)));                 // [N, 16, 1, 1] -> [N, 16] -> [N, 3]
  }

 private:
  nn::Sequential &stem_, &block_;
  nn::ReLU& relu_;
  nn::AdaptiveAvgPool2d& pool_;
  nn::Linear& fc_;
};

struct Stripes {
  Tensor images;            // [N, 3, 32, 32]
  std::vector<int> labels;  // 0 across, 1 down, 2 aslant
};

Stripes make_stripes(int64_t count, Generator& generator) {
  Stripes s{randn({count, 3, kSide, kSide}, generator), {}};
  float* x = s.images.data<float>();
  for (int64_t n = 0; n < count; ++n) {
    s.labels.push_back(static_cast<int>(generator.below(kClasses)));
    const int start = static_cast<int>(generator.below(8));
    for (int channel = 0; channel < 3; ++channel)
      for (int i = 0; i < kSide; ++i)
        for (int j = 0; j < kSide; ++j) {
          const int along = s.labels.back() == 0 ? i : s.labels.back() == 1 ? j : i + j;
          *x++ += (along + start) % 8 < 4 ? 0.2f : -0.2f;
        }
  }
  return s;
}

void train(StripeNet& net, Generator& generator) {
  nn::AdamW optimizer(nn::decay_groups(net.parameters(), /*lr=*/1e-2, /*weight_decay=*/1e-2), {});
  net.train();
  for (int step = 0; step <= 60; ++step) {
    const Stripes batch = make_stripes(32, generator);
    nn::Recording recording(nn::Recording::Purpose::backward);
    const nn::Value loss = nn::functional::cross_entropy(net(nn::Value(batch.images)), batch.labels);
    recording.backward(loss);
    optimizer.step();
    optimizer.clear_gradients();
    if (step % 20 == 0) std::cout << "step " << step << ": loss " << *loss.tensor().data<float>() << "\n";
  }
  net.eval();
}

int64_t count_right(const nn::Graph& graph, const Stripes& test) {
  const std::vector<int> answers = ops::argmax(nn::run(graph, test.images));
  int64_t right = 0;
  for (size_t i = 0; i < answers.size(); ++i) right += answers[i] == test.labels[i];
  return right;
}

void run() {
  Generator generator(1);
  StripeNet net;
  nn::init::initialise(net, generator);
  train(net, generator);

  const nn::Graph traced = nn::trace(net, Tensor::zeros({1, 3, kSide, kSide}));
  const quant::QConfigMapping qconfig = quant::get_default_qconfig_mapping("qnnpack");
  nn::Graph prepared = quant::prepare(traced, qconfig);
  int batches = 8;
  quant::calibrate(prepared, [&] { return batches-- > 0 ? std::optional(make_stripes(32, generator).images) : std::nullopt; });
  const nn::Graph int8 = quant::convert(prepared, qconfig);

  const Stripes test = make_stripes(500, generator);
  const quant::HandCheck check = quant::verify_first_layer(int8, test.images.slice(0, 1)).value();
  std::cout << "first layer by hand: " << check.equal << " of " << check.total << " outputs equal the int8 layer's\n"
            << "right answers of 500: float " << count_right(traced, test) << ", int8 " << count_right(int8, test) << "\n";

  const quant::SavedModel saved = quant::save_graph(int8, {{"source", "own_network"}});
  loaders::save_safetensors("model.safetensors", {saved.tensors, saved.metadata});
  std::cout << "wrote model.safetensors\n";
}

}  // namespace

int main() {
  try {
    run();
    return 0;
  } catch (const Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
