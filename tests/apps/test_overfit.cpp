// A network that cannot learn 32 images by heart has a wrong gradient somewhere.
#include <gtest/gtest.h>

#include <numeric>

#include "loaders/datasets/batches.h"
#include "nn/init.h"
#include "nn/models/resnet.h"
#include "nn/optim/adamw.h"
#include "tests/support/paths.h"

namespace octet::test {
namespace {

TEST(Overfit, OneBatchOf32) {
  const loaders::ImageFolder images(source_dir() + "/data/imagenette-sample", "val", {.limit = 32});
  std::vector<size_t> indices(images.size());
  std::iota(indices.begin(), indices.end(), size_t{0});
  const loaders::Batch batch = *loaders::Batches(images, indices, {.batch_size = 32, .transform = {.size = 64}}).next();
  ASSERT_EQ(batch.labels.size(), 32u);

  nn::ResNet18 model(10);
  Generator generator(0);
  nn::init::initialise(model, generator);
  model.train();
  nn::AdamW optimizer(nn::decay_groups(model.state(), 1e-3, 0.01), nn::AdamW::Options{});
  std::vector<float> losses;
  do {
    nn::Recording recording(nn::Recording::Purpose::backward);
    const nn::Value value = nn::functional::cross_entropy(model(nn::Value(batch.images)), batch.labels);
    optimizer.clear_gradients();
    recording.backward(value);
    optimizer.step();
    losses.push_back(value.tensor().data<float>()[0]);
  } while (losses.size() < 60 && losses.back() >= 0.01f);
  EXPECT_GT(losses.front(), 1.5f);  // it knew nothing: ln 10 = 2.3
  EXPECT_LT(losses.back(), 0.01f) << testing::PrintToString(losses);
  RecordProperty("losses", testing::PrintToString(losses));
}

}  // namespace
}  // namespace octet::test
