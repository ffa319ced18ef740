#include "wootz/adapt/teacher.h"

#include "wootz/nn/device.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// log softmax of the expert's logits, [n, C].
Result<at::Tensor> ask_expert(const TeacherInputs& in, const std::vector<std::size_t>& items,
                              const std::function<void(std::size_t)>& progress) {
  WOOTZ_TRY(const Model model, Model::load(in.files, in.expert, in.model));
  WOOTZ_TRY(const OpenTask opened, reopen_for(in.files, in.task, model.info()));
  WOOTZ_TRY(const auto stream, ItemStream::open(in.files, opened, 0, model.info(), items, in.reading, in.bad));
  const auto classes = static_cast<std::int64_t>(opened.classes);
  at::Tensor table = at::zeros({static_cast<std::int64_t>(in.task.data->size()), classes}, at::kFloat);
  std::size_t done = 0;
  const auto ask = [&](const std::vector<TaskBatch>& group) -> Result<> {
    for (const TaskBatch& each : group) {
      WOOTZ_TRY(std::vector<float> logits, model.logits(each.batch, opened.head ? &*opened.head : nullptr));
      const auto count = static_cast<std::int64_t>(each.items.size());
      table.index_copy_(0, item_rows(each.items),
                        at::from_blob(logits.data(), {count, classes}, at::kFloat).log_softmax(-1));
      progress(done += each.items.size());
    }
    return {};
  };
  WOOTZ_RETURN_IF_ERROR(for_groups(*stream, ask));
  return table;
}

// The same of the starting merge.
Result<at::Tensor> ask_start(const TeacherInputs& in, const std::vector<std::size_t>& items,
                             const std::function<void(std::size_t)>& progress) {
  WOOTZ_TRY(const auto stream, ItemStream::open(in.files, in.task, 0, in.info, items, in.reading, in.bad));
  at::Tensor table = at::zeros(
      {static_cast<std::int64_t>(in.task.data->size()), static_cast<std::int64_t>(in.head.classes)}, at::kFloat);
  std::size_t done = 0;
  const auto ask = [&](const std::vector<TaskBatch>& group) -> Result<> {
    const std::vector<MicroBatch> micro = micro_batches(group, in.adapter.pass().items, in.device);
    WOOTZ_TRY(const std::vector<at::Tensor> outputs, in.adapter.run(micro));
    WOOTZ_RETURN_IF_ERROR(guarded([&] {
      for (std::size_t m = 0; m < micro.size(); ++m)
        for (const MicroBatch::Part& part : micro[m].parts)
          table.index_copy_(0, item_rows(part.items),
                            log_probabilities(in.head, part, outputs[m]).to(at::kCPU, at::kFloat));
      return 0;
    }));
    for (const TaskBatch& each : group) progress(done += each.items.size());
    return {};
  };
  WOOTZ_RETURN_IF_ERROR(for_groups(*stream, ask));
  return table;
}

}  // namespace

Result<at::Tensor> teacher_predictions(const TeacherInputs& inputs, const std::vector<std::size_t>& items,
                                       const std::function<void(std::size_t)>& progress) {
  const at::NoGradGuard no_gradients;
  WOOTZ_TRY(const at::Tensor expert, ask_expert(inputs, items, progress));
  WOOTZ_TRY(const at::Tensor start, ask_start(inputs, items, [&](std::size_t done) { progress(items.size() + done); }));
  const at::Tensor asked = item_rows(items);
  at::Tensor mean = 0.5 * (expert.index_select(0, asked) + start.index_select(0, asked));
  const at::Tensor often = mean.softmax(-1).mean(0).clamp_min(1e-8);
  mean = (mean - inputs.balance * often.log()).softmax(-1);
  if (!mean.isfinite().all().item<bool>())
    return fail(ErrorKind::kFailed,
                "the expert '{}' or the starting merge gives logits that are no finite numbers for task '{}'",
                inputs.expert, inputs.task.task.name);
  return at::zeros_like(expert).index_copy_(0, asked, mean);
}

}  // namespace wootz
