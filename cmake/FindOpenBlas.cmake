# OpenBLAS with LAPACK, for src/wootz/linalg alone: OpenBlas::private is one object made of the static library, in which
# the routines that we call have names of our own and everything else is hidden. libtorch brings a BLAS too, under the
# names that every BLAS has; so neither can get into the other's way, and `wootz` and `wootz-nn` compute the same bytes.
find_library(OpenBlas_ARCHIVE libopenblas.a PATH_SUFFIXES openblas-serial x86_64-linux-gnu/openblas-serial
             DOC "OpenBLAS built without threads, as a static library")
set(openblas_object "${CMAKE_BINARY_DIR}/openblas/openblas.o")

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  OpenBlas REQUIRED_VARS OpenBlas_ARCHIVE
  REASON_FAILURE_MESSAGE "install libopenblas-serial-dev, or set OpenBlas_ARCHIVE to a libopenblas.a built with USE_THREAD=0 USE_LOCKING=1")

if(OpenBlas_FOUND AND NOT TARGET OpenBlas::private)
  set(script "${CMAKE_CURRENT_LIST_DIR}/make_blas_object.sh")
  if("${script}" IS_NEWER_THAN "${openblas_object}" OR "${OpenBlas_ARCHIVE}" IS_NEWER_THAN "${openblas_object}")
    execute_process(COMMAND bash "${script}" "${OpenBlas_ARCHIVE}" "${openblas_object}" RESULT_VARIABLE failed
                    ERROR_VARIABLE reason)
    if(failed)
      message(FATAL_ERROR "OpenBlas: cannot make an object of ${OpenBlas_ARCHIVE}: ${reason}")
    endif()
  endif()
  add_library(OpenBlas::private OBJECT IMPORTED)
  set_target_properties(OpenBlas::private PROPERTIES IMPORTED_OBJECTS "${openblas_object}")
endif()
