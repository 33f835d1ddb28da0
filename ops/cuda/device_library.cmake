# What Device::cuda is: the sources in tensor/cuda/ and ops/cuda/, in three forms that define the same functions.
#
#   octet_cuda            with OCTET_CUDA: kernels by nvcc, the CUDA runtime (static), cuBLAS (loaded when it is first wanted);
#                         without: octet_cuda_stub's sources
#   octet_cuda_stub       functions that say how to build it
#   octet_cuda_emulated   the same .cu files as C++, each kernel a loop (ops/cuda/launch.h); for tests on machines without a GPU
# A program links the first; one with the property OCTET_DEVICE, stub or emulated, that one.

if(NOT OCTET_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "OCTET_CUDA is '${OCTET_CUDA}': expected AUTO, ON or OFF")
endif()
set(octet_has_cuda OFF)
if(NOT OCTET_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(octet_has_cuda ON)
  elseif(OCTET_CUDA STREQUAL "ON")
    message(FATAL_ERROR "OCTET_CUDA is ON and nvcc was not found: install the CUDA toolkit (12 or newer) and put nvcc on the PATH, "
                        "or name it with -DCMAKE_CUDA_COMPILER=...")
  endif()
endif()

set(portable_sources tensor/cuda/caching_allocator.cpp tensor/cuda/missing.cpp)
set(device_sources ${portable_sources})
set(stub_sources ${portable_sources} ops/cuda/stub.cpp tensor/cuda/runtime_stub.cpp)
file(GLOB kernels CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/ops/cuda/*.cu)

if(octet_has_cuda)
  if(CMAKE_VERSION VERSION_LESS 3.25.2)
    set(CMAKE_CUDA_STANDARD 17)  # enough for the compiler check; cmake learned C++20 of nvcc 12 in 3.25.2
  else()
    set(CMAKE_CUDA_STANDARD 20)
  endif()
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90)  # machine code for each, PTX for what comes after
  endif()
  enable_language(CUDA)
  if(CMAKE_VERSION VERSION_LESS 3.25.2)
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA_STANDARD 20)
  endif()
  find_package(CUDAToolkit REQUIRED)
  add_library(octet_cuda STATIC ${device_sources} ${kernels} ops/cuda/gemm_cublas.cpp tensor/cuda/runtime_cudart.cpp)
  # Each product is rounded by itself, as on the CPU: a fused multiply-add would change codes.
  target_compile_options(octet_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-fmad=false -Xcompiler=-Wall,-Wextra,-Wno-unknown-pragmas>)
  if(OCTET_WERROR)
    target_compile_options(octet_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings -Xcompiler=-Werror>)
  endif()
  target_compile_definitions(octet_cuda PRIVATE OCTET_CUDA_LIBRARY_DIR="${CUDAToolkit_LIBRARY_DIR}")
  target_link_libraries(octet_cuda PRIVATE CUDA::cudart_static ${CMAKE_DL_LIBS})
  message(STATUS "CUDA: ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")
else()
  add_library(octet_cuda STATIC ${stub_sources})
  message(STATUS "CUDA: none, --device cuda will be refused")
endif()

if(OCTET_BUILD_TESTS)
  add_library(octet_cuda_stub STATIC ${stub_sources})
  set(emulated_kernels)
  foreach(kernel ${kernels})
    get_filename_component(name ${kernel} NAME_WE)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/emulated/${name}.cpp CONTENT "#include \"${kernel}\"\n" @ONLY)
    list(APPEND emulated_kernels ${PROJECT_BINARY_DIR}/emulated/${name}.cpp)
  endforeach()
  add_library(octet_cuda_emulated STATIC ${device_sources} ${emulated_kernels} ops/cuda/gemm_emulated.cpp tensor/cuda/fibers_emulated.cpp
              tensor/cuda/runtime_emulated.cpp)
endif()

foreach(form octet_cuda octet_cuda_stub octet_cuda_emulated)
  if(TARGET ${form})
    target_link_libraries(${form} PRIVATE octet_options OpenMP::OpenMP_CXX)
    target_link_libraries(${form} INTERFACE octet_ops octet_tensor)
  endif()
endforeach()
set(device $<TARGET_PROPERTY:OCTET_DEVICE>)  # of the program that is linked
target_link_libraries(octet_tensor INTERFACE $<BUILD_INTERFACE:octet_cuda$<$<BOOL:${device}>:_${device}>> $<INSTALL_INTERFACE:octet::cuda>)
