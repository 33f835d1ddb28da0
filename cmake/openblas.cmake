# octet_openblas: OpenBLAS, if possible in its OpenMP build, which shares octet's threads. OpenBLAS's own package files name no target.
find_path(OPENBLAS_INCLUDE_DIR cblas.h PATH_SUFFIXES openblas-openmp openblas REQUIRED)
find_library(OPENBLAS_LIBRARY openblas PATH_SUFFIXES openblas-openmp REQUIRED)
if(NOT TARGET octet_openblas)
  add_library(octet_openblas UNKNOWN IMPORTED)
  set_target_properties(octet_openblas PROPERTIES IMPORTED_LOCATION ${OPENBLAS_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${OPENBLAS_INCLUDE_DIR})
endif()
