# ArrowWheel_FOUND, and the target wootz_parquet: Arrow C++ with its parquet reader, as the PyPI wheel of pyarrow
# carries it. PYARROW_DIR names the wheel's folder `pyarrow`; by default that of .venv-torch, which `make` fills.
file(GLOB candidates "${PROJECT_SOURCE_DIR}/.venv-torch/lib/python3*/site-packages/pyarrow")
find_path(PYARROW_DIR include/parquet/arrow/reader.h PATHS ${candidates} NO_DEFAULT_PATH)
file(GLOB ARROW_LIBRARY "${PYARROW_DIR}/libarrow.so.*")
file(GLOB PARQUET_LIBRARY "${PYARROW_DIR}/libparquet.so.*")

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ArrowWheel REQUIRED_VARS PYARROW_DIR ARROW_LIBRARY PARQUET_LIBRARY)

if(ArrowWheel_FOUND AND NOT TARGET wootz_parquet)
  add_library(wootz_parquet INTERFACE)
  target_include_directories(wootz_parquet SYSTEM INTERFACE "${PYARROW_DIR}/include")
  target_link_libraries(wootz_parquet INTERFACE "${PARQUET_LIBRARY}" "${ARROW_LIBRARY}")
endif()
