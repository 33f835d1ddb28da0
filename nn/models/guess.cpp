#include "nn/models/guess.h"

#include <algorithm>
#include <string_view>

namespace octet::nn {
namespace {

struct Sign {
  std::string_view part;  // of a key
  const char* name;
};

/// The first that some key contains decides; none of them is in a key of the networks that octet has.
constexpr Sign kSigns[] = {
    {".denselayer1.", "a DenseNet"},
    {".expand1x1.", "a SqueezeNet"},
    {"inception3a.", "GoogLeNet"},
    {"Mixed_5b.", "Inception v3"},
    {"mixed_5b.", "an Inception network of timm"},
    {"stage2.0.branch", "a ShuffleNetV2"},
    {"trunk_output.block1", "a RegNet"},
    {"layers.8.0.layers.", "an MNASNet"},
    {"layers.MBconv.", "a MaxViT"},
    {"encoder_layer_0.self_attention", "a Vision Transformer of torchvision"},
    {"relative_position_bias_table", "a Swin Transformer"},
    {".attn.qkv.", "a Vision Transformer of timm"},
    {"patch_embeddings.", "a transformer of Hugging Face's library"},
    {"attention.self.query.", "a transformer of Hugging Face's library"},
    {"embedder.embedder.", "a ResNet of Hugging Face's transformers, whose keys are others than torchvision's"},
    {"visual.transformer.", "CLIP"},
    {"layer_scale", "a ConvNeXt of torchvision"},
    {"stages.0.0.dwconv.", "a ConvNeXt"},
    {"stages.0.blocks.0.", "a network of timm in stages, such as ConvNeXt"},
    {"_depthwise_conv.", "an EfficientNet of efficientnet_pytorch"},
    {"conv_stem.", "an EfficientNet, MobileNet or similar network of timm"},
    {"features.1.0.block.", "an EfficientNet of torchvision"},
    {"features.1.block.", "a MobileNetV3 of torchvision"},
    {".dfl.conv.", "a YOLO of ultralytics"},
    {".cv1.conv.", "a YOLO of ultralytics"},
    {"rpn.head.", "a detection network of torchvision"},
    {"head.classification_head.", "a detection network of torchvision"},
    {"aux_classifier.", "a segmentation network"},
    {"classifier.0.convs.", "a segmentation network"},
    {".double_conv.", "a U-Net"},
    {"down_blocks.", "a network of the diffusers library"},
    {"pre_logits.fc1.", "a VGG of timm, whose head has other keys than torchvision's"},
    {".se.fc", "a ResNet with squeeze-and-excitation"},
    {".se_module.", "a ResNet with squeeze-and-excitation"},
    {".shortcut.0.", "a ResNet for small images such as CIFAR's, which has other keys and strides than torchvision's"},
};

bool any_key(const StateDict& state, auto matches) {
  return std::ranges::any_of(state.entries(), [&](const StateEntry& e) { return matches(std::string_view(e.key)); });
}

}  // namespace

std::string guess_network(const StateDict& state) {
  for (const Sign& sign : kSigns)
    if (any_key(state, [&](std::string_view key) { return key.find(sign.part) != key.npos; })) return sign.name;
  if (state.find("conv1.0.weight") && state.find("layer1.0.conv1.weight"))
    return "a ResNet of timm with a stem of several convolutions";
  if (state.find("layer3.0.conv1.weight") && !any_key(state, [](std::string_view key) { return key.starts_with("layer4."); }))
    return "a ResNet with three stages, as for CIFAR";
  if (any_key(state, [](std::string_view key) { return key.starts_with("backbone.") || key.starts_with("encoder."); }))
    return "a network around a backbone";
  return "";
}

}  // namespace octet::nn
