#include "apps/common/tensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "loaders/files/npy.h"
#include "quant/checks/sqnr.h"

namespace octet::apps {
namespace {

using loaders::printable;

bool is_npz(const std::string& path) { return path.ends_with(".npz"); }

void check_array(const Tensor& x, const std::string& where) {
  OCTET_CHECK(x.dtype() == DType::f32 && x.dim() >= 1 && x.numel() > 0, where,
              ": expected float32 [N, C, H, W], or whatever enters the network, with N above 0, got ", x.dtype(), " ", x.shape());
}

std::string place_of(const std::string& path, const std::string& name) {
  return printable(path) + (name.empty() ? "" : ", " + printable(name));
}

std::string names_of(const std::vector<const nn::Node*>& nodes) {
  std::string text;
  for (const nn::Node* node : nodes) text += str(text.empty() ? "" : ", ", printable(node->name));
  return text;
}

std::string names_of(const Arrays& arrays) {
  std::string text;
  for (const auto& [name, tensor] : arrays) text += str(text.empty() ? "" : ", ", printable(name));
  return text;
}

}  // namespace

Arrays load_arrays(const std::string& path) {
  Arrays arrays = is_npz(path) ? loaders::load_npz(path) : Arrays{{"", loaders::load_npy(path)}};
  OCTET_CHECK(!arrays.empty(), printable(path), ": an archive without arrays");
  for (const auto& [name, tensor] : arrays) check_array(tensor, place_of(path, name));
  return arrays;
}

void check_finite(const Arrays& arrays, const std::string& path) {
  for (const auto& [name, x] : arrays) {
    const float* values = x.data<float>();
    const float* bad = std::find_if(values, values + x.numel(), [](float v) { return !std::isfinite(v); });
    OCTET_CHECK(bad == values + x.numel(), place_of(path, name), ": value ", bad - values,
                " is not a finite number; normalize the images anew");
  }
}

nn::Batch inputs_of(const Arrays& arrays, const nn::Graph& graph, const std::string& file) {
  const std::vector<const nn::Node*> inputs = graph.placeholders();
  if (inputs.size() == 1 && arrays.size() == 1) return arrays.begin()->second;
  std::vector<Tensor> all;
  for (const nn::Node* input : inputs) {
    const auto it = arrays.find(input->name);
    OCTET_CHECK(it != arrays.end() && arrays.size() == inputs.size(), printable(file), ": the network takes ", inputs.size(),
                " inputs: ", names_of(inputs), "; expected a .npz with an array for each, got ",
                arrays.contains("") ? "one tensor" : names_of(arrays));
    all.push_back(it->second);
    OCTET_CHECK(all.back().size(0) == all[0].size(0), printable(file), ": ", printable(input->name), " has ", all.back().size(0),
                " rows, ", printable(inputs[0]->name), " has ", all[0].size(0));
  }
  return all;
}

std::vector<Shape> shapes_of(const nn::Batch& batch, int64_t rows) {
  std::vector<Shape> shapes;
  for (const Tensor& x : batch.inputs) {
    shapes.push_back(x.shape());
    shapes.back()[0] = std::min(rows, shapes.back()[0]);
  }
  return shapes;
}

nn::Batch rows_of(const nn::Batch& batch, const std::vector<size_t>& indices) {
  std::vector<Tensor> all;
  for (const Tensor& x : batch.inputs) {
    Shape shape = x.shape();
    shape[0] = std::ssize(indices);
    Tensor rows(shape, x.dtype());
    const size_t row = x.nbytes() / static_cast<size_t>(x.size(0));
    for (size_t i = 0; i < indices.size(); ++i) std::memcpy(rows.bytes() + i * row, x.bytes() + indices[i] * row, row);
    all.push_back(std::move(rows));
  }
  return all;
}

std::vector<Tensor> run_in_parts(const nn::Graph& graph, const nn::Batch& batch, int64_t rows_at_once) {
  std::vector<Tensor> results;
  nn::Runner run(graph);
  const int64_t rows = batch.images();
  for (int64_t n = 0; n < rows; n += rows_at_once) {
    const int64_t end = std::min(rows, n + rows_at_once);
    std::vector<Tensor> inputs;
    for (const Tensor& x : batch.inputs) inputs.push_back(x.slice(n, end));
    const std::vector<Tensor> part = run(nn::Batch(std::move(inputs)));
    results.resize(part.size());
    for (size_t i = 0; i < part.size(); ++i) {
      Shape shape = part[i].shape();
      OCTET_CHECK(!shape.empty() && shape[0] == end - n, "result ", i, " is ", part[i].shape(), ", expected ", end - n, " rows");
      shape[0] = rows;
      if (!results[i].defined()) results[i] = Tensor(shape, part[i].dtype());
      OCTET_CHECK(results[i].shape() == shape, "result ", i, " changes from ", results[i].shape(), " to ", shape);
      std::memcpy(results[i].slice(n, end).bytes(), part[i].bytes(), part[i].nbytes());
    }
  }
  return results;
}

std::vector<std::string> result_names(const nn::Graph& graph) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const nn::Node* node : graph.output().inputs) {
    while (node->target == "dequantize" && !node->inputs.empty())
      node = node->inputs[0];  // what was quantized has a name to know
    std::string name = node->name;
    for (int i = 1; !taken.insert(name).second; ++i) name = str(node->name, "_", i);
    names.push_back(name);
  }
  return names;
}

void save_results(const std::string& path, const std::vector<std::string>& names, const std::vector<Tensor>& results) {
  if (results.size() == 1 && !is_npz(path)) return loaders::save_npy(path, results[0]);
  OCTET_CHECK(is_npz(path), printable(path), ": the network gives ", results.size(), " results, expected a file .npz");
  std::vector<loaders::NamedArray> arrays;
  for (size_t i = 0; i < results.size(); ++i) arrays.push_back({names.at(i), results[i]});
  loaders::save_npz(path, arrays);
}

std::vector<ResultDifference> compare_results(const std::vector<std::string>& names, const std::vector<Tensor>& wanted,
                                              const std::vector<Tensor>& got) {
  OCTET_CHECK(wanted.size() == got.size() && names.size() == got.size(), "compare_results: ", wanted.size(), " and ", got.size());
  std::vector<ResultDifference> all;
  for (size_t i = 0; i < got.size(); ++i) {
    OCTET_CHECK(wanted[i].shape() == got[i].shape(), names[i], ": ", got[i].shape(), " instead of ", wanted[i].shape());
    double signal = 0, noise = 0, most = 0, largest = 0;
    for (int64_t j = 0; j < got[i].numel(); ++j) {
      const double w = wanted[i].data<float>()[j], d = got[i].data<float>()[j] - w;
      signal += w * w, noise += d * d;
      most = std::max(most, std::abs(w)), largest = std::max(largest, std::abs(d));
    }
    all.push_back({names[i], got[i].shape(), quant::sqnr(signal, noise), most > 0 ? largest / most : 0});
  }
  return all;
}

}  // namespace octet::apps
