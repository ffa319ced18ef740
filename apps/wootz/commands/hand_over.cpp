// Commands that run networks live in wootz-nn, so that wootz itself starts without libtorch.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "commands/commands.h"

namespace wootz::cli {
namespace {

constexpr const char* kProgram = "wootz-nn";

bool is_program(const std::string& path) {
  return access(path.c_str(), X_OK) == 0 && !posix_file_system().is_directory(path);
}

// Beside this program, or else on PATH; "" when there is none.
std::string find_program() {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (const std::string beside = self.parent_path() / kProgram; !self.empty() && is_program(beside)) return beside;
  const char* variable = std::getenv("PATH");
  std::string_view path = variable == nullptr ? "" : variable;
  while (!path.empty()) {
    const std::string_view directory = path.substr(0, path.find(':'));
    if (const std::string found = join_path(directory.empty() ? "." : directory, kProgram); is_program(found))
      return found;
    path.remove_prefix(std::min(directory.size() + 1, path.size()));
  }
  return "";
}

// The threads of libtorch's OpenMP spin for milliseconds at the end of every parallel region before they sleep. With
// anything else running, decoding for instance, that made evaluation five times slower. Read when the library is
// loaded, so it cannot be set later.
void shorten_spinning() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "20000", /*overwrite=*/0);
}

}  // namespace

Result<int> run(const HandOverCommand& command) {
  const std::string program = find_program();
  if (program.empty())
    return fail(ErrorKind::kFailed,
                "'wootz {}' runs networks and needs {}, which is neither beside wootz nor on PATH: build it where "
                "libtorch is ('make .venv-torch/done' fetches that, then 'make')",
                command.arguments.front(), kProgram);
  std::vector<std::string> words = {program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  shorten_spinning();
  execv(program.c_str(), pointers.data());
  return fail(ErrorKind::kFailed, "cannot run '{}': {}", program, std::strerror(errno));
}

}  // namespace wootz::cli
