# wootz_module(NAME FOLDERS ... DEPS ... LIBS ... HEADERS OF): the static library wootz_NAME (alias wootz::NAME) of the
# current folder and FOLDERS in it, with the precompiled headers of the module OF, if any.
function(wootz_module name)
  cmake_parse_arguments(ARG "" "HEADERS" "FOLDERS;DEPS;LIBS" ${ARGN})
  list(TRANSFORM ARG_FOLDERS APPEND "/*.cpp" OUTPUT_VARIABLE patterns)
  file(GLOB sources CONFIGURE_DEPENDS *.cpp ${patterns})
  add_library(wootz_${name} STATIC ${sources})
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

# wootz_test(NAME DEPS ... LIBS ... LABELS ... SOURCES ...): one GoogleTest program of SOURCES, by default the current
# folder's *_test.cpp. It uses the precompiled headers of wootz_test_support, or with TORCH, for files that include torch's
# headers, those of nn_tests.
function(wootz_test name)
  cmake_parse_arguments(ARG "TORCH" "" "DEPS;LABELS;LIBS;SOURCES" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp")
  endif()
  add_executable(${name}_tests ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPS PREPEND wootz::)
  target_link_libraries(${name}_tests PRIVATE wootz_test_support ${ARG_DEPS} ${ARG_LIBS} GTest::gtest_main wootz_options)
  if("torch" IN_LIST ARG_LABELS)
    # The same for all: precompiled headers serve only what is compiled with their definitions.
    target_compile_definitions(${name}_tests PRIVATE WOOTZ_NN_MODELS="${PROJECT_SOURCE_DIR}/tests/nn/models")
  endif()
  if(NOT ARG_TORCH)
    wootz_reuse_headers(${name}_tests wootz_test_support)
    target_link_libraries(${name}_tests PRIVATE wootz_no_openmp)
  elseif(name STREQUAL "nn")
    target_precompile_headers(nn_tests PRIVATE <support/torch_test_headers.h>)
  else()
    target_precompile_headers(${name}_tests REUSE_FROM nn_tests)
  endif()
  gtest_discover_tests(${name}_tests TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${ARG_LABELS}")
endfunction()
