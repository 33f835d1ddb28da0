// One recording of y = relu(fc(x)) + x, read forwards to make a graph, and backwards to find gradients.
#include <map>
#include <nlohmann/json.hpp>

#include "apps/lesson/lesson.h"
#include "nn/graph/print.h"
#include "nn/layers/layers.h"
#include "nn/layers/linear.h"
#include "nn/trace.h"

namespace octet::apps {
namespace {

class Block : public nn::Module {
 public:
  Block() : fc_(add<nn::Linear>("fc", 2, 2)), relu_(add<nn::ReLU>("relu")) {}

 protected:
  nn::Value forward(const nn::Value& x) override { return nn::functional::add(relu_(fc_(x)), x); }

 private:
  nn::Linear& fc_;
  nn::ReLU& relu_;
};

Tensor tensor(const Shape& shape, const std::vector<float>& values) {
  Tensor t(shape, DType::f32);
  std::copy(values.begin(), values.end(), t.data<float>());
  return t;
}

std::string text(const Tensor& t) {
  std::string numbers;
  for (int64_t i = 0; i < t.numel(); ++i) numbers += str(i == 0 ? "" : ", ", t.data<float>()[i]);
  return "[" + numbers + "]";
}

void set(nn::Module& net, const std::string& name, const std::vector<float>& values) {
  for (nn::Module::State p : net.parameters())
    if (p.key == name) p.value.set(tensor(p.value.tensor().shape(), values));
}

}  // namespace

void tell_recording(std::ostream& out, nlohmann::json& numbers) {
  Block net;
  set(net, "fc.weight", {1, -1, 0.5f, 2});
  set(net, "fc.bias", {-3, -1});
  const Tensor x = tensor({1, 2}, {3, 1});
  net.eval();

  out << "y = relu(fc(x)) + x, fc.weight = [[1, -1], [0.5, 2]], fc.bias = [-3, -1], x = " << text(x) << "\n"
      << "the recording\n";
  {
    nn::Recording recording(nn::Recording::Purpose::trace);
    nn::Value in(x);
    net(in);
    std::map<const void*, std::string> names = {{in.identity(), "x"}};
    for (const nn::Call& call : recording.calls()) {
      std::string inputs;
      for (const nn::Value& v : call.inputs) inputs += (inputs.empty() ? "" : ", ") + names.at(v.identity());
      names[call.output.identity()] = call.target;
      out << "  " << call.target << " = " << nn::info(call.op).name.value << "(" << inputs << ")   " << text(call.output.tensor())
          << "\n";
      numbers["calls"].push_back({call.target, inputs, text(call.output.tensor())});
    }
  }
  out << "read forwards: the graph\n" << nn::graph_to_string(nn::trace(net, x));

  nn::Recording recording(nn::Recording::Purpose::backward);
  nn::Value in(x);
  in.set_requires_grad(true);
  const nn::Value y = net(in);
  recording.backward(y, Tensor::full(y.tensor().shape(), 1));
  out << "read backwards: gradients of y[0] + y[1]\n"
      << "  of x          " << text(in.grad()) << "\n";
  numbers["gradients"]["x"] = text(in.grad());
  for (const nn::Module::State& p : net.parameters()) {
    out << "  of " << number("%-10s", p.key.c_str()) << " " << text(p.value.grad()) << "\n";
    numbers["gradients"][p.key] = text(p.value.grad());
  }
}

}  // namespace octet::apps
