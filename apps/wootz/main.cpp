// The command line of Wootz: parses, runs one command, prints errors, returns the exit code.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <new>

#include "command_line.h"
#include "console.h"

namespace wootz::cli {
namespace {

// A process may be started with standard streams closed. A weight file that got such a number would then receive what
// is printed.
void open_standard_streams() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor)
    if (fcntl(descriptor, F_GETFD) == -1 && open("/dev/null", O_RDWR) != descriptor)
      _exit(exit_code(ErrorKind::kFailed));
}

int finish(const Result<int>& result) {
  if (!result) print_error(result.error());
  const int code = result ? *result : exit_code(result.error().kind);
  const Result<> flushed = flush_out();
  if (flushed) return code;
  print_error(flushed.error());
  return code != 0 ? code : exit_code(flushed.error().kind);
}

Result<int> parse_and_run(int count, char** arguments) {
  WOOTZ_TRY(const Command command, parse_command_line({arguments, arguments + count}));
  return std::visit([](const auto& chosen) { return run(chosen); }, command);
}

}  // namespace
}  // namespace wootz::cli

int main(int argc, char** argv) {
  using namespace wootz;
  cli::open_standard_streams();
  // `wootz ... | head` must neither kill a merge nor complain.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return cli::finish(cli::parse_and_run(argc, argv));
  } catch (const std::bad_alloc&) {
    return cli::finish(fail(ErrorKind::kFailed, "out of memory"));
  } catch (const std::exception& error) {
    return cli::finish(fail(ErrorKind::kFailed, "internal error: {}", error.what()));
  }
}
