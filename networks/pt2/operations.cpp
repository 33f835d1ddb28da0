// A row of the table is an operation of ATen and the function that makes octet's op of a call. Names of arguments and defaults are
// those of PyTorch's aten/src/ATen/native/native_functions.yaml.
#include "networks/pt2/operations.h"

#include <algorithm>
#include <numeric>

#include "loaders/files/bytes.h"
#include "ops/support/broadcast.h"

namespace octet::networks {
namespace {

namespace op = nn::op;

Made with_parameters(nn::Op made, std::string input, std::initializer_list<std::pair<const char*, Tensor>> tensors) {
  Made result{std::move(made), {std::move(input)}};
  for (const auto& [name, tensor] : tensors)
    if (tensor.defined()) result.parameters[name] = tensor;
  return result;
}

Tensor weight_of(const Arguments& a, int64_t dims) {
  const Tensor weight = a.tensor("weight");
  OCTET_CHECK(weight.defined() && weight.dim() == dims, "its weight is ", weight.defined() ? str(weight.shape()) : "missing",
              ", expected ", dims, " dimensions");
  return weight;
}

/// "valid", "same", or numbers. same: an output as large as the input.
ops::Size2 padding_of(const Arguments& a, const Tensor& weight, const ops::Conv2dOptions& o) {
  const auto it = a.call().arguments.find("padding");
  const auto* text = it == a.call().arguments.end() ? nullptr : std::get_if<std::string>(&it->second);
  if (text == nullptr) return a.size2("padding", 0);
  if (*text == "valid") return 0;
  const int64_t h = (weight.size(2) - 1) * o.dilation.h, w = (weight.size(3) - 1) * o.dilation.w;
  OCTET_CHECK(*text == "same" && h % 2 == 0 && w % 2 == 0 && o.stride == ops::Size2(1), "padding ", loaders::quoted(*text),
              " of a kernel over ", h + 1, " x ", w + 1, " is not supported, expected an odd size and stride 1");
  return h == w ? ops::Size2(h / 2) : ops::Size2(h / 2, w / 2);
}

Made conv2d(const Arguments& a) {
  const Tensor weight = weight_of(a, 4);
  const std::string input = a.value("input");
  OCTET_CHECK(a.shape(input).size() == 4, "a convolution of ", a.shape(input), " is not supported, expected [N, C, H, W]");
  op::Conv2d conv{{.stride = a.size2("stride", 1), .groups = a.integer("groups", 1), .dilation = a.size2("dilation", 1)}};
  conv.options.padding = padding_of(a, weight, conv.options);
  return with_parameters(conv, input, {{"weight", weight}, {"bias", a.tensor("bias")}});
}

Made linear(const Arguments& a) {
  const std::string input = a.value("input");
  OCTET_CHECK(a.shape(input).size() == 2, "a linear layer over ", a.shape(input), " is not supported, expected [N, C]");
  return with_parameters(op::Linear{}, input, {{"weight", weight_of(a, 2)}, {"bias", a.tensor("bias")}});
}

Made batch_norm(const Arguments& a) {
  OCTET_CHECK(!a.flag("training", false), "is in training mode; call model.eval() before torch.export.export");
  const Tensor mean = a.tensor("running_mean"), var = a.tensor("running_var");
  OCTET_CHECK(mean.defined() && var.defined(), "has no running statistics, which octet's batch norm needs");
  const Tensor weight = a.tensor("weight"), bias = a.tensor("bias");
  const std::string input = a.value("input");
  const size_t dims = a.shape(input).size();
  OCTET_CHECK(dims == 2 || dims == 4, "batch norm of ", a.shape(input), " is not supported, expected [N, C] or [N, C, H, W]");
  return with_parameters(op::BatchNorm{.eps = static_cast<float>(a.real("eps", 1e-5)),
                                       .momentum = static_cast<float>(a.real("momentum", 0.1)),
                                       .dims = dims == 2 ? 1 : 2},
                         input,
                         {{"weight", weight.defined() ? weight : Tensor::full(mean.shape(), 1)},
                          {"bias", bias.defined() ? bias : Tensor::zeros(mean.shape())},
                          {"running_mean", mean},
                          {"running_var", var}});
}

Made relu(const Arguments& a) { return {op::Relu{}, {a.value("self")}}; }
Made relu6(const Arguments& a) { return {op::Relu6{}, {a.value("self")}}; }
Made sigmoid(const Arguments& a) { return {op::Sigmoid{}, {a.value("self")}}; }
Made tanh(const Arguments& a) { return {op::Tanh{}, {a.value("self")}}; }
Made hardsigmoid(const Arguments& a) { return {op::Hardsigmoid{}, {a.value("self")}}; }
Made hardswish(const Arguments& a) { return {op::Hardswish{}, {a.value("self")}}; }
Made silu(const Arguments& a) { return {op::Silu{}, {a.value("self")}}; }

Made leaky_relu(const Arguments& a) {
  return {op::LeakyRelu{static_cast<float>(a.real("negative_slope", 0.01))}, {a.value("self")}};
}

Made gelu(const Arguments& a) {
  const std::string approximate = a.text("approximate", "none");
  OCTET_CHECK(approximate == "none" || approximate == "tanh", "approximate ", loaders::quoted(approximate),
              " is not supported, expected 'none' or 'tanh'");
  return {op::Gelu{approximate == "tanh"}, {a.value("self")}};
}

Made hardtanh(const Arguments& a) {
  const double low = a.real("min_val", -1), high = a.real("max_val", 1);
  OCTET_CHECK(low <= high, "hardtanh from ", low, " to ", high, ", expected the lower bound first");
  if (low == 0 && high == 6) return relu6(a);
  return {op::Hardtanh{static_cast<float>(low), static_cast<float>(high)}, {a.value("self")}};
}

Made max_pool2d(const Arguments& a) {
  a.no_dilation();
  const ops::Size2 kernel = a.size2("kernel_size", 1);
  return {op::MaxPool2d{{.kernel = kernel,
                         .stride = a.size2("stride", kernel),
                         .padding = a.size2("padding", 0),
                         .ceil_mode = a.flag("ceil_mode", false)}},
          {a.value("self")}};
}

Made avg_pool2d(const Arguments& a) {
  const ops::Size2 kernel = a.size2("kernel_size", 1);
  const int64_t divisor = a.integer("divisor_override", 0);
  OCTET_CHECK(divisor >= 0 && divisor <= ops::kLargestWindow, "divisor_override ", divisor, " is not supported, expected 1 to ",
              ops::kLargestWindow);
  return {op::AvgPool2d{{.kernel = kernel,
                         .stride = a.size2("stride", kernel),
                         .padding = a.size2("padding", 0),
                         .ceil_mode = a.flag("ceil_mode", false),
                         .count_include_pad = a.flag("count_include_pad", true),
                         .divisor_override = divisor}},
          {a.value("self")}};
}

Made mean(const Arguments& a) {
  const std::string input = a.value("self");
  std::vector<int64_t> dims = a.integers("dim");
  const bool as_2_3 = dims == std::vector<int64_t>({2, 3});
  for (int64_t& dim : dims) dim = dim < 0 ? dim + 4 : dim;
  std::ranges::sort(dims);
  OCTET_CHECK(a.shape(input).size() == 4 && dims == std::vector<int64_t>({2, 3}), "the mean of ", a.shape(input),
              " over other dimensions than [2, 3] is not supported");
  return {op::Mean{a.flag("keepdim", false), as_2_3}, {input}};
}

Made adaptive_avg_pool2d(const Arguments& a) { return {op::AdaptiveAvgPool2d{a.size2("output_size", 1)}, {a.value("self")}}; }
Made adaptive_max_pool2d(const Arguments& a) { return {op::AdaptiveMaxPool2d{a.size2("output_size", 1)}, {a.value("self")}}; }

Made dropout(const Arguments& a) {
  OCTET_CHECK(!a.flag("train", false), "is in training mode; call model.eval() before torch.export.export");
  return {
      op::Dropout{static_cast<float>(a.real("p", 0.5))}, {a.value(works_in_place(a.call().target) ? "self" : "input")}, {}, true};
}

/// The dimensions of channels of [N, channels..., H, W].
std::vector<int64_t> channels_of(const Shape& shape) { return {shape.begin() + 1, shape.end() - 2}; }

/// Do the images and the pixels stay where they are?
bool keeps_images_and_pixels(const Shape& from, const Shape& to) {
  return from.size() >= 4 && to.size() >= 4 && from[0] == to[0] && std::equal(from.end() - 2, from.end(), to.end() - 2);
}

/// flatten, view and reshape: to [N, all the rest], or channels in another arrangement. What is [N, C] already is handed on.
Made flattened(const Arguments& a) {
  const std::string input = a.value("self");
  const Shape &from = a.shape(input), &to = a.shape(a.call().outputs.at(0));
  if (keeps_images_and_pixels(from, to)) return {op::View{channels_of(to)}, {input}, {}, true};
  const bool keeps_images = to.size() == 2 && !from.empty() && to[0] == from[0];
  OCTET_CHECK(keeps_images && (from.size() == 2 || from.size() == 4), "from ", from, " to ", to,
              " is not supported, expected from [N, C, H, W] to [N, C*H*W], or other channels alone");
  if (from.size() == 2) return {std::nullopt, {input}, {}, true};
  return {op::Flatten{}, {input}, {}, true};
}

/// order: of all dimensions.
Made permuted(const Arguments& a, const std::vector<int64_t>& order) {
  const std::string input = a.value("self");
  const auto rank = std::ssize(order);
  const bool stay = rank >= 4 && order[0] == 0 && order[static_cast<size_t>(rank - 2)] == rank - 2 && order.back() == rank - 1;
  OCTET_CHECK(stay, "dimensions of ", a.shape(input), " in the order ", Shape(order.begin(), order.end()),
              " is not supported, expected channels alone to move");
  std::vector<int64_t> dims;
  for (size_t i = 1; i + 2 < order.size(); ++i) dims.push_back(order[i] - 1);
  return {op::Permute{dims}, {input}, {}, true};
}

int64_t dimension(int64_t dim, size_t rank) {
  const auto last = static_cast<int64_t>(rank);
  OCTET_CHECK(-last <= dim && dim < last, "dimension ", dim, " of ", rank);
  return dim < 0 ? dim + last : dim;
}

Made transpose(const Arguments& a) {
  std::vector<int64_t> order(a.shape(a.value("self")).size());
  std::iota(order.begin(), order.end(), int64_t{0});
  const int64_t x = dimension(a.integer("dim0", 0), order.size()), y = dimension(a.integer("dim1", 0), order.size());
  std::swap(order[static_cast<size_t>(x)], order[static_cast<size_t>(y)]);
  return permuted(a, order);
}

Made permute(const Arguments& a) {
  std::vector<int64_t> order = a.integers("dims");
  OCTET_CHECK(order.size() == a.shape(a.value("self")).size(), order.size(), " dimensions of ", a.shape(a.value("self")));
  for (int64_t& dim : order) dim = dimension(dim, order.size());
  return permuted(a, order);
}

/// Channels of x, which parts of it are taken from along `dim`.
int64_t sliced_channels(const Arguments& a) {
  const std::string input = a.value("self");
  const Shape& shape = a.shape(input);
  const int64_t dim = dimension(a.integer("dim", 0), shape.size());
  OCTET_CHECK(dim == 1 && shape[1] > 0, "parts of ", shape, " along dimension ", dim, " are not supported, expected channels: 1");
  return shape[1];
}

Made slice(const Arguments& a) {
  const int64_t channels = sliced_channels(a), step = a.integer("step", 1);
  OCTET_CHECK(step == 1, "every ", step, "th channel is not supported, expected step 1");
  const auto place = [&](const char* name, int64_t standard) {
    const int64_t at = a.integer(name, standard);
    return std::clamp<int64_t>(at < 0 ? at + channels : at, 0, channels);
  };
  const int64_t begin = place("start", 0), end = place("end", channels);
  OCTET_CHECK(begin < end, "channels ", begin, " to ", end, " of ", channels, ": nothing is left");
  return {op::Slice{begin, end}, {a.value("self")}, {}, true};
}

/// Parts of `size` channels; the last one has what is left.
std::vector<int64_t> parts_of(int64_t channels, int64_t size) {
  OCTET_CHECK(size > 0, "parts of ", size, " channels, expected at least 1");
  std::vector<int64_t> parts;
  for (int64_t left = channels; left > 0; left -= parts.back()) parts.push_back(std::min(size, left));
  return parts;
}

std::vector<int64_t> chunk(const Arguments& a) {
  const int64_t channels = sliced_channels(a), chunks = a.integer("chunks", 1);
  OCTET_CHECK(chunks > 0, chunks, " chunks, expected at least 1");
  return parts_of(channels, (channels + chunks - 1) / chunks);
}

std::vector<int64_t> split(const Arguments& a) { return parts_of(sliced_channels(a), a.integer("split_size", 1)); }

std::vector<int64_t> split_with_sizes(const Arguments& a) {
  const int64_t channels = sliced_channels(a);
  std::vector<int64_t> sizes = a.integers("split_sizes");
  OCTET_CHECK(std::ranges::all_of(sizes, [](int64_t n) { return n > 0; }) &&
                  std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) == channels,
              "parts of ", Shape(sizes.begin(), sizes.end()), " channels do not add up to ", channels);
  return sizes;
}

Made add(const Arguments& a) {
  OCTET_CHECK(a.real("alpha", 1) == 1, "alpha ", a.real("alpha", 1), " is not supported, expected 1");
  const std::string x = a.value("self"), y = a.value("other");
  OCTET_CHECK(a.shape(x) == a.shape(y), "the sum of ", a.shape(x), " and ", a.shape(y),
              " is not supported, expected equal shapes");
  return {op::Add{}, {x, y}};
}

Made mul(const Arguments& a) {
  const std::string x = a.value("self"), y = a.value("other");
  const Shape &of_x = a.shape(x), &of_y = a.shape(y);
  OCTET_CHECK(of_x.size() <= 4 && (ops::is_gate_of(of_y, of_x) || ops::is_gate_of(of_x, of_y)), "the product of ", of_x, " and ",
              of_y, " is not supported, expected equal shapes, or a gate such as [N, C, 1, 1]");
  return {op::Mul{}, {x, y}};
}

Made cat(const Arguments& a) {
  const std::vector<std::string> parts = a.values("tensors");
  const auto rank = static_cast<int64_t>(a.shape(parts[0]).size());
  const int64_t dim = a.integer("dim", 0);
  OCTET_CHECK(dim == 1 || dim == 1 - rank, "along dimension ", dim, " of ", rank, " is not supported, expected channels: 1");
  return {op::Cat{}, parts};
}

Made contiguous(const Arguments& a) { return {op::Contiguous{}, {a.value("self")}, {}, true}; }

/// Another handle of the same values.
Made handed_on(const Arguments& a) { return {std::nullopt, {a.value("self")}, {}, true}; }

struct Row {
  const char* name;
  Made (*make)(const Arguments&);
};
constexpr Row kRows[] = {{"conv2d", conv2d},
                         {"linear", linear},
                         {"batch_norm", batch_norm},
                         {"relu", relu},
                         {"relu6", relu6},
                         {"hardtanh", hardtanh},
                         {"sigmoid", sigmoid},
                         {"tanh", tanh},
                         {"hardsigmoid", hardsigmoid},
                         {"hardswish", hardswish},
                         {"silu", silu},
                         {"leaky_relu", leaky_relu},
                         {"gelu", gelu},
                         {"transpose", transpose},
                         {"permute", permute},
                         {"slice", slice},
                         {"max_pool2d", max_pool2d},
                         {"avg_pool2d", avg_pool2d},
                         {"mean", mean},
                         {"adaptive_avg_pool2d", adaptive_avg_pool2d},
                         {"adaptive_max_pool2d", adaptive_max_pool2d},
                         {"dropout", dropout},
                         {"flatten", flattened},
                         {"view", flattened},
                         {"reshape", flattened},
                         {"add", add},
                         {"mul", mul},
                         {"cat", cat},
                         {"concat", cat},
                         {"contiguous", contiguous},
                         {"clone", handed_on},
                         {"alias", handed_on},
                         {"detach", handed_on}};

/// Operations that give several tensors: their channels, one after the other.
struct SplitRow {
  const char* name;
  std::vector<int64_t> (*parts)(const Arguments&);
};
constexpr SplitRow kSplits[] = {{"chunk", chunk}, {"split", split}, {"split_with_sizes", split_with_sizes}};

template <class R, size_t N>
const R* row_of(const R (&rows)[N], const Call& call) {
  const std::string name = function_name(call.target);
  const auto row = std::ranges::find_if(rows, [&](const R& r) { return call.target.starts_with("aten.") && name == r.name; });
  return row == std::end(rows) ? nullptr : row;
}

std::vector<Made> make_parts(const Arguments& a, const std::vector<int64_t>& channels) {
  OCTET_CHECK(channels.size() == a.call().outputs.size(), "gives ", channels.size(), " parts, and the file names ",
              a.call().outputs.size());
  std::vector<Made> made;
  int64_t begin = 0;
  for (const int64_t n : channels) {
    made.push_back({op::Slice{begin, begin + n}, {a.value("self")}, {}, true});
    begin += n;
  }
  return made;
}

/// "aten.relu_.default" -> "relu_".
std::string base_name(const std::string& target) {
  const size_t begin = target.find('.') == target.npos ? 0 : target.find('.') + 1;
  return target.substr(begin, target.find('.', begin) - begin);
}

/// Calls that FX treats otherwise than their operation. Source: torch.ao.quantization.backend_config.get_native_backend_config,
/// which lists functions and methods one by one; what is not there is not quantized. (x.add(y) is not, either, but a file does not
/// tell it from x + y, which is.)
struct FormRow {
  const char* python;
  Form form;
};
constexpr FormRow kForms[] = {{"builtin_function_or_method.relu", {.fusable = false, .quantizable = false}},
                              {"builtin_function_or_method.relu_", {.fusable = false, .quantizable = false}},
                              {"method_descriptor.relu", {.fusable = false, .quantizable = true}},
                              {"method_descriptor.relu_", {.fusable = false, .quantizable = true}},
                              {"method_descriptor.flatten", {.fusable = true, .quantizable = false}},  // nn.Flatten, too
                              {"builtin_function_or_method.concat", {.fusable = true, .quantizable = false}}};

}  // namespace

Form form_of(const Call& call) {
  const auto row = std::ranges::find_if(kForms, [&](const FormRow& r) { return call.python == r.python; });
  return row == std::end(kForms) ? Form{} : row->form;
}

std::string function_name(const std::string& target) {
  std::string name = base_name(target);
  if (works_in_place(target)) name.pop_back();
  return name;
}

bool works_in_place(const std::string& target) { return base_name(target).ends_with('_'); }

bool is_of_numbers(const Call& call) {
  constexpr const char* kNames[] = {"sym_size", "sym_numel", "sym_constrain_range", "sym_constrain_range_for_size",
                                    "_assert_scalar"};
  return std::ranges::find(kNames, base_name(call.target)) != std::end(kNames) || call.target.starts_with("_operator.");
}

bool is_supported(const Call& call) { return row_of(kRows, call) != nullptr || row_of(kSplits, call) != nullptr; }

std::vector<Made> make(const Program& program, const Call& call) {
  const Arguments arguments(program, call);
  if (const SplitRow* row = row_of(kSplits, call)) return make_parts(arguments, row->parts(arguments));
  return {row_of(kRows, call)->make(arguments)};
}

}  // namespace octet::networks
