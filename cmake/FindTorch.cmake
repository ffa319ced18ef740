# Torch_FOUND, and the target wootz_torch: libtorch as the PyPI wheel carries it, for the CPU (`libtorch_cuda.so` is
# loaded at run time where it is asked for). The wheel's own TorchConfig.cmake insists on a CUDA toolkit.
# TORCH_DIR names the wheel's folder `torch`; by default that of .venv-torch, which `make` fills.
file(GLOB candidates "${PROJECT_SOURCE_DIR}/.venv-torch/lib/python3*/site-packages/torch")
find_path(TORCH_DIR include/ATen/ATen.h PATHS ${candidates} NO_DEFAULT_PATH)
find_library(TORCH_CPU_LIBRARY torch_cpu PATHS "${TORCH_DIR}/lib" NO_DEFAULT_PATH)
find_library(TORCH_C10_LIBRARY c10 PATHS "${TORCH_DIR}/lib" NO_DEFAULT_PATH)
mark_as_advanced(TORCH_CPU_LIBRARY TORCH_C10_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Torch REQUIRED_VARS TORCH_DIR TORCH_CPU_LIBRARY TORCH_C10_LIBRARY)

if(Torch_FOUND AND NOT TARGET wootz_torch)
  add_library(wootz_torch INTERFACE)
  # The wheel brings headers of another fmt, without its library. Ours must be found first, everywhere.
  get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/fmt_first")
  file(CREATE_LINK "${fmt_include}/fmt" "${PROJECT_BINARY_DIR}/fmt_first/fmt" SYMBOLIC)
  target_include_directories(wootz_torch BEFORE INTERFACE "${PROJECT_BINARY_DIR}/fmt_first")
  target_include_directories(wootz_torch SYSTEM INTERFACE "${TORCH_DIR}/include"
                                                          "${TORCH_DIR}/include/torch/csrc/api/include")
  # Torch's own headers then include the headers of the functions that they call, not those of all 2,000.
  target_compile_definitions(wootz_torch INTERFACE AT_PER_OPERATOR_HEADERS)
  # Where the libraries that libtorch_cpu.so is linked against lie: other wheels beside it.
  file(GLOB companions "${TORCH_DIR}/../nvidia/*/lib" "${TORCH_DIR}/../nvidia/lib")
  target_link_libraries(wootz_torch INTERFACE "${TORCH_CPU_LIBRARY}" "${TORCH_C10_LIBRARY}")
  # at::parallel_for is a template that runs on one thread where it is compiled without OpenMP. The runtime must be the
  # one that libtorch uses, which the wheel brings along.
  target_compile_options(wootz_torch INTERFACE -fopenmp)
  file(GLOB gomp "${TORCH_DIR}/lib/libgomp*.so*")
  if(gomp)
    list(GET gomp 0 gomp)
    target_link_libraries(wootz_torch INTERFACE "${gomp}")
  else()
    target_link_options(wootz_torch INTERFACE -fopenmp)
  endif()
  foreach(folder IN LISTS companions)
    target_link_options(wootz_torch INTERFACE "LINKER:-rpath-link,${folder}")
  endforeach()
endif()
