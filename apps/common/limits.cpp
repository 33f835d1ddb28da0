#include "apps/common/limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "apps/common/models.h"

namespace octet::apps {
namespace {

/// Reads a limit in bytes from a file of cgroups. The file says "max", or is missing, where there is no limit: then this is INT64_MAX.
int64_t number_in(const char* file) {
  int64_t number = 0;
  return std::ifstream(file) >> number && number > 0 ? number : INT64_MAX;
}

int64_t address_space() {
  rlimit limit{};
  const bool limited = ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < static_cast<rlim_t>(INT64_MAX);
  return limited ? static_cast<int64_t>(limit.rlim_cur) : INT64_MAX;
}

}  // namespace

int64_t memory_of_machine() {
  const int64_t pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  return std::min({pages > 0 && page > 0 ? pages * page : INT64_MAX, address_space(), number_in("/sys/fs/cgroup/memory.max"),
                   number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes")});
}

nn::CostLimits cost_limits(const CommonOptions& o) {
  nn::CostLimits limits{.multiply_adds = static_cast<int64_t>(o.max_work * 1e9)};
  if (o.max_memory > 0)
    limits.bytes = static_cast<int64_t>(o.max_memory * 1e9);
  else if (o.compute_device() == Device::cpu)
    limits.bytes = memory_of_machine() / 4 * 3;
  return limits;
}

Shape input_shape(const loaders::ModelCard& card, int64_t batch_size, size_t images) {
  return {std::clamp<int64_t>(static_cast<int64_t>(images), 1, batch_size), card.input.channels(), card.input.size,
          card.input.size};
}

std::vector<Shape> input_shapes(const CalibrationSet& set, const nn::Graph& graph, const loaders::ModelCard& card,
                                int64_t batch_size) {
  if (!set.images) return shapes_of(inputs_of(set.arrays, graph, set.source), batch_size);
  return {input_shape(card, batch_size, set.size())};
}

void CostCheck::operator()(const std::vector<Shape>& inputs) {
  if (inputs == checked_) return;
  naming(str(where_, " on ", inputs.at(0)), [&] { nn::check_cost(graph_, inputs, limits_); });
  checked_ = inputs;
}

}  // namespace octet::apps
