# wootz_module(NAME DEPS ... LIBS ... HEADERS OF): the static library wootz_NAME (alias wootz::NAME) of the current folder,
# with the precompiled headers of the module OF, if any.
function(wootz_module name)
  cmake_parse_arguments(ARG "" "HEADERS" "SOURCES;DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(wootz_${name} STATIC ${sources} ${ARG_SOURCES})
  add_library(wootz::${name} ALIAS wootz_${name})
  list(TRANSFORM ARG_DEPS PREPEND wootz::)
  target_include_directories(wootz_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(wootz_${name} PUBLIC ${ARG_DEPS} PRIVATE wootz_options ${ARG_LIBS})
  if(ARG_HEADERS)
    target_precompile_headers(wootz_${name} REUSE_FROM wootz_${ARG_HEADERS})
  endif()
endfunction()

# wootz_reuse_headers(TARGET OTHER): the precompiled headers of the library OTHER, which serve only what is compiled as it
# was: as a library's code.
function(wootz_reuse_headers target other)
  target_precompile_headers(${target} REUSE_FROM ${other})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()

# wootz_test(NAME DEPS ... LABELS ... HEADERS OF): one GoogleTest program of the current folder's *_test.cpp, with the
# precompiled headers of OF. By default those of wootz_test_support, but not beside libtorch, where everything is compiled
# with OpenMP, which they are not.
function(wootz_test name)
  cmake_parse_arguments(ARG "" "HEADERS" "DEPS;LABELS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp")
  add_executable(${name}_tests ${sources})
  list(TRANSFORM ARG_DEPS PREPEND wootz::)
  target_link_libraries(${name}_tests PRIVATE wootz_test_support ${ARG_DEPS} ${ARG_LIBS} GTest::gtest_main GTest::gmock
                                              wootz_options)
  if(NOT ARG_HEADERS AND NOT "torch" IN_LIST ARG_LABELS)
    set(ARG_HEADERS wootz_test_support)
  endif()
  if(ARG_HEADERS)
    wootz_reuse_headers(${name}_tests ${ARG_HEADERS})
  endif()
  gtest_discover_tests(${name}_tests TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${ARG_LABELS}")
endfunction()
