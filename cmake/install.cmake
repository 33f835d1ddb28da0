# cmake --install: the libraries with their headers and a package for find_package(octet), and the programs.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/octet)

set(installed octet octet_options octet_cuda)
foreach(folder tensor loaders ops nn quant networks)
  list(APPEND installed octet_${folder})
  install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/octet FILES_MATCHING PATTERN "*.h")
endforeach()
foreach(target ${installed})
  string(REPLACE octet_ "" name ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
endforeach()
install(TARGETS ${installed} EXPORT octet ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT octet NAMESPACE octet:: FILE octetTargets.cmake DESTINATION ${package_dir})

configure_package_config_file(cmake/octetConfig.cmake.in ${PROJECT_BINARY_DIR}/octetConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/octetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/octetConfig.cmake ${PROJECT_BINARY_DIR}/octetConfigVersion.cmake cmake/openblas.cmake cmake/re2.cmake
        cmake/webp.cmake DESTINATION ${package_dir})
if(OCTET_BUILD_APPS)
  install(TARGETS ${programs} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
