# The instruction sets whose kernels are compiled, from slow to fast: of those that a CPU has, the last is used (ops/cpu/isa.h). Each
# is the folder ops/cpu/NAME with its table NAME::kInstructionSet, and the compiler flags for all files in it (ops/cpu/kernels.md).
set(isas portable)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(octet_x86 ON)
  list(APPEND isas avx2 avxvnni avx512 avx512vnni)
  set(flags_avx2 -mavx2 -mfma)
  set(flags_avxvnni ${flags_avx2} -mavxvnni)
  set(flags_avx512 ${flags_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND flags_avx512 -Wno-uninitialized -Wno-maybe-uninitialized)  # false alarms of g++ 12 in its own header
  endif()
  set(flags_avx512vnni ${flags_avx512} -mavx512vnni)
  target_sources(octet_ops PRIVATE ops/cpu/features_x86.cpp)
  set_source_files_properties(ops/cpu/features_x86.cpp PROPERTIES COMPILE_DEFINITIONS OCTET_AVXVNNI_BY_AVX512=false)  # tests/CMakeLists.txt
else()
  set(octet_x86 OFF)
  target_sources(octet_ops PRIVATE ops/cpu/features_other.cpp)
endif()

set(isa_declarations "")
set(isa_addresses "")
foreach(isa ${isas})
  file(GLOB isa_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/ops/cpu/${isa}/*.cpp)
  set_source_files_properties(${isa_sources} PROPERTIES COMPILE_OPTIONS "${flags_${isa}}")
  target_sources(octet_ops PRIVATE ${isa_sources})
  string(APPEND isa_declarations "namespace ${isa} {\nextern const InstructionSet kInstructionSet;\n}\n")
  string(APPEND isa_addresses "&${isa}::kInstructionSet, ")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/instruction_sets.cpp @ONLY CONTENT [[
// The list of ops/cpu/instruction_sets.cmake, which made this file.
#include "ops/cpu/isa.h"

namespace octet::ops::cpu {

@isa_declarations@
InstructionSets instruction_sets() {
  static constexpr const InstructionSet* kSets[] = {@isa_addresses@};
  return kSets;
}

}  // namespace octet::ops::cpu
]])
target_sources(octet_ops PRIVATE ${PROJECT_BINARY_DIR}/instruction_sets.cpp)
