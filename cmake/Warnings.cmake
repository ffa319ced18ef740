# One interface target carries the warnings and the floating-point rule for all of our code.
add_library(wootz_options INTERFACE)
target_compile_options(
  wootz_options
  INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
            # Designated initialisers leave out what has a default on purpose.
            -Wno-missing-field-initializers
            # g++ 12 sees moved strings overrun; in precompiled headers it does not know that they are the system's.
            "$<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-restrict>"
            # The same bits on every instruction set: never fuse a multiply and an add.
            -ffp-contract=off)
