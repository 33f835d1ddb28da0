#include "quant/formats/from_pytorch.h"

#include <algorithm>
#include <set>

#include "quant/formats/pytorch_keys.h"
#include "quant/passes/prepare.h"
#include "tensor/text.h"

namespace octet::quant {
namespace {

/// Reads entries by key, remembers which were read, and collects what is missing.
class Reader {
 public:
  explicit Reader(const StateDict& state) : state_(state) {}

  const StateDict& state() const { return state_; }

  const StateEntry* get(const std::string& key) {
    const StateEntry* entry = state_.find(key);
    if (entry == nullptr)
      problem("missing key '" + key + "'");
    else
      used_.insert(key);
    return entry;
  }

  const StateEntry* get_if_present(const std::string& key) { return state_.find(key) ? get(key) : nullptr; }

  /// The one number of an entry.
  double number(const std::string& key) {
    const StateEntry* entry = get(key);
    if (entry == nullptr) return 1;
    if (entry->tensor.numel() != 1 || entry->qparams) {
      problem(str(quoted(key), " has shape ", entry->tensor.shape(), ", expected one number"));
      return 1;
    }
    return entry->tensor.to(DType::f64).data<double>()[0];
  }

  QParams qparams(const std::string& scale_key, const std::string& zero_point_key) {
    const QParams q{static_cast<float>(number(scale_key)), static_cast<int32_t>(number(zero_point_key))};
    if (!problems_.empty()) return {};
    ops::int8::check_qparams(q, DType::quint8, "'" + scale_key + "'");
    return q;
  }

  void problem(const std::string& text) { problems_ += (problems_.empty() ? "" : "; ") + text; }

  void finish(const std::string& source) {
    for (const StateEntry& entry : state_.entries())
      if (!used_.contains(entry.key)) problem("unexpected key '" + entry.key + "'");
    OCTET_CHECK(problems_.empty(), source, ": does not fit the quantized model: ", problems_);
  }

