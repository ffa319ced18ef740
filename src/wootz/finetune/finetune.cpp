#include "wootz/finetune/finetune.h"

#include <chrono>
#include <cmath>

#include "torch/csrc/autograd/autograd.h"
#include "wootz/data/catalogue.h"
#include "wootz/data/loader.h"
#include "wootz/engine/output/replaceable.h"
#include "wootz/engine/output/version.h"
#include "wootz/eval/evaluate.h"
#include "wootz/finetune/training_state.h"
#include "wootz/finetune/write_model.h"
#include "wootz/io/digest.h"
#include "wootz/nn/architecture.h"
#include "wootz/nn/device.h"
#include "wootz/nn/load_parameters.h"
#include "wootz/nn/network_input.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// Everything a run works with.
struct Run {
  FinetuneRecipe recipe;
  Checkpoint base;
  std::unique_ptr<Network> network;
  at::Device device = at::kCPU;
  ParameterList parameters;  ///< the base's
  std::unique_ptr<Trainable> trainable;
  OpenTask task;
  std::unique_ptr<Encoder> encoder;
  std::optional<HeadTensors> head;
  std::size_t steps = 0;
};

std::size_t steps_of(const FinetuneRecipe& recipe, std::size_t items) {
  if (recipe.steps > 0) return recipe.steps;
  return (items * recipe.epochs + recipe.batch_size - 1) / recipe.batch_size;
}

Result<> open_model(FileSystem& files, Run& run) {
  WOOTZ_TRY(run.base, Checkpoint::open(files, run.recipe.base_model));
  WOOTZ_TRY(const ModelConfig config, ModelConfig::load(files, run.base.directory()));
  WOOTZ_TRY(run.network, make_network(config, tensor_names(run.base)));
  WOOTZ_TRY(run.parameters, load_parameters(run.base, *run.network));
  return {};
}

Result<> open_data(FileSystem& files, Run& run) {
  WOOTZ_TRY(const Catalogue catalogue, load_catalogue(files, run.recipe.tasks));
  if (run.recipe.task.empty())
    return fail(ErrorKind::kUsage, "{}: name the task to train on, with 'task:' or --task", run.recipe.file);
  WOOTZ_TRY(const Task* const task, catalogue.find(run.recipe.task));
  ModelInfo info = run.network->info();
  info.directory = run.base.directory();
  WOOTZ_TRY(run.task, open_task_for(files, *task, info, run.recipe.split));
  WOOTZ_TRY(run.encoder, encoder_for(files, info, *task, {}, run.recipe.augmentation));
  if (run.task.head) run.head = head_tensors(*run.task.head, run.device);
  run.steps = steps_of(run.recipe, run.task.data->size());
  return {};
}

Result<> choose_trainable(Run& run) {
  for (at::Tensor& values : run.parameters) values = values.to(run.device);
  if (run.recipe.lora) {
    if (run.recipe.lora->targets.empty()) run.recipe.lora->targets = default_lora_targets(*run.network);
    WOOTZ_TRY(run.trainable, train_adapters(*run.network, run.parameters, *run.recipe.lora, run.recipe.seed));
  } else {
    WOOTZ_TRY(run.trainable, train_parameters(*run.network, run.parameters, run.recipe.freeze));
  }
  return {};
}

// What tells one run from another: version, recipe, catalogue, the task's head, input and labels, and the base's
// configuration, headers and times.
Result<std::string> fingerprint_of(FileSystem& files, const Run& run) {
  ModelInfo info = run.network->info();
  info.directory = run.base.directory();
  WOOTZ_TRY(const std::string catalogue, file_digest(files, run.recipe.tasks));
  WOOTZ_TRY(const std::string task, task_key(files, info, run.task));
  WOOTZ_TRY(const std::string config, file_digest(files, join_path(run.base.directory(), "config.json")));
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n", version(), run.recipe.text, run.recipe.task, run.steps,
                                 catalogue, task, config);
  for (const WeightFile& file : run.base.files())
    text += fmt::format("{} {} {} {}\n", file.name, file.size, file.header_digest, file.modified);
  return bytes_digest(std::as_bytes(std::span(text)));
}

// The draws of all steps from `first` on.
std::vector<Draw> draws_from(const Run& run, std::size_t first) {
  return endless(run.task.data->size(), run.recipe.seed, first * run.recipe.batch_size,
                 run.steps * run.recipe.batch_size);
}

// One forward and backward pass and the optimizer's step; returns the loss.
double train_step(const Run& run, AdamW& optimizer, const Batch& batch, double learning_rate) {
  const NetworkWeights parameters = with_precision(*run.network, run.trainable->effective(), run.recipe.precision);
  const NetworkInput input = network_input(batch, run.device);
  const at::Tensor logits = run.head ? head_logits(run.network->features(parameters, input), *run.head)
                                     : run.network->logits(parameters, input);
  const at::Tensor labels = at::tensor(batch.labels, at::kInt).to(run.device, at::kLong);
  const at::Tensor loss =
      at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, run.recipe.label_smoothing);
  ParameterList gradients = torch::autograd::grad({loss}, run.trainable->values(), {}, std::nullopt, false,
                                                  /*allow_unused=*/true);
  if (run.recipe.max_gradient_norm > 0) clip_gradients(gradients, run.recipe.max_gradient_norm);
  optimizer.step(gradients, learning_rate);
  return loss.item<double>();
}

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

