// Whether checksums inside of files are compared: always, but in the programs of libFuzzer, where hardly any changed byte would reach
// what reads it. (The macro is clang's, of -fsanitize=fuzzer.)
#pragma once

namespace octet::loaders {

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr bool kChecksumsCount = false;
#else
inline constexpr bool kChecksumsCount = true;
#endif

}  // namespace octet::loaders