 private:
  const StateDict& state_;
  std::set<std::string> used_;
  std::string problems_;
};

LayerWeights read_weights(Reader& reader, const nn::Node& layer) {
  const bool packed = nn::is<nn::op::Linear>(layer.op);
  const auto key_of = [&](const auto& endings, const char* plain) {
    const StateEntry* entry = packed ? find_packed(reader.state(), layer.target, endings) : nullptr;
    return entry ? entry->key : layer.target + (packed ? endings[0] : plain);
  };
  const std::string key = key_of(kPackedWeights, ".weight");
  const Shape shape = layer.parameter("weight").shape();
  LayerWeights dummy{Tensor::zeros(shape, DType::qint8), {1.0f}, {}};  // stands in until finish() reports the problem
  const StateEntry* weight = reader.get(key);
  const StateEntry* bias = reader.get_if_present(key_of(kPackedBiases, ".bias"));
  if (bias && !bias->tensor.defined()) bias = nullptr;
  if (weight == nullptr) return dummy;
  if (!weight->qparams || weight->tensor.dtype() != DType::qint8 || weight->tensor.shape() != shape) {
    reader.problem(str(quoted(key), " is ", weight->tensor.dtype(), " ", weight->tensor.shape(), ", expected qint8 ", shape));
    return dummy;
  }
  const StoredQParams& q = *weight->qparams;
  if (std::any_of(q.zero_points.begin(), q.zero_points.end(), [](int64_t z) { return z != 0; }) || q.axis.value_or(0) != 0) {
    reader.problem("'" + key + "' is not quantized symmetrically along its output channels (zero points 0, axis 0)");
    return dummy;
  }
  const int64_t channels = nn::output_channels(layer.op, layer.parameter("weight"));
  if (bias && (bias->tensor.dtype() != DType::f32 || bias->tensor.shape() != Shape{channels})) {
    reader.problem(
        str(quoted(bias->key), " is ", bias->tensor.dtype(), " ", bias->tensor.shape(), ", expected float32 [", channels, "]"));
    return dummy;
  }
  return {weight->tensor, {q.scales.begin(), q.scales.end()}, bias ? bias->tensor : Tensor()};
}

/// Float parameters of the int8 graph: of batch norms that follow no convolution, of other norms, and constants.
void read_float_parameters(Reader& reader, nn::Graph& prepared) {
  const auto read = [&](const std::string& key, Tensor& tensor) {
    const StateEntry* entry = reader.get(key);
    if (entry == nullptr) return;
    if (entry->tensor.shape() != tensor.shape() || !is_floating_point(entry->tensor.dtype()))
      reader.problem(
          str(quoted(key), " is ", entry->tensor.dtype(), " ", entry->tensor.shape(), ", expected float32 ", tensor.shape()));
    else
      tensor = entry->tensor.to(DType::f32);
  };
  for (nn::Node& node : prepared.nodes()) {
    if (const auto key = node.meta.find(nn::kConstantKey); key != node.meta.end())
      read(key->second, node.parameters.at("constant"));
    if (!nn::is<nn::op::BatchNorm>(node.op) && !nn::is<nn::op::GroupNorm>(node.op) && !nn::is<nn::op::LayerNorm>(node.op))
      continue;
    for (auto& [name, tensor] : node.parameters) read(node.target + "." + name, tensor);
    reader.get_if_present(node.target + ".num_batches_tracked");
  }
}

/// A FloatFunctional that no forward calls has numbers all the same: that of MobileNetV2's blocks without a shortcut.
void pass_over_functionals(Reader& reader) {
  for (const StateEntry& entry : reader.state().entries())
    for (const std::string_view ending : {".scale", ".zero_point"})
      if (entry.key.ends_with(ending) &&
          !find_packed(reader.state(), entry.key.substr(0, entry.key.size() - ending.size()), kPackedWeights))
        reader.get(entry.key);
}

/// quantize_dynamic makes int8 weights of linear layers alone, and no scales of activations.
void refuse_dynamic(const StateDict& state, const std::string& source) {
  const auto convolutions = [&](bool quantized) {
    return std::ranges::any_of(state.entries(),
                               [&](const StateEntry& e) { return e.tensor.dim() == 4 && e.qparams.has_value() == quantized; });
  };
  OCTET_CHECK(convolutions(true) || !convolutions(false), source,
              ": quantized dynamically: its convolutions are float, only linear layers are int8; quantize the float checkpoint: ",
              "quantize --weights FILE");
}

}  // namespace

int64_t outputs_from_pytorch(const StateDict& state, const std::string& layer, const std::string& source) {
  const StateEntry* weight = find_packed(state, layer, kPackedWeights);
  OCTET_CHECK(weight && weight->tensor.dim() >= 2, source, ": missing key '", layer, kPackedWeight,
              "' of a quantized layer, or it is not [outputs, inputs, ...]");
  return weight->tensor.size(0);
}

nn::Graph graph_from_pytorch(const nn::Graph& traced, const StateDict& state, Engine engine, const std::string& source) {
  nn::Graph prepared = prepare(traced, get_default_qconfig_mapping("qnnpack"));

  refuse_dynamic(state, source);
  const bool eager = is_eager(state);
  Reader reader(state);
  read_float_parameters(reader, prepared);
  nn::Graph graph = convert(prepared, {.activation =
                                           [&](const nn::Node& observer) {
                                             const QParamKeys keys = eager ? eager_qparam_keys(prepared, observer, state)
                                                                           : qparam_keys(prepared, observer);
                                             return reader.qparams(keys.scale, keys.zero_point);
                                           },
                                       .weights = [&](const nn::Node& layer) { return read_weights(reader, layer); },
                                       .engine = engine});
  if (eager) pass_over_functionals(reader);
  reader.finish(source);
  return graph;
}

}  // namespace octet::quant
