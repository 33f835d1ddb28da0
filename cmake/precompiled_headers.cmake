# Headers that many sources read first are compiled once for each library and for the tests. Off where a launcher such as ccache keeps
# objects from one build to the next, because an object that was compiled with such a header is only good for one folder.
set(precompile ON)
if(CMAKE_CXX_COMPILER_LAUNCHER)
  set(precompile OFF)
endif()
option(OCTET_PRECOMPILED_HEADERS "Compile the headers that most sources read once for all" ${precompile})

# precompile_headers(TARGET HEADERS...)
function(precompile_headers target)
  if(OCTET_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()
