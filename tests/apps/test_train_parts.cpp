// The parts of a training one by one: phases and learning rates as fastai has them, smoothed loss, log, confusion, interruption.
#include <csignal>

#include "apps/common/confusion.h"
#include "apps/common/interrupt.h"
#include "apps/train/history.h"
#include "apps/train/options.h"
#include "apps/train/training_state.h"
#include "loaders/checkpoints/safetensors.h"
#include "nn/layers/layers.h"
#include "nn/models/resnet.h"
#include "nn/optim/adamw.h"
#include "quant/formats/recognise.h"
#include "tests/apps/run.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace octet::test {
namespace {

using namespace apps;

/// Every step's learning rates and momentum against those that fastai's optimizer was given.
void check_schedule(const std::string& name, const TrainOptions& options) {
  const Golden golden("training/" + name);
  const Tensor steps = golden["steps"];  // [steps, 3 learning rates and the momentum]
  const int epochs = options.epochs + options.freeze_epochs;
  const auto per_epoch = static_cast<int>(steps.size(0)) / epochs;
  const double* want = steps.data<double>();
  for (const Phase& phase : phases(options))
    for (int epoch = 0; epoch < phase.epochs; ++epoch)
      for (int i = 0; i < per_epoch; ++i, want += 4) {
        const double x = (epoch + static_cast<double>(i) / per_epoch) / phase.epochs;
        for (size_t g = 0; g < kLayerGroups; ++g) EXPECT_NEAR(phase.lr[g] * phase.lr_factor(x) / want[g], 1, 1e-5) << name << x;
        EXPECT_NEAR(phase.momentum(x), want[3], 1e-6) << name << x;
      }
  EXPECT_EQ(want, steps.data<double>() + steps.numel());
}

TrainOptions options(int freeze_epochs, int epochs) {
  TrainOptions o;
  o.freeze_epochs = freeze_epochs;
  o.epochs = epochs;
  o.lr = 4e-3;
  return o;
}

TEST(Phases, FitOneCycleAsFastai) { check_schedule("fit_one_cycle", options(0, 3)); }
TEST(Phases, FineTuneAsFastai) { check_schedule("fine_tune", options(1, 2)); }

TEST(Phases, Constant) {
  TrainOptions o = options(0, 3);
  o.schedule = "constant";
  const Phase phase = phases(o).at(0);
  EXPECT_EQ(phase.lr_factor(0), 1);
  EXPECT_EQ(phase.lr_factor(1), 1);
  EXPECT_EQ(phase.momentum(0.3), 0.9);
}

TEST(Phases, SizesShareTheEpochs) {
  TrainOptions o = options(1, 6);
  o.sizes = {96, 128, 160};
  std::vector<int> sizes;
  for (int epoch = 0; epoch < 7; ++epoch) sizes.push_back(size_of_epoch(o, epoch));
  EXPECT_EQ(sizes, (std::vector<int>{96, 96, 96, 128, 128, 160, 160}));
}

TEST(SmoothLoss, AsFastai) {
  const Golden golden("training/fit_one_cycle");
  const Tensor losses = golden["losses"], smooth = golden["smooth"];  // smooth: after each epoch; losses: validation's too
  SmoothLoss loss;
  const int64_t epochs = smooth.numel(), steps = golden["steps"].size(0) / epochs, both = losses.numel() / epochs;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (int64_t i = 0; i < steps; ++i) loss.add(losses.data<double>()[epoch * both + i]);
    EXPECT_NEAR(loss.value(), smooth.data<double>()[epoch], 1e-6);
  }
}

TEST(LayerGroups, OfBothForms) {
  int count[2][kLayerGroups] = {};
  for (const auto& s : nn::FastaiResNet18(10).state()) ++count[0][nn::layer_group(s.key)];
  for (const auto& s : nn::ResNet18(10).state()) ++count[1][nn::layer_group(s.key)];
  for (int group = 0; group < 2; ++group) EXPECT_EQ(count[0][group], count[1][group]);
  EXPECT_EQ(count[1][2], 2);   // fc
  EXPECT_EQ(count[0][2], 12);  // two batch norms of five and two linear layers without bias
}

