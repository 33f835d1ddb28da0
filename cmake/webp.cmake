# octet_webp: libwebp and its demuxer. Debian's package has no CMake files.
find_path(WEBP_INCLUDE_DIR webp/demux.h REQUIRED)
find_library(WEBP_LIBRARY webp REQUIRED)
find_library(WEBP_DEMUX_LIBRARY webpdemux REQUIRED)
if(NOT TARGET octet_webp)
  add_library(octet_webp UNKNOWN IMPORTED)
  set_target_properties(octet_webp PROPERTIES IMPORTED_LOCATION ${WEBP_DEMUX_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${WEBP_INCLUDE_DIR}
                        INTERFACE_LINK_LIBRARIES ${WEBP_LIBRARY})
endif()
