#include "wootz/adapt/evaluation.h"

#include <numeric>

#include "wootz/nn/device.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

struct Counts {
  double right = 0;
  double items = 0;
};

Result<> count(Adapter& adapter, const std::vector<TaskBatch>& batches, const ObjectiveTask& task, at::Device device,
               Counts& counts) {
  // The objective's tasks are numbered as these.
  const std::vector<MicroBatch> micro = micro_batches(batches, adapter.pass().items, device);
  WOOTZ_TRY(const std::vector<at::Tensor> outputs, adapter.run(micro));
  return guarded([&] {
           for (std::size_t m = 0; m < micro.size(); ++m)
             for (const MicroBatch::Part& part : micro[m].parts) {
               const at::Tensor found = log_probabilities(task, part, outputs[m]).argmax(-1).cpu();
               counts.right += found.eq(at::tensor(part.labels, at::kInt)).sum().item<double>();
               counts.items += static_cast<double>(part.labels.size());
             }
           return 0;
         })
      .map([](int) {});
}

}  // namespace

Result<std::vector<double>> evaluate_adapter(FileSystem& files, Adapter& adapter, const std::vector<OpenTask>& tasks,
                                             const std::vector<ObjectiveTask>& objective_tasks, const ModelInfo& model,
                                             at::Device device, const ReadOptions& reading, BadItems& bad) {
  std::vector<double> accuracy;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    std::vector<std::size_t> order(tasks[t].data->size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    WOOTZ_TRY(const auto stream, ItemStream::open(files, tasks[t], t, model, std::move(order), reading, bad));
    Counts counts;
    WOOTZ_RETURN_IF_ERROR(for_groups(*stream, [&](const std::vector<TaskBatch>& batches) {
      return count(adapter, batches, objective_tasks[t], device, counts);
    }));
    accuracy.push_back(counts.items == 0 ? 0.0 : counts.right / counts.items);
  }
  return accuracy;
}

}  // namespace wootz
