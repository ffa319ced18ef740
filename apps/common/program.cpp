#include "program.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <new>

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

}  // namespace

int run_program(int count, char** arguments, const std::function<Result<int>(std::vector<std::string>)>& work) {
  open_standard_streams();
  // `wootz ... | head` must neither kill a merge nor complain.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return finish(work({arguments, arguments + count}));
  } catch (const std::bad_alloc&) {
    return finish(fail(ErrorKind::kFailed, "out of memory"));
  } catch (const std::exception& error) {
    return finish(fail(ErrorKind::kFailed, "internal error: {}", error.what()));
  }
}

}  // namespace wootz::cli
