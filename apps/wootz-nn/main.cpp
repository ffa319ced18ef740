// The commands of Wootz that run networks; wootz hands them over to this program.
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "command_line.h"
#include "program.h"

namespace {

// A network gives its activations back with every batch and takes as much again with the next. By default the C library
// returns such blocks to the system, and every page of them is faulted in anew: up to a quarter of the processor's time
// here. Keeping them was faster than mimalloc, which maps blocks beyond some megabytes afresh as well.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kGrowth = 64 << 20;
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, kGrowth);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  return wootz::cli::run_program(argc, argv, wootz::cli::run_command_line);
}
