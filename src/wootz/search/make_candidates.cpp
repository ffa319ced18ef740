#include "wootz/search/affine_candidates.h"
#include "wootz/search/candidates.h"
#include "wootz/search/merge_candidate.h"

namespace wootz {
namespace {

class MergedCandidates : public Candidates {
 public:
  MergedCandidates(FileSystem& files, const MergePlan& plan, Target target, CandidateOptions options)
      : files_(files), plan_(plan), target_(std::move(target)), options_(std::move(options)) {
    options_.progress = nullptr;  // these merges are steps of the search, whose progress is shown
  }

  Route route() const override { return Route::kMerged; }
  std::size_t merges() const override { return merges_; }
  std::uint64_t memory() const override { return 0; }

  Result<const Model*> get(std::span<const double> values) override {
    model_.reset();  // two would need twice the memory
    const Recipe recipe = with_values(plan_.recipe, target_, values);
    WOOTZ_TRY(const std::string merged, merge_candidate(files_, recipe, "candidate", std::nullopt, options_));
    ++merges_;
    WOOTZ_TRY(Model model, Model::load(files_, merged, options_.model));
    model_ = std::move(model);
    return &*model_;
  }

 private:
  FileSystem& files_;
  const MergePlan& plan_;
  Target target_;
  CandidateOptions options_;
  std::optional<Model> model_;
  std::size_t merges_ = 0;
};

Route route_of(const MergePlan& plan, const Target& target) {
  const Effect effect = effect_holds(plan, target) ? target.spec->effect : Effect::kGeneral;
  const bool one_value = target.dimensions(plan.recipe) == 1;
  if (one_value && effect != Effect::kGeneral) return Route::kScaled;
  return !one_value && effect == Effect::kAdds ? Route::kAdded : Route::kMerged;
}

}  // namespace

Result<std::unique_ptr<Candidates>> make_candidates(FileSystem& files, const MergePlan& plan, const Target& target,
                                                    const CandidateOptions& options) {
  const Route route = route_of(plan, target);
  if (route == Route::kMerged) return std::make_unique<MergedCandidates>(files, plan, target, options);
  return make_affine_candidates(files, plan, target, options);
}

}  // namespace wootz
