// Networks that are evaluated together, in turns on blocks of images, get what each gets by itself.
#include "apps/common/evaluate.h"

#include <gtest/gtest.h>

#include <numeric>

#include "nn/init.h"
#include "nn/models/resnet.h"
#include "nn/trace.h"
#include "tests/support/paths.h"

namespace octet::test {
namespace {

nn::Graph untrained_network(uint64_t seed) {
  nn::ResNet18 model(10);
  Generator generator(seed);
  nn::init::initialise(model, generator);
  model.eval();
  return nn::trace(model, Tensor::zeros({1, 3, 64, 64}));
}

TEST(Evaluate, NetworksTogetherAsEachByItself) {
  const loaders::ImageFolder images(source_dir() + "/data/imagenette-sample", "val", {.limit = 50});
  std::vector<int> outputs(images.classes().size());
  std::iota(outputs.begin(), outputs.end(), 0);
  const nn::Graph a = untrained_network(0), b = untrained_network(1);
  const auto evaluated = [&](const std::vector<const nn::Graph*>& graphs, size_t most_waiting) {
    return apps::evaluate(graphs, images, outputs,
                          {.batch_size = 16, .transform = {.size = 64}, .quiet = true, .most_waiting = most_waiting});
  };
  const size_t two_batches = 2 * 16 * 64 * 64 * 3;
  const apps::Evaluation of_a = evaluated({&a}, 0), of_b = evaluated({&b}, 0), both = evaluated({&a, &b}, two_batches);
  ASSERT_EQ(both.images, 50);
  EXPECT_EQ(both.loss, of_a.loss);
  EXPECT_EQ(both.images_of_class, of_a.images_of_class);
  EXPECT_EQ(both.scores[0].right_of_class, of_a.scores[0].right_of_class);
  EXPECT_EQ(both.scores[1].right_of_class, of_b.scores[0].right_of_class);
  EXPECT_EQ(both.scores[0].agree, 50);
  EXPECT_EQ(both.scores[1].agree, 50 - std::ssize(both.changed));
  EXPECT_GT(both.changed.size(), 0u) << "two untrained networks do not always agree";
}

}  // namespace
}  // namespace octet::test
