// The command line of Wootz: parses and runs one command.
#include "command_line.h"
#include "program.h"

int main(int argc, char** argv) {
  using namespace wootz;
  return cli::run_program(argc, argv, [](std::vector<std::string> arguments) -> Result<int> {
    WOOTZ_TRY(const cli::Command command, cli::parse_command_line(std::move(arguments)));
    return std::visit([](const auto& chosen) { return cli::run(chosen); }, command);
  });
}
