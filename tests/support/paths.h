// Where the sources and the programs of this build are. paths.cpp alone is compiled with these names, so that a compiler cache
// serves the other tests in every folder.
#pragma once

#include <string>

namespace octet::test {

std::string source_dir();
std::string binary_dir();
/// The folder of the driver without a device (tests/cuda/driver/); empty in a build without CUDA.
std::string stand_in_driver_dir();

}  // namespace octet::test
