#include "commands/commands.h"
#include "console.h"

namespace wootz::cli {

Result<int> run(const PrintCommand& command) {
  print_out(command.text);
  return 0;
}

}  // namespace wootz::cli
