// open_checkpoint, load_checkpoint and check_finite.
#include "loaders/checkpoints/checkpoint.h"

#include <cmath>

#include "builders.h"
#include "loaders/checkpoints/safetensors.h"
#include "tests/support/golden.h"

namespace octet::loaders {
namespace {

using test::fails_with;

TEST(Checkpoint, ReadsSafetensorsUnderAnyName) {
  const TemporaryFolder folder;
  SafeTensors file;
  file.tensors.add({"w", Tensor::from({1, 2}, {2}), {}});
  save_safetensors(folder / "model.pth", file);
  EXPECT_TRUE(build::same(load_checkpoint(folder / "model.pth"), file.tensors));
}

TEST(Checkpoint, OpenedWithItsMetadataOrItsNotes) {
  const TemporaryFolder folder;
  SafeTensors file;
  file.tensors.add({"w", Tensor::from({1, 2}, {2}), {}});
  file.metadata["format"] = "pt";
  save_safetensors(folder / "model", file);
  EXPECT_EQ(open_checkpoint(folder / "model").metadata, file.metadata);
  const Checkpoint wrapped = open_checkpoint(test::golden_path("loaders/parallel.pth"));  // its keys begin with "module."
  EXPECT_EQ(wrapped.notes.size(), 1u);
  EXPECT_TRUE(wrapped.metadata.empty());
  std::vector<std::string> notes = {"one before"};
  EXPECT_TRUE(build::same(load_checkpoint(test::golden_path("loaders/parallel.pth"), &notes), wrapped.tensors));
  EXPECT_EQ(notes.size(), 2u);
  EXPECT_TRUE(fails_with([] { open_checkpoint("/missing"); }, {"/missing", "No such file"}));
}

TEST(Checkpoint, NonFiniteValuesAreListed) {
  StateDict state;
  state.add({"good", Tensor::from({1, -2}, {2}), {}});
  state.add({"bn.running_var", Tensor::from({1, -0.5f, 2}, {3}), {}});
  state.add({"bad", Tensor::from({NAN, 1, INFINITY}, {3}), {}});
  state.add({"half", Tensor::from<uint16_t>({0x7e00}, {1}, DType::f16), {}});
  EXPECT_TRUE(fails_with([&] { check_finite(state, "c.pth"); },
                         {"c.pth: ", "'bn.running_var' has 1", "'bad' has 2", "of 3", "'half' has 1"}));
  StateDict fine;
  fine.add({"w", Tensor::from({1, -2}, {2}), {}});
  fine.add({"n", Tensor::from<int64_t>({-1}, {1}, DType::i64), {}});
  EXPECT_NO_THROW(check_finite(fine, "c.pth"));
}

TEST(Checkpoint, LongListsOfBadTensorsAreCut) {
  StateDict state;
  for (int i = 0; i < 15; ++i) state.add({"t" + std::to_string(i), Tensor::from({NAN}, {1}), {}});
  EXPECT_TRUE(fails_with([&] { check_finite(state, "c.pth"); }, {"'t9'", "and 5 more"}));
}

}  // namespace
}  // namespace octet::loaders
