// The state of a training: its metadata. Tensors are right, so that the bytes reach the numbers.
#include "apps/train/training_state.h"
#include "loaders/checkpoints/safetensors.h"
#include "nn/layers/linear.h"
#include "nn/optim/adamw.h"
#include "quant/formats/recognise.h"
#include "tests/fuzz/fuzz.h"

using namespace octet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string kFolder = "/dev/shm/octet-fuzz-" + std::to_string(::getpid());
  nn::Linear model(2, 2);
  nn::AdamW optimizer(nn::decay_groups(model.state(), 1e-3, 0.01), {});
  fuzz::allow_errors([&] {
    loaders::SafeTensors file;
    for (const nn::Module::State& s : model.state()) file.tensors.add({"model/" + s.key, s.value.tensor(), {}});
    file.metadata[quant::kTrainingMetadata] = std::string(data, data + size);
    loaders::save_safetensors(apps::resume_file(kFolder), file);
    apps::load_training(kFolder, model, optimizer, {{"--lr", "1"}}, {.epochs = 5, .images = 100});
  });
  ::unlink(apps::resume_file(kFolder).c_str());
  return 0;
}