TEST(History, LogAndCurves) {
  const TemporaryFolder folder;
  write_log(folder / "log.csv", {{0, 96, 0.003, 1.5, 1.25, 0.5, 61.04}, {1, 128, 0, 1.25, 1, 0.75, 90}});
  EXPECT_EQ(read_text(folder / "log.csv"),
            "epoch,size,lr,train_loss,valid_loss,accuracy,seconds\n"
            "0,96,0.003,1.500000,1.250000,0.500000,61.0\n1,128,0,1.250000,1.000000,0.750000,90.0\n");
  const std::string svg = read_text(folder / "log.svg");
  EXPECT_TRUE(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
  for (const char* part : {"train_loss", "valid_loss", "accuracy", "<polyline"}) EXPECT_NE(svg.find(part), svg.npos) << part;
  EXPECT_EQ(svg.find("nan"), svg.npos);
  EXPECT_EQ(curves_svg({{0, 96, 0.003, 1.5, 1.5, 0.5, 61}}).find("nan"), svg.npos);  // one epoch, no range
}

TEST(Confusion, CountsAndPairs) {
  Confusion confusion(3);
  for (size_t answer : {0, 1, 1, 2}) confusion.add(0, answer);
  confusion.add(2, 0);
  confusion.add(1, 999);  // an answer that is none of the classes
  EXPECT_EQ(confusion.count(0, 1), 2);
  EXPECT_EQ(confusion.count(1, 3), 1);
  const auto pairs = confusion.most_confused();
  ASSERT_EQ(pairs.size(), 4u);
  EXPECT_EQ(pairs[0].truth, 0u);
  EXPECT_EQ(pairs[0].answer, 1u);
  EXPECT_EQ(pairs[0].count, 2);
}

TEST(Interrupt, IsRememberedOnlyInsideTheGuard) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const InterruptGuard guard;
    EXPECT_FALSE(InterruptGuard::requested());
    std::raise(signal);
    EXPECT_TRUE(InterruptGuard::requested());
  }
  std::signal(SIGHUP, SIG_IGN);  // as nohup has it
  {
    const InterruptGuard guard;
    std::raise(SIGHUP);
    EXPECT_FALSE(InterruptGuard::requested());
  }
  std::signal(SIGHUP, SIG_DFL);
  const InterruptGuard again;
  EXPECT_FALSE(InterruptGuard::requested());
}

