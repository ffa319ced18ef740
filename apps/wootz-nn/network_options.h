// Options that the commands which run networks have in common. For the files that declare options.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <thread>

#include "option_types.h"
#include "wootz/nn/model.h"

namespace wootz::cli {

inline void add_device_option(CLI::App& app, ModelOptions& options) {
  app.add_option("--device", options.device, "where to compute: cpu, cuda or cuda:1 (default cpu)")
      ->type_name("DEVICE");
}

inline void add_precision_option(CLI::App& app, ModelOptions& options) {
  app.add_option_function<std::string>(
         "--precision",
         [&options](const std::string& text) {
           if (text != "float32" && text != "bfloat16")
             throw CLI::ValidationError("--precision",
                                        fmt::format("'{}' is not a precision; write float32 or bfloat16", text));
           options.precision = text == "float32" ? Precision::kFloat32 : Precision::kBFloat16;
         },
         "of the network's arithmetic: float32 (default) or bfloat16")
      ->type_name("TYPE");
}

inline void add_batch_size_option(CLI::App& app, std::size_t& size) {
  app.add_option("--batch-size", size, "items that go through the network at once (default 64)")
      ->type_name("N")
      ->check(whole_number(1, 65536, "a number of items"));
}

/// --overwrite, --quiet and --json, of the commands that learn a model.
inline void add_run_flags(CLI::App& app, bool& overwrite, bool& quiet, bool& json) {
  app.add_flag("--overwrite", overwrite, "replace OUT, and what a stopped run of something else has left");
  app.add_flag("-q,--quiet", quiet, "print errors and warnings only");
  app.add_flag("--json", json, "print the result as JSON");
}

/// Threads that decode, beside `threads` (0: one a processor) of the network: what decoding takes is little.
inline std::size_t loader_threads(std::size_t threads) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  return std::max<std::size_t>(1, threads / 4);
}

}  // namespace wootz::cli
