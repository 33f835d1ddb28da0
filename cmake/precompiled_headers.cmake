# Headers that many sources read first are compiled once for each library and for the tests. Off unless asked for: g++ 12 warns about
# the standard library's own strings then (-Wstringop-overflow), which -Werror makes an error; and ccache keeps no such objects.
option(OCTET_PRECOMPILED_HEADERS "Compile the headers that most sources read once for all" OFF)

# precompile_headers(TARGET HEADERS...)
function(precompile_headers target)
  if(OCTET_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()
