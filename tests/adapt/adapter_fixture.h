// An adapter with its network, tasks and one step's items, in float32 or float64.
#pragma once

#include "adapt/adapt_fixture.h"
#include "support/torch_test_headers.h"
#include "wootz/adapt/adapter_inputs.h"
#include "wootz/adapt/objective.h"
#include "wootz/adapt/tasks.h"
#include "wootz/nn/architecture.h"

namespace wootz::testing {

// Where the network runs, and the vectors lie.
struct Place {
  at::Device device = at::kCPU;
  bool vectors_on_device = false;
};

class AdapterFixture : public AdaptFixture {
 protected:
  struct Setup {
    MergePlan plan;
    std::unique_ptr<Network> network;
    std::vector<AdaptTask> tasks;
    std::vector<ObjectiveTask> objective_tasks;
    AdapterInputs inputs;
    std::unique_ptr<Adapter> adapter;
    std::vector<TaskBatch> batches;
    BadItems bad{0};
  };

  // Of a recipe with batches of six items.
  std::unique_ptr<Setup> setup_recipe(const std::string& text, bool wide, const Place& place = {}) {
    auto made = std::make_unique<Setup>();
    made->plan = plan(text);
    const Checkpoint& base = made->plan.sources.donor().checkpoint;
    made->network = *make_network(*ModelConfig::load(files_, base.directory()), tensor_names(base));
    ModelInfo info = made->network->info();
    info.directory = base.directory();
    made->tasks = *open_adapt_tasks(files_, made->plan.recipe, info);
    for (std::size_t t = 0; t < made->tasks.size(); ++t) {
      const OpenTask& open = made->tasks[t].open;
      ObjectiveTask task{open.task.name, open.classes, head_tensors(*open.head, place.device), {}};
      if (wide) task.head->weight = task.head->weight.to(at::kDouble);
      made->objective_tasks.push_back(std::move(task));
      auto stream = ItemStream::open(files_, open, t, info, {3, 1, 4, 15, 9, 26}, {std::nullopt, 6, 0}, made->bad);
      made->batches.push_back(**(*stream)->next());
    }
    made->inputs = {.plan = &made->plan,
                    .network = made->network.get(),
                    .device = place.device,
                    .vectors_on_device = place.vectors_on_device,
                    .step_items = 12,
                    .tokens = info.image_tokens,
                    .max_memory = std::uint64_t{1} << 30,
                    .work_directory = folder_ / "work",
                    .wide = wide};
    made->adapter = *make_adapter(files_, made->inputs);
    return made;
  }

  static double loss_of(Setup& setup, std::vector<at::Tensor>& gradients, std::size_t items = 12) {
    Objective objective({.entropy = 1.0, .balance = 0.3}, setup.objective_tasks, 6);
    const std::vector<MicroBatch> micro = micro_batches_of(setup, items);
    const auto loss = setup.adapter->learn(
        micro, [&](const MicroBatch& batch, const at::Tensor& output) { return objective.loss(batch, output); },
        gradients);
    if (!loss) throw std::runtime_error(loss.error().message);
    return *loss;
  }
  static std::vector<MicroBatch> micro_batches_of(const Setup& setup, std::size_t items = 12) {
    std::vector<MicroBatch> micro = micro_batches(setup.batches, items, setup.inputs.device);
    if (setup.inputs.wide)
      for (MicroBatch& each : micro) each.input.pixels = each.input.pixels.to(at::kDouble);
    return micro;
  }
};

inline double largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

}  // namespace wootz::testing
