# octet_re2: regular expressions that take time linear in the text. Debian 12's package has no CMake files.
find_path(RE2_INCLUDE_DIR re2/re2.h REQUIRED)
find_library(RE2_LIBRARY re2 REQUIRED)
if(NOT TARGET octet_re2)
  add_library(octet_re2 UNKNOWN IMPORTED)
  set_target_properties(octet_re2 PROPERTIES IMPORTED_LOCATION ${RE2_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${RE2_INCLUDE_DIR})
endif()
