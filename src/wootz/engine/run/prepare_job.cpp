#include "wootz/engine/run/tensor_job.h"
#include "wootz/engine/run/tensor_passes.h"
#include "wootz/io/digest.h"

namespace wootz {
namespace {

// The passes of one tensor's stages below a stage that serves the whole model.
class PrepareJob : public Job {
 public:
  PrepareJob(MergeContext& context, std::size_t merged, std::size_t until)
      : passes_(context, context.plan.merged_tensor(merged), *context.tensor_stages[merged], until) {}

  Result<std::optional<std::size_t>> next_phase() override { return passes_.next(); }
  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& worker) override {
    return passes_.run(unit, merge_worker(worker));
  }
  Result<> merge(std::size_t unit, std::unique_ptr<UnitResult> result) override {
    passes_.merge(unit, *result);
    return {};
  }

 private:
  OwnPasses passes_;
};

// One pass over the pieces of all tensors, numbered through.
class ModelPassJob : public Job {
 public:
  ModelPassJob(MergeContext& context, std::size_t stage, Pass& pass) : context_(context), stage_(stage), pass_(pass) {
    for (std::size_t merged = 0; merged < context.plan.merged_tensors.size(); ++merged) {
      const std::uint64_t size = context.plan.merged_tensor(merged).size;
      total_ += size;
      for (std::uint64_t piece = 0; piece < piece_count(size); ++piece) units_.push_back({merged, piece});
    }
  }

  Result<std::optional<std::size_t>> next_phase() override {
    if (begun_) return std::optional<std::size_t>();
    begun_ = true;
    return units_.size();
  }
  Result<std::unique_ptr<UnitResult>> run(std::size_t unit, WorkerState& worker) override {
    const auto [merged, piece] = units_[unit];
    return show_piece(context_, context_.plan.merged_tensor(merged), *context_.tensor_stages[merged], stage_, pass_,
                      total_, piece, merge_worker(worker));
  }
  Result<> merge(std::size_t unit, std::unique_ptr<UnitResult> result) override {
    auto& shown = static_cast<PassResult&>(*result);
    if (shown.state != nullptr) pass_.merge(units_[unit].merged, units_[unit].piece, *shown.state);
    return {};
  }

 private:
  struct Unit {
    std::size_t merged;
    std::uint64_t piece;
  };
  MergeContext& context_;
  std::size_t stage_;
  Pass& pass_;
  std::vector<Unit> units_;
  std::uint64_t total_ = 0;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Job> make_prepare_job(MergeContext& context, std::size_t merged, std::size_t until) {
  return std::make_unique<PrepareJob>(context, merged, until);
}

std::unique_ptr<Job> make_model_pass_job(MergeContext& context, std::size_t stage, Pass& pass) {
  return std::make_unique<ModelPassJob>(context, stage, pass);
}

}  // namespace wootz
