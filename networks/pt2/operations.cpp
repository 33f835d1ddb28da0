// A row of the table is an operation of ATen and the function that makes octet's op of a call (networks/pt2/rows.h).
#include "networks/pt2/operations.h"

#include <algorithm>

#include "networks/pt2/rows.h"
#include "nn/graph/ops/slice.h"

namespace octet::networks {
namespace {

namespace op = nn::op;

struct Row {
  const char* name;
  Made (*make)(const Arguments&);
};
constexpr Row kRows[] = {{"conv2d", conv2d},
                         {"linear", linear},
                         {"conv_transpose2d", conv_transpose2d},
                         {"batch_norm", batch_norm},
                         {"layer_norm", layer_norm},
                         {"group_norm", group_norm},
                         {"instance_norm", instance_norm},
                         {"upsample_nearest2d", upsample_nearest2d},
                         {"upsample_bilinear2d", upsample_bilinear2d},
                         {"pad", pad},
                         {"elu", elu},
                         {"prelu", prelu},
                         {"softmax", softmax},
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
                         {"sub", sub},
                         {"div", div},
                         {"rsub", rsub},
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
  const std::string name = function_name(call.target);
  if (name.starts_with("upsample_")) return {.quantizable = !call.is_layer};  // F.interpolate, and not nn.Upsample
  if (name == "softmax") return {.quantizable = call.is_layer};               // nn.Softmax, and not F.softmax
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
