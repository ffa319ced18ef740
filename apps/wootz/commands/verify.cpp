// wootz verify: an output against its manifest.
#include "wootz/engine/verify.h"
#include "commands/commands.h"
#include "console.h"
#include "format.h"
#include "json_output.h"
#include "progress_meter.h"

namespace wootz::cli {

Result<int> run(const VerifyCommand& command) {
  Result<Verification> verified;
  {
    ProgressMeter meter(command.quiet);
    verified = verify_output(posix_file_system(), command.output, command.threads, meter.callback());
  }
  if (!verified) return tl::unexpected(std::move(verified).error());
  const bool good = verified->problems.empty();
  if (command.json) {
    print_json({{"ok", good},
                {"tensors", verified->tensors},
                {"files", verified->files},
                {"bytes", verified->bytes},
                {"problems", verified->problems}});
  } else if (good && !command.quiet) {
    print_out(fmt::format("{}: all is as it was written ({}, {}, {} read)\n", command.output,
                          count_of(verified->tensors, "tensor"), count_of(verified->files, "file"),
                          format_bytes(verified->bytes)));
  } else if (!good) {
    for (const std::string& problem : verified->problems) print_err(fmt::format("wootz: error: {}\n", problem));
    print_err(fmt::format("wootz: error: {}: verification failed, {}\n", command.output,
                          count_of(verified->problems.size(), "problem")));
  }
  return good ? 0 : exit_code(ErrorKind::kVerification);
}

}  // namespace wootz::cli
