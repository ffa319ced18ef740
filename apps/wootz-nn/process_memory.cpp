#include "process_memory.h"

#include <fstream>
#include <string>

namespace wootz::cli {

ProcessMemory process_memory() {
  constexpr std::uint64_t kKib = 1024;
  ProcessMemory memory;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) memory.resident = std::stoull(line.substr(6)) * kKib;
    if (line.starts_with("RssAnon:")) memory.anonymous = std::stoull(line.substr(8)) * kKib;
  }
  return memory;
}

}  // namespace wootz::cli