TEST(TrainingState, RoundTripAndRefusals) {
  const TemporaryFolder folder;
  const std::string output = folder / "x.pth";
  nn::ResNet18 model(4);
  const auto make = [](nn::Module& m) { return nn::AdamW(nn::decay_groups(m.state(), 1e-3, 0.01), nn::AdamW::Options{}); };
  nn::AdamW optimizer = make(model);
  for (auto& group : optimizer.groups())
    for (auto& p : group.parameters) p.value.gradient()->value = Tensor::full(p.value.tensor().shape(), 0.5f);
  optimizer.step();
  TrainingPosition at{.epoch = 2,
                      .images = 64,
                      .seconds = 1.5,
                      .smooth_loss = {},
                      .history = {{0, 96, 0.1, 1. / 3, 2, 0.5, 9}, {1, 96, 0.1, 1, 2, 0.5, 9}}};
  at.smooth_loss.add(0.7);
  const Conditions conditions = {{"--lr", "0.001"}, {"--seed", "3"}};
  save_training(output, model, optimizer, at, conditions);

  nn::ResNet18 other(4);
  nn::AdamW restored = make(other);
  const TrainingPosition back = load_training(output, other, restored, conditions, {.epochs = 4, .images = 100});
  EXPECT_EQ(back.epoch, 2);
  EXPECT_EQ(back.images, 64u);
  EXPECT_EQ(back.smooth_loss.value(), at.smooth_loss.value());
  ASSERT_EQ(back.history.size(), 2u);
  EXPECT_EQ(back.history[0].train_loss, 1. / 3);  // every bit
  ASSERT_EQ(restored.state().size(), optimizer.state().size());
  for (const auto& [key, tensor] : optimizer.state()) EXPECT_TRUE(bits_equal(restored.state().at(key), tensor)) << key;
  EXPECT_TRUE(bits_equal(other.state()[0].value.tensor(), model.state()[0].value.tensor()));

  EXPECT_TRUE(fails_with(
      [&] {
        load_training(output, other, restored, {{"--lr", "0.1"}, {"--seed", "4"}}, {4, 100});
      },
      {"x.pth.resume", "--lr is 0.1 and was 0.001", "--seed is 4 and was 3"}));
  EXPECT_TRUE(fails_with(
      [&] {
        load_training(folder / "y.pth", other, restored, conditions, {4, 100});
      },
      {"y.pth.resume", "nothing to resume"}));
  nn::ResNet18 wider(5);
  nn::AdamW of_wider = make(wider);
  EXPECT_TRUE(fails_with(
      [&] {
        load_training(output, wider, of_wider, conditions, {4, 100});
      },
      {"size mismatch for 'fc.weight'"}));
  std::ofstream(folder / "z.pth.resume") << "not a training";
  EXPECT_TRUE(fails_with([&] { load_training(folder / "z.pth", other, restored, conditions, {4, 100}); }, {"z.pth.resume"}));

  // Numbers that no training writes.
  const auto with = [&](const std::string& from, const std::string& to) {
    loaders::SafeTensors file = loaders::load_safetensors(output + ".resume");
    std::string& json = file.metadata.at(quant::kTrainingMetadata);
    const size_t begin = json.find(from);
    EXPECT_NE(begin, json.npos) << from;
    if (begin != json.npos) json.replace(begin, from.size(), to);
    loaders::save_safetensors(folder / "w.pth.resume", file);
    return [&] { load_training(folder / "w.pth", other, restored, conditions, {4, 100}); };
  };
  for (const auto& [from, to, part] :
       std::vector<std::array<std::string, 3>>{{"\"epoch\":2", "\"epoch\":-3", "epoch -3"},
                                               {"\"epoch\":2", "\"epoch\":1e300", "epoch 1e+300"},
                                               {"\"epoch\":2", "\"epoch\":5", "expected an integer in 0..4"},
                                               {"\"images\":64", "\"images\":1000000000000000", "images 1000000000000000"},
                                               {"\"images\":64", "\"images\":64.5", "images 64.5"},
                                               {"\"epoch\":1", "\"epoch\":0", "epoch 0"},
                                               {"\"count\":1", "\"count\":-1", "count -1"},
                                               {"\"accuracy\":0.5", "\"accuracy\":7", "accuracy is 7"},
                                               {"\"seconds\":1.5", "\"seconds\":\"\\u001b[31m\"", "seconds is"},
                                               {"\"size\":96", "\"size\":99999999", "size 99999999"},
                                               {"\"history\":[", "\"history\":[[[[[[[[[[[", ".resume"},
                                               {"\"version\":1", "\"version\":[]", "version"}})
    EXPECT_TRUE(fails_with(with(from, to), {"w.pth.resume: ", part, "remove the file"})) << to;
  loaders::SafeTensors file = loaders::load_safetensors(output + ".resume");
  StateDict tensors;
  for (const StateEntry& e : file.tensors.entries())
    tensors.add({e.key, e.key.ends_with("fc.bias/mean") ? Tensor::full({}, 1) : e.tensor, {}});
  loaders::save_safetensors(folder / "w.pth.resume", {tensors, file.metadata});
  load_training(folder / "w.pth", other, restored, conditions, {4, 100});  // a scalar, such as a count of steps has
  for (auto& group : restored.groups())
    for (auto& p : group.parameters) p.value.gradient()->value = Tensor::full(p.value.tensor().shape(), 0.5f);
  EXPECT_TRUE(fails_with([&] { restored.step(); }, {"fc.bias/mean", "expected [4]"}));
}

}  // namespace
}  // namespace octet::test
