// Batch norm, layer norm, group norm and instance norm.
#include "networks/pt2/rows.h"
#include "nn/graph/ops/batch_norm.h"
#include "nn/graph/ops/group_norm.h"
#include "nn/graph/ops/layer_norm.h"

namespace octet::networks {

namespace op = nn::op;

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

Made layer_norm(const Arguments& a) {
  const std::string input = a.value("input");
  const size_t dims = a.shape(input).size();
  const std::vector<int64_t> over = a.integers("normalized_shape");
  OCTET_CHECK((dims == 2 || dims == 4) && over.size() < dims, "layer norm of ", a.shape(input), " over ", over.size(),
              " dimensions is not supported, expected [N, C] or [N, C, H, W], and not the images");
  return with_parameters(op::LayerNorm{over, static_cast<float>(a.real("eps", 1e-5))}, input,
                         {{"weight", a.tensor("weight")}, {"bias", a.tensor("bias")}});
}

namespace {

Made group_norm_of(const Arguments& a, int64_t groups) {
  const std::string input = a.value("input");
  const size_t dims = a.shape(input).size();
  OCTET_CHECK(dims == 2 || dims == 4, "a norm of ", a.shape(input), " is not supported, expected [N, C] or [N, C, H, W]");
  return with_parameters(op::GroupNorm{groups, static_cast<float>(a.real("eps", 1e-5))}, input,
                         {{"weight", a.tensor("weight")}, {"bias", a.tensor("bias")}});
}

}  // namespace

Made group_norm(const Arguments& a) { return group_norm_of(a, a.integer("num_groups", 1)); }

Made instance_norm(const Arguments& a) {
  OCTET_CHECK(a.flag("use_input_stats", true), "with running statistics is not supported, expected each image's own");
  return group_norm_of(a, 0);
}

}  // namespace octet::networks
