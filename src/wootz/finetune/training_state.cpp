#include "wootz/finetune/training_state.h"

#include "wootz/nn/stored_tensors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

constexpr const char* kLosses = "losses";

// The three lists a state holds, by the prefix of their names.
struct Part {
  std::string prefix;
  const ParameterList* tensors;
};
std::vector<Part> parts_of(const Trainable& trainable, const AdamW& optimizer) {
  return {{"value/", &trainable.values()}, {"mean/", &optimizer.means()}, {"square/", &optimizer.squares()}};
}

Result<> fill(const Checkpoint& state, const std::string& name, const at::Tensor& target) {
  const at::Tensor values = at::empty(target.sizes(), at::kFloat);
  WOOTZ_RETURN_IF_ERROR(read_saved(state, name, bytes_of(values)));
  const at::NoGradGuard no_gradients;
  target.copy_(values);
  return {};
}

}  // namespace

Result<std::vector<double>> restore_state(RunDirectory& run, const Trainable& trainable, AdamW& optimizer) {
  WOOTZ_TRY(const std::optional<Checkpoint> state, run.restore());
  if (!state) return std::vector<double>();
  for (const Part& part : parts_of(trainable, optimizer))
    for (std::size_t i = 0; i < trainable.names().size(); ++i)
      WOOTZ_RETURN_IF_ERROR(fill(*state, part.prefix + trainable.names()[i], (*part.tensors)[i]));
  const TensorInfo* losses = state->find(kLosses);
  std::vector<double> values(losses == nullptr ? 0 : losses->size);
  WOOTZ_RETURN_IF_ERROR(read_saved(*state, kLosses, std::as_writable_bytes(std::span(values))));
  optimizer.set_steps(values.size());
  return values;
}

Result<> save_state(RunDirectory& run, const Trainable& trainable, const AdamW& optimizer,
                    const std::vector<double>& losses) {
  ParameterList kept;  // copies on the CPU live until the file is written
  std::vector<StoredTensor> tensors;
  for (const Part& part : parts_of(trainable, optimizer))
    for (std::size_t i = 0; i < trainable.names().size(); ++i) {
      kept.push_back((*part.tensors)[i].detach().cpu().contiguous());
      tensors.push_back(stored_tensor(part.prefix + trainable.names()[i], kept.back()));
    }
  tensors.push_back({kLosses, Dtype::kF64, {losses.size()}, std::as_bytes(std::span(losses))});
  return run.save(tensors);
}

}  // namespace wootz
