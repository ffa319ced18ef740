#include "wootz/search/merge_candidate.h"

#include "wootz/core/check.h"
#include "wootz/engine/plan/open_and_plan.h"

namespace wootz {

Result<std::string> merge_candidate(FileSystem& files, Recipe recipe, const std::string& folder,
                                    std::optional<Dtype> dtype, const CandidateOptions& options) {
  if (dtype) recipe.dtype = recipe.out_dtype = dtype;
  WOOTZ_TRY(const MergePlan plan, open_and_plan(files, std::move(recipe)));
  const std::string output = join_path(options.work_directory, folder);
  WOOTZ_RETURN_IF_ERROR(files.remove_all(output));
  MergeOptions merging;
  merging.schedule.threads = options.model.threads;
  merging.sync = false;
  merging.progress = options.progress;
  WOOTZ_TRY(const MergeReport report, run_merge(files, plan, output, merging));
  WOOTZ_CHECK(report.complete);
  return output;
}

}  // namespace wootz
