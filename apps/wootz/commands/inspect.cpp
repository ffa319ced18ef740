// wootz inspect: tensors and norms; task vectors, their cosines and sign conflicts.
#include "commands/commands.h"
#include "console.h"
#include "format.h"
#include "inspect_text.h"
#include "json_output.h"
#include "progress_meter.h"
#include "wootz/engine/inspect/inspection_json.h"

namespace wootz::cli {
Result<int> run(const InspectCommand& command) {
  Result<Inspection> inspected;
  {
    ProgressMeter meter(command.quiet);
    InspectOptions options;
    options.base = command.base;
    options.threads = command.threads;
    options.progress = meter.callback();
    inspected = inspect_models(posix_file_system(), command.models, options);
  }
  if (!inspected) return tl::unexpected(std::move(inspected).error());
  if (command.json)
    print_json(inspection_json(*inspected, command.view == InspectCommand::View::kLayers ? InspectionRows::kLayers
                                                                                         : InspectionRows::kTensors));
  else
    print_out(inspection_text(*inspected, command.view));
  return 0;
}

}  // namespace wootz::cli
