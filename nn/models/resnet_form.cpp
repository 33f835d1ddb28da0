#include "nn/models/resnet_form.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace octet::nn {
namespace {

constexpr int kFirstStage = 4;  // of fastai's body: behind the stem's convolution, batch norm, relu and pool

/// Where a key's block is: "layer2.1.conv1.weight" or "0.5.1.conv1.weight" are stage 1, index 1.
struct BlockPlace {
  size_t stage;
  int index;
};
std::optional<BlockPlace> block_of(const std::string& key, bool fastai) {
  const std::string_view prefix = fastai ? "0." : "layer";
  int stage = 0, index = 0;
  if (!key.starts_with(prefix) || std::sscanf(key.c_str() + prefix.size(), "%1d.%2d.", &stage, &index) != 2) return {};
  stage -= fastai ? kFirstStage : 1;
  if (stage < 0 || stage > 3 || index < 0) return {};
  return BlockPlace{static_cast<size_t>(stage), index};
}

/// A convolution of the first block of a stage.
const Tensor* first_block(const StateDict& state, bool fastai, size_t stage, const std::string& name) {
  const std::string path = fastai ? str("0.", kFirstStage + stage) : str("layer", stage + 1);
  return convolution(state, path + ".0." + name);
}

void read_widths(const StateDict& state, bool fastai, ResNetOptions& o) {
  if (const Tensor* stem = convolution(state, fastai ? "0.0" : "conv1")) {
    o.widths.stem = stem->size(0);
    o.widths.input = stem->size(1);
  }
  const char* last = o.block == Block::basic ? "conv2" : "conv3";
  for (size_t stage = 0; stage < o.blocks.size(); ++stage)
    if (const Tensor* t = first_block(state, fastai, stage, last)) o.widths.stages[stage] = t->size(0) / o.expansion();
}

/// Of a bottleneck's 3x3 convolution [width, width / groups, 3, 3].
void read_groups(const StateDict& state, bool fastai, ResNetOptions& o) {
  const Tensor* t = first_block(state, fastai, 0, "conv2");
  if (o.block == Block::basic || t == nullptr || o.widths.stages[0] == 0) return;
  constexpr int64_t kUsual = 64;  // channels at which a group has width_per_group
  o.groups = std::max<int64_t>(1, t->size(0) / t->size(1));
  o.width_per_group = t->size(0) / o.groups * kUsual / o.widths.stages[0];
}

}  // namespace

const Tensor* convolution(const StateDict& state, const std::string& path) {
  const StateEntry* entry = state.find(path + ".weight");
  return entry && entry->tensor.dim() == 4 && entry->tensor.numel() > 0 ? &entry->tensor : nullptr;
}

bool has_fastai_keys(const StateDict& state) { return state.find("0.0.weight") != nullptr; }

ResNetOptions resnet_options(const StateDict& state, bool fastai) {
  ResNetOptions options{.block = Block::basic, .blocks = {}};
  for (const StateEntry& entry : state.entries())
    if (const auto block = block_of(entry.key, fastai)) {
      int& blocks = options.blocks[block->stage];
      blocks = std::max(blocks, block->index + 1);
      if (entry.key.ends_with(".conv3.weight")) options.block = Block::bottleneck;
    }
  read_widths(state, fastai, options);
  read_groups(state, fastai, options);
  return options;
}

}  // namespace octet::nn
