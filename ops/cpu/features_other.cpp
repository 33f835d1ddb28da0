// For CPUs that are no x86-64, in place of features_x86.cpp: nothing that a set in the list would need.
#include "ops/cpu/isa.h"

namespace octet::ops::cpu {

Features features_of_this_cpu() { return 0; }

}  // namespace octet::ops::cpu
