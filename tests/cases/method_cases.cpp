// method_cases [--mode oracle|laws|determinism] FILE|LINE...: runs cases of methods, and prints a command for each that
// fails. --recipe prints the recipes of the cases instead. cases/case_line.h describes the lines.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cases/modes.h"

namespace wootz::cases {
namespace {

struct Arguments {
  std::string program;
  std::vector<Mode> modes = {cases::modes().begin(), cases::modes().end()};
  bool recipe = false;
  std::vector<Case> cases;
};

Result<Arguments> parse_arguments(const std::vector<std::string>& words) {
  Arguments arguments{.program = words[0]};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--recipe") {
      arguments.recipe = true;
    } else if (words[i] == "--mode") {
      const std::string name = ++i < words.size() ? words[i] : "";
      std::erase_if(arguments.modes, [&](const Mode& mode) { return mode.name != name; });
      if (arguments.modes.empty()) return fail(ErrorKind::kUsage, "there is no mode '{}'", name);
    } else if (words[i].ends_with(".txt")) {
      WOOTZ_TRY(const std::vector<Case> cases, read_cases(words[i]));
      arguments.cases.insert(arguments.cases.end(), cases.begin(), cases.end());
    } else {
      WOOTZ_TRY(Case one, parse_case(words[i]));
      arguments.cases.push_back(std::move(one));
    }
  }
  if (arguments.cases.empty()) return fail(ErrorKind::kUsage, "name a file of cases (.txt), or give a case");
  return arguments;
}

int run(const Arguments& arguments) {
  std::size_t failed = 0;
  std::size_t run = 0;
  for (const Case& one : arguments.cases) {
    if (arguments.recipe) {
      fmt::print("{}\n", recipe_of(one));
      continue;
    }
    for (const Mode& mode : arguments.modes) {
      ++run;
      const Verdict verdict = mode.check(one, engine_runner());
      if (!verdict) continue;
      ++failed;
      fmt::print("FAILED: {}\n  {} --mode {} '{}'\n", *verdict, arguments.program, mode.name, one.line);
    }
  }
  if (!arguments.recipe) fmt::print("{} of {} checks passed\n", run - failed, run);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace wootz::cases

int main(int argc, char** argv) {
  const auto arguments = wootz::cases::parse_arguments(std::vector<std::string>(argv, argv + argc));
  if (!arguments) {
    fmt::print(stderr, "method_cases: {}\n", arguments.error().message);
    return 2;
  }
  return wootz::cases::run(*arguments);
}
