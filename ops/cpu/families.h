// The members of ops/cpu/kernels.h's Kernels, to do something for each. Not for kernel files: a template that is instantiated
// there could be the copy that the linker keeps for all.
#pragma once

#include <tuple>

#include "ops/cpu/kernels.h"

namespace octet::ops::cpu {

constexpr std::tuple kFamilies = {&Kernels::affine,       &Kernels::fconv,          &Kernels::fdot,           &Kernels::observe,
                                  &Kernels::quantize_row, &Kernels::qadd,           &Kernels::qgemm,          &Kernels::qconv,
                                  &Kernels::qdepthwise,   &Kernels::winograd_int16, &Kernels::winograd_fused, &Kernels::peak};
static_assert(sizeof(Kernels) == std::tuple_size_v<decltype(kFamilies)> * sizeof(void*), "a family is missing from kFamilies");

/// f(&Kernels::affine), f(&Kernels::fconv), ...
template <class F>
constexpr void for_each_family(F&& f) {
  std::apply([&](auto... family) { (f(family), ...); }, kFamilies);
}

}  // namespace octet::ops::cpu
