#include "nn/models/head.h"

#include <algorithm>
#include <charconv>

#include "nn/layers/batch_norm.h"
#include "nn/layers/layers.h"
#include "nn/layers/linear.h"
#include "nn/layers/sequential.h"
#include "nn/models/resnet.h"
#include "tensor/text.h"

namespace octet::nn {
namespace {

using Kind = HeadLayer::Kind;

/// What follows a layer's path in its keys. A quantized linear layer's weight and bias are a tuple (loaders/checkpoints/pth.h).
constexpr std::string_view kWeights[] = {"._packed_params._packed_params.0", "._packed_params.weight", ".weight"};
constexpr std::string_view kBiases[] = {"._packed_params._packed_params.1", "._packed_params.bias", ".bias"};

template <size_t N>
const StateEntry* find_any(const StateDict& state, const std::string& path, const std::string_view (&endings)[N]) {
  for (const std::string_view ending : endings)
    if (const StateEntry* entry = state.find(path + std::string(ending))) return entry;
  return nullptr;
}

/// The layer with weights at that path; none if there is none, as for a Sequential.
std::optional<HeadLayer> layer_at(const StateDict& state, const std::string& path, const std::string& name) {
  const StateEntry* weight = find_any(state, path, kWeights);
  if (weight == nullptr) return std::nullopt;
  const Tensor& w = weight->tensor;
  if (state.find(path + ".running_mean")) return HeadLayer::batch_norm(name, w.numel());
  if (w.dim() == 2) return HeadLayer::linear(name, w.size(1), w.size(0), find_any(state, path, kBiases) != nullptr);
  return std::nullopt;
}

/// The number that a part is; none for a name.
std::optional<int> number_of(const std::string& part) {
  int number = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  constexpr int kMost = 1000;  // layers of a head
  if (error != std::errc() || end != part.data() + part.size() || number < 0 || number > kMost) return std::nullopt;
  return number;
}

/// Names of the next parts behind "PATH.": numbers in their order (a .safetensors has another), names in the order of the file.
std::vector<std::string> parts_below(const StateDict& state, const std::string& path) {
  std::vector<std::string> parts;
  for (const StateEntry& entry : state.entries()) {
    if (!entry.key.starts_with(path + ".")) continue;
    const std::string rest = entry.key.substr(path.size() + 1), part = rest.substr(0, rest.find('.'));
    if (rest.size() > part.size() && std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
  }
  if (std::ranges::all_of(parts, [](const std::string& part) { return number_of(part).has_value(); }))
    std::ranges::sort(parts, {}, [](const std::string& part) { return *number_of(part); });
  return parts;
}

/// Reads the tree and puts layers without weights into the places that are missing.
class Reader {
 public:
  Reader(const StateDict& state, const std::string& source, std::optional<int64_t> fastai_features)
      : state_(state), source_(source), fastai_features_(fastai_features) {}

  HeadLayer read(const std::string& path, const std::string& name) {
    if (auto layer = layer_at(state_, path, name)) {
      if (layer->kind == Kind::linear) needs_relu_ = true;
      return *layer;
    }
    const std::vector<std::string> parts = parts_below(state_, path);
    OCTET_CHECK(!parts.empty(), source_, ": ", quoted(path), " of the head is neither a linear layer nor a batch norm; ",
                kBringYourOwn);
    HeadLayer sequence = HeadLayer::plain(name, Kind::sequence);
    if (fastai_features_) begin_as_fastai(sequence, path, parts);
    for (const std::string& part : parts) {
      fill_up_to(sequence, part);
      sequence.inside.push_back(read(str(path, ".", part), part));
    }
    return sequence;
  }

 private:
  void begin_as_fastai(HeadLayer& sequence, const std::string& path, const std::vector<std::string>& parts) {
    const auto first = layer_at(state_, path + "." + parts[0], parts[0]);
    const bool both = first && first->in == 2 * *fastai_features_;
    sequence.inside = {HeadLayer::plain("0", both ? Kind::concat_pool : Kind::average_pool),
                       HeadLayer::plain("1", Kind::flatten)};
    fastai_features_.reset();  // not of sequences inside
  }

  void fill_up_to(HeadLayer& sequence, const std::string& part) {
    const auto place = number_of(part);
    if (!place) {  // layers with names do not say what stands between them
      if (needs_relu_ && !sequence.inside.empty()) add_relu(sequence, "before_" + part);
      return;
    }
    for (auto i = std::ssize(sequence.inside); i < *place; ++i)
      if (needs_relu_)
        add_relu(sequence, std::to_string(i));
      else
        sequence.inside.push_back(HeadLayer::plain(std::to_string(i), Kind::dropout));
  }

  void add_relu(HeadLayer& sequence, const std::string& name) {
    sequence.inside.push_back(HeadLayer::plain(name, Kind::relu));
    needs_relu_ = false;
  }

  const StateDict& state_;
  const std::string& source_;
  std::optional<int64_t> fastai_features_;
  bool needs_relu_ = false;  // a linear layer came, and no relu since
};

class HeadSequence : public Sequential {
 public:
  explicit HeadSequence(const HeadLayer& head) {
    for (const HeadLayer& layer : head.inside) adopt(layer.name, make_head(layer));
  }
};

/// Calls f with each layer that is no sequence, and its path below the head.
template <class Layer, class F>
void visit(Layer& layer, const std::string& path, F f) {
  if (layer.kind != Kind::sequence) return f(layer, path);
  for (auto& inner : layer.inside) visit(inner, path.empty() ? inner.name : path + "." + inner.name, f);
}

const char* name_of(Kind kind) {
  constexpr const char* kNames[] = {"linear", "batch norm", "relu", "dropout", "pool", "pool", "flatten", "sequence"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace

HeadLayer HeadLayer::sequence(std::string name, std::vector<HeadLayer> layers) {
  HeadLayer made = plain(std::move(name), Kind::sequence);
  for (HeadLayer& layer : layers) {
    layer.name = std::to_string(made.inside.size());
    made.inside.push_back(std::move(layer));
  }
  return made;
}

std::optional<HeadLayer> head_of(const StateDict& state, const std::string& path, const std::string& source,
                                 std::optional<int64_t> fastai_features) {
  if (!layer_at(state, path, path) && parts_below(state, path).empty()) return std::nullopt;
  return Reader(state, source, fastai_features).read(path, path);
}

std::unique_ptr<Module> make_head(const HeadLayer& head) {
  switch (head.kind) {
    case Kind::linear:
      return std::make_unique<Linear>(head.in, head.out, Linear::Options{.bias = head.bias});
    case Kind::batch_norm:
      return std::make_unique<BatchNorm>(head.in);
    case Kind::relu:
      return std::make_unique<ReLU>();
    case Kind::dropout:
      return std::make_unique<Dropout>(head.dropout);
    case Kind::concat_pool:
      return std::make_unique<AdaptiveConcatPool2d>();
    case Kind::average_pool:
      return std::make_unique<AdaptiveAvgPool2d>(ops::Size2(1, 1));
    case Kind::flatten:
      return std::make_unique<FastaiFlatten>();
    case Kind::sequence:
      return std::make_unique<HeadSequence>(head);
  }
  fail("make_head: layer of an unknown kind");
}

HeadLayer& classifier_of(HeadLayer& head) {
  HeadLayer* last = nullptr;
  visit(head, "", [&](HeadLayer& layer, const std::string&) {
    if (layer.kind == Kind::linear) last = &layer;
  });
  OCTET_CHECK(last != nullptr, "the head ", quoted(head.name), " has no linear layer");
  return *last;
}

std::string classifier_path(const HeadLayer& head) {
  std::string found;
  visit(head, "", [&](const HeadLayer& layer, const std::string& path) {
    if (layer.kind == Kind::linear) found = path;
  });
  return head.name + (found.empty() ? "" : "." + found);
}

int64_t features_into(const HeadLayer& head) {
  int64_t features = 0;
  bool concatenated = false;
  visit(head, "", [&](const HeadLayer& layer, const std::string&) {
    concatenated |= layer.kind == Kind::concat_pool;
    if (features == 0) features = layer.in;
  });
  return concatenated ? features / 2 : features;
}

bool same_layers(const HeadLayer& a, const HeadLayer& b) {
  return a.kind == b.kind && a.name == b.name && a.in == b.in && a.out == b.out && a.bias == b.bias &&
         std::ranges::equal(a.inside, b.inside, same_layers);
}

void check_chain(const HeadLayer& head, const std::string& source) {
  int64_t features = 0;
  visit(head, "", [&](const HeadLayer& layer, const std::string& path) {
    if (layer.in == 0) return;
    OCTET_CHECK(features == 0 || layer.in == features, source, ": size mismatch for '", head.name, ".", path, "': it takes ",
                layer.in, " features, and the layer before it gives ", features);
    features = layer.out;
  });
}

std::string describe(const HeadLayer& head) {
  std::string text;
  visit(head, "", [&](const HeadLayer& layer, const std::string& path) {
    const bool has_weights = layer.in > 0;
    text +=
        str(text.empty() ? "" : ", ", has_weights ? head.name + (path.empty() ? "" : "." + path) + " " : "", name_of(layer.kind));
  });
  return text;
}

}  // namespace octet::nn
