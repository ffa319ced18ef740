# wootz_module(NAME DEPS ... LIBS ...): the static library wootz_NAME (alias wootz::NAME) of the current folder.
function(wootz_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(wootz_${name} STATIC ${sources} ${ARG_SOURCES})
  add_library(wootz::${name} ALIAS wootz_${name})
  list(TRANSFORM ARG_DEPS PREPEND wootz::)
  target_include_directories(wootz_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(wootz_${name} PUBLIC ${ARG_DEPS} PRIVATE wootz_options ${ARG_LIBS})
endfunction()

# wootz_test(NAME DEPS ... LABELS ...): one GoogleTest program of the current folder's *_test.cpp.
function(wootz_test name)
  cmake_parse_arguments(ARG "" "" "DEPS;LABELS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp")
  add_executable(${name}_tests ${sources})
  list(TRANSFORM ARG_DEPS PREPEND wootz::)
  target_link_libraries(${name}_tests PRIVATE wootz_test_support ${ARG_DEPS} ${ARG_LIBS} GTest::gtest_main GTest::gmock
                                              wootz_options)
  gtest_discover_tests(${name}_tests TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${ARG_LABELS}")
endfunction()
