#include "nn/models/form.h"

#include <algorithm>
#include <cstdio>

#include "nn/models/alexnet.h"
#include "nn/models/guess.h"
#include "nn/models/mobilenet.h"
#include "nn/models/resnet_form.h"
#include "nn/models/vgg.h"
#include "tensor/text.h"

namespace octet::nn {
namespace {

constexpr const char* kTitles = "ResNet18 to ResNet152, ResNeXt, Wide ResNet, VGG11 to VGG19, AlexNet or MobileNetV2";
constexpr const char* kFastaiHead = "1";

/// The places of the convolutions in `features`, as VGGs and AlexNet have them.
std::vector<int> places_of_convolutions(const StateDict& state) {
  std::vector<int> places;
  for (const StateEntry& entry : state.entries()) {
    int place = 0, end = 0;
    if (entry.tensor.dim() == 4 && std::sscanf(entry.key.c_str(), "features.%3d.weight%n", &place, &end) == 1 &&
        end == std::ssize(entry.key))
      places.push_back(place);
  }
  std::ranges::sort(places);
  return places;
}

using Head = std::unique_ptr<Module>;

struct KnownNetwork {
  Network network;
  const char* name;
  const char *stem, *head;  // paths of the first convolution and of the head
  bool fastai;              // there is a form with fastai's head
  bool (*owns)(const StateDict&);
  Head (*make)(const Form&, Head);
  HeadLayer (*own_head)(int64_t features, int64_t classes);
  int64_t (*features)(const Form&);  // that the body gives
};

template <const ResNetOptions& kOptions>
ResNetOptions with_widths(const Form& form) {
  ResNetOptions options = kOptions;
  options.widths = form.widths;
  return options;
}

template <const ResNetOptions& kOptions>
constexpr KnownNetwork resnet(Network network, const char* name) {
  return {network,
          name,
          "conv1",
          "fc",
          true,
          [](const StateDict& state) {
            ResNetOptions found = resnet_options(state, has_fastai_keys(state));
            found.widths = {};
            return found == kOptions;
          },
          [](const Form& form, Head head) -> Head {
            const ResNetOptions options = with_widths<kOptions>(form);
            if (form.fastai_head) return std::make_unique<FastaiResNet>(options, std::move(head));
            return std::make_unique<ResNet>(options, std::move(head));
          },
          [](int64_t features, int64_t classes) { return HeadLayer::linear("fc", features, classes); },
          [](const Form& form) { return with_widths<kOptions>(form).features(); }};
}

template <const VggOptions& kOptions>
constexpr KnownNetwork vgg(Network network, const char* name) {
  return {network,
          name,
          "features.0",
          "classifier",
          false,
          [](const StateDict& state) { return places_of_convolutions(state) == Vgg::places(kOptions); },
          [](const Form& form, Head head) -> Head {
            VggOptions options = kOptions;
            options.in_channels = form.widths.input;
            return std::make_unique<Vgg>(options, std::move(head));
          },
          [](int64_t, int64_t classes) { return Vgg::head(classes); },
          [](const Form&) { return Vgg::kFeatures; }};
}

const KnownNetwork kNetworks[] = {
    resnet<kResNet18>(Network::resnet18, "resnet18"),
    resnet<kResNet34>(Network::resnet34, "resnet34"),
    resnet<kResNet50>(Network::resnet50, "resnet50"),
    resnet<kResNet101>(Network::resnet101, "resnet101"),
    resnet<kResNet152>(Network::resnet152, "resnet152"),
    resnet<kResNext50>(Network::resnext50_32x4d, "resnext50_32x4d"),
    resnet<kResNext101>(Network::resnext101_32x8d, "resnext101_32x8d"),
    resnet<kResNext101With64Groups>(Network::resnext101_64x4d, "resnext101_64x4d"),
    resnet<kWideResNet50>(Network::wide_resnet50_2, "wide_resnet50_2"),
    resnet<kWideResNet101>(Network::wide_resnet101_2, "wide_resnet101_2"),
    vgg<kVgg11>(Network::vgg11, "vgg11"),
    vgg<kVgg13>(Network::vgg13, "vgg13"),
    vgg<kVgg16>(Network::vgg16, "vgg16"),
    vgg<kVgg19>(Network::vgg19, "vgg19"),
    vgg<kVgg11Bn>(Network::vgg11_bn, "vgg11_bn"),
    vgg<kVgg13Bn>(Network::vgg13_bn, "vgg13_bn"),
    vgg<kVgg16Bn>(Network::vgg16_bn, "vgg16_bn"),
    vgg<kVgg19Bn>(Network::vgg19_bn, "vgg19_bn"),
    {Network::alexnet, "alexnet", "features.0", "classifier", false,
     [](const StateDict& state) {
       return places_of_convolutions(state) == std::vector{0, 3, 6, 8, 10};
     },
     [](const Form& form, Head head) -> Head { return std::make_unique<AlexNet>(form.widths.input, std::move(head)); },
     [](int64_t, int64_t classes) { return AlexNet::head(classes); }, [](const Form&) { return AlexNet::kFeatures; }},
    {Network::mobilenet_v2, "mobilenet_v2", "features.0.0", "classifier", false,
     [](const StateDict& state) { return convolution(state, "features.18.0") && convolution(state, "features.1.conv.0.0"); },
     [](const Form& form, Head head) -> Head {
       const auto activation = form.relu6_is_relu ? MobileNetV2::Activation::relu : MobileNetV2::Activation::relu6;
       return std::make_unique<MobileNetV2>(form.widths.input, std::move(head), activation);
     },
     [](int64_t, int64_t classes) { return MobileNetV2::head(classes); }, [](const Form&) { return MobileNetV2::kFeatures; }},
};

const KnownNetwork& known(Network network) {
  for (const KnownNetwork& n : kNetworks)
    if (n.network == network) return n;
  fail("network ", static_cast<int>(network), " has no row in nn/models/form.cpp");
}

HeadLayer own_head(const Form& form, int64_t classes) {
  const KnownNetwork& network = known(form.network);
  const int64_t features = network.features(form);
  return form.fastai_head ? fastai_head(features, classes) : network.own_head(features, classes);
}

/// PyTorch gives a quantized linear layer a bias of zeros where the float one has none.
HeadLayer without_biases(HeadLayer head) {
  head.bias = false;
  for (HeadLayer& inner : head.inside) inner = without_biases(std::move(inner));
  return head;
}

bool has_quantized_linear(const StateDict& state) {
  return std::ranges::any_of(state.entries(), [](const StateEntry& e) { return e.key.find("._packed_params.") != e.key.npos; });
}

/// The head of the file where it differs from the network's own in more than the number of classes.
std::optional<HeadLayer> unusual_head(const StateDict& state, const Form& form, const std::string& source) {
  const KnownNetwork& network = known(form.network);
  const int64_t features = network.features(form);
  auto head = head_of(state, form.fastai_head ? kFastaiHead : network.head, source,
                      form.fastai_head ? std::optional(features) : std::nullopt);
  if (!head) return std::nullopt;
  const std::string path = classifier_path(*head);
  OCTET_CHECK(features_into(*head) == features, source, ": size mismatch for the head ", quoted(head->name), ": it takes ",
              features_into(*head), " features, and the body of ", network.name, " gives ", features, "; ", kBringYourOwn);
  check_chain(*head, source);
  const HeadLayer usual = own_head(form, classifier_of(*head).out);
  const bool same =
      has_quantized_linear(state) ? same_layers(without_biases(*head), without_biases(usual)) : same_layers(*head, usual);
  return same ? std::nullopt : head;
}

Form form_by_row(const KnownNetwork& network, const StateDict& state, const std::string& source) {
  Form form{.network = network.network, .fastai_head = network.fastai && has_fastai_keys(state)};
  if (network.fastai)
    form.widths = resnet_options(state, form.fastai_head).widths;
  else if (const Tensor* stem = convolution(state, network.stem))
    form.widths.input = stem->size(1);
  form.head = unusual_head(state, form, source);
  form.relu6_is_relu = network.network == Network::mobilenet_v2 && state.find("quant.scale");
  return form;
}

std::string unknown_network(const StateDict& state) {
  if (const std::string name = guess_network(state); !name.empty()) return str(": it looks like ", name, "; ", kBringYourOwn);
  return str(", among its ", state.entries().size(), " keys",
             state.empty() ? "" : ", the first of which is '" + state.entries()[0].key + "'", "; ", kBringYourOwn);
}

}  // namespace

std::string Form::name() const {
  std::string text = known(network).name;
  if (head)
    text += fastai_head ? " with a fastai head of its own" : " with a head of its own";
  else if (fastai_head)
    text += " with fastai's head";
  const ResNetWidths usual{.input = widths.input};
  if (!(widths == usual)) text += str(", ", widths.stem, " channels in its stem and ", widths.stages[0], " in its first stage");
  if (widths.input != 3) text += str(", ", widths.input, " input channel", widths.input == 1 ? "" : "s");
  return text;
}

std::string Form::classifier() const { return classifier_path(head ? *head : own_head(*this, 1)); }

std::vector<std::string> Form::notes() const {
  if (!head) return {};
  const std::string layers = describe(*head);
  const bool assumed = layers.find("relu") != layers.npos;
  return {str("the head is not ", known(network).name, "'s own: ", layers,
              assumed ? "; a state_dict does not say what stands between linear layers, relu is taken for granted" : "")};
}

bool has_fastai_form(Network network) { return known(network).fastai; }

Form form_of(const StateDict& state, const std::string& source) {
  if (guess_network(state).empty())
    for (const KnownNetwork& network : kNetworks)
      if (network.owns(state)) return form_by_row(network, state, source);
  fail(source, ": not a checkpoint of ", kTitles, unknown_network(state));
}

bool has_classifier(const StateDict& state, const Form& form) { return state.find(form.classifier() + ".weight") != nullptr; }

int64_t classes_of(const StateDict& state, const Form& form, const std::string& source) {
  const std::string key = form.classifier() + ".weight";
  OCTET_CHECK(state.find(key), source, ": missing key ", quoted(key), " of ", form.name());
  const Tensor& t = state.find(key)->tensor;
  OCTET_CHECK(t.dim() == 2 && t.size(0) > 0, source, ": ", quoted(key), " has shape ", t.shape(),
              ", expected [classes, features]");
  return t.size(0);
}

std::unique_ptr<Module> make_model(const Form& form, int64_t classes) {
  const KnownNetwork& network = known(form.network);
  OCTET_CHECK(!form.fastai_head || network.fastai, network.name, ": there is no form with fastai's head");
  HeadLayer head = form.head ? *form.head : own_head(form, classes);
  classifier_of(head).out = classes;
  return network.make(form, make_head(head));
}

bool is_of_head(const Form& form, std::string_view key) {
  return key.starts_with(std::string(form.fastai_head ? kFastaiHead : known(form.network).head) + ".");
}

}  // namespace octet::nn
