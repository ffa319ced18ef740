# Faster builds where the tools are there, and the sanitizers.
# No path of the checkout gets into what is compiled: neither __FILE__ nor the debug information names it. All checkouts
# compile to the same bytes, and share the cache. (gdb and perf find the sources when started in the checkout.)
add_compile_options("-ffile-prefix-map=${PROJECT_BINARY_DIR}=." "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")
find_program(WOOTZ_CCACHE ccache)
if(WOOTZ_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without these, ccache passes by everything that uses a precompiled header.
  set(sloppiness "pch_defines,time_macros,include_file_mtime,include_file_ctime")
  # Paths below the base directory are taken relative to the build folder, so that they are the same in every checkout.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=${sloppiness}"
                                  "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" "${WOOTZ_CCACHE}")
endif()
find_program(WOOTZ_MOLD mold)
if(WOOTZ_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
if(WOOTZ_SANITIZE)
  add_compile_options(-fsanitize=${WOOTZ_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${WOOTZ_SANITIZE})
endif()