Result<> train(Run& run, AdamW& optimizer, RunDirectory& directory, std::vector<double>& losses,
               const FinetuneOptions& options, FinetuneReport& report) {
  const auto start = std::chrono::steady_clock::now();
  BadItems bad(options.skip_bad);
  Loader loader(*run.task.data, *run.encoder, draws_from(run, losses.size()),
                {run.recipe.batch_size, options.loader_threads, 4}, bad);
  ModelInfo info = run.network->info();
  info.directory = run.base.directory();
  std::size_t items = 0;
  while (losses.size() < run.steps) {
    WOOTZ_TRY(std::optional<Batch> batch, loader.next());
    if (!batch)
      return fail(ErrorKind::kInput, "damaged items left no batch for step {} of {}: mend or remove them",
                  losses.size() + 1, run.steps);
    const double rate = learning_rate_at(run.recipe, losses.size(), run.steps);
    WOOTZ_RETURN_IF_ERROR(check_batch(info, *batch));
    WOOTZ_TRY(const double loss, guarded([&] { return train_step(run, optimizer, *batch, rate); }));
    items += batch->size;
    loader.recycle(*std::move(batch));
    losses.push_back(loss);
    if (!std::isfinite(loss))
      return fail(ErrorKind::kFailed, "the loss is {} at step {}: lower 'learning_rate', or set 'max_gradient_norm'",
                  loss, losses.size());
    if (options.progress) options.progress({losses.size(), run.steps, loss, rate, items});
    const std::size_t every = run.recipe.checkpoint_steps;
    if (every > 0 && losses.size() % every == 0 && losses.size() < run.steps)
      WOOTZ_RETURN_IF_ERROR(save_state(directory, *run.trainable, optimizer, losses));
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.waited = loader.waited();
  report.skipped = bad.messages();
  return {};
}

// |change| / |base| over all parameters of the network.
double relative_change(const Run& run) {
  const at::NoGradGuard no_gradients;
  const ParameterList now = run.trainable->effective();
  double change = 0, base = 0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    change += (now[i] - run.parameters[i]).to(at::kDouble).square().sum().item<double>();
    base += run.parameters[i].to(at::kDouble).square().sum().item<double>();
  }
  return std::sqrt(change / base);
}

Result<> check_finite(const Trainable& trainable) {
  for (std::size_t i = 0; i < trainable.values().size(); ++i)
    if (!trainable.values()[i].isfinite().all().item<bool>())
      return fail(ErrorKind::kFailed,
                  "'{}' holds values that are no finite numbers after the last step: lower 'learning_rate', or set "
                  "'max_gradient_norm'",
                  trainable.names()[i]);
  return {};
}

void summarize(const Run& run, const std::vector<double>& losses, FinetuneReport& report) {
  const std::span<const double> recent = std::span(losses).subspan(report.resumed_at);
  const std::size_t tenth = (recent.size() + 9) / 10;
  report.steps = losses.size();
  report.first_loss = mean_of(recent.first(tenth));
  report.last_loss = mean_of(recent.last(tenth));
  report.relative_change = relative_change(run);
  for (const at::Tensor& values : run.trainable->values()) report.trained += static_cast<std::size_t>(values.numel());
}

}  // namespace

Result<FinetuneReport> finetune(FileSystem& files, const FinetuneRecipe& recipe, const std::string& given_output,
                                const FinetuneOptions& options) {
  const std::string output = output_path(given_output);
  WOOTZ_RETURN_IF_ERROR(
      check_output(files, output, options.overwrite, recipe.file, {recipe.base_model, parent_path(recipe.tasks)}));
  Run run;
  run.recipe = recipe;
  WOOTZ_TRY(run.device, open_device(options.device));
  set_network_threads(options.threads);
  WOOTZ_RETURN_IF_ERROR(open_model(files, run));
  WOOTZ_RETURN_IF_ERROR(open_data(files, run));
  WOOTZ_RETURN_IF_ERROR(choose_trainable(run));
  AdamWSettings settings;
  settings.weight_decay = recipe.weight_decay;
  AdamW optimizer(run.trainable->values(), settings);
  WOOTZ_TRY(const std::string fingerprint, fingerprint_of(files, run));
  WOOTZ_TRY(const std::unique_ptr<RunDirectory> partial,
            RunDirectory::open(files, output, fingerprint, options.overwrite));
  WOOTZ_TRY(std::vector<double> losses, restore_state(*partial, *run.trainable, optimizer));

  FinetuneReport report;
  report.resumed_at = losses.size();
  report.discarded_other = partial->discarded_other();
  WOOTZ_RETURN_IF_ERROR(train(run, optimizer, *partial, losses, options, report));
  WOOTZ_RETURN_IF_ERROR(check_finite(*run.trainable));
  summarize(run, losses, report);
  WOOTZ_TRY(const std::string directory, partial->output_directory());
  WOOTZ_RETURN_IF_ERROR(
      (run.recipe.lora ? write_adapter : write_model)(files, run.base, *run.trainable, run.recipe, directory));
  WOOTZ_RETURN_IF_ERROR(write_log(files, losses, run.recipe, directory));
  WOOTZ_RETURN_IF_ERROR(partial->publish(options.overwrite));
  return report;
}

}  // namespace wootz
