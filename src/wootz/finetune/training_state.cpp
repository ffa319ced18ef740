#include "wootz/finetune/training_state.h"

#include <cstring>

#include "wootz/io/checkpoint.h"
#include "wootz/io/safetensors_file.h"
#include "wootz/io/write_safetensors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

constexpr const char* kState = "state.safetensors";
constexpr const char* kOutput = "output";
constexpr const char* kReplaced = "replaced";
constexpr const char* kFingerprint = "fingerprint";
constexpr const char* kLosses = "losses";

std::span<std::byte> bytes_of(const at::Tensor& x) { return {static_cast<std::byte*>(x.data_ptr()), x.nbytes()}; }

StoredTensor stored(const std::string& name, const at::Tensor& x) {
  return {name, Dtype::kF32, Shape(x.sizes().begin(), x.sizes().end()), bytes_of(x)};
}

// The three lists a state holds, by the prefix of their names.
struct Part {
  std::string prefix;
  const ParameterList* tensors;
};
std::vector<Part> parts_of(const Trainable& trainable, const AdamW& optimizer) {
  return {{"value/", &trainable.values()}, {"mean/", &optimizer.means()}, {"square/", &optimizer.squares()}};
}

Result<> fill(const Checkpoint& state, const std::string& name, const at::Tensor& target) {
  const TensorInfo* found = state.find(name);
  if (found == nullptr || found->bytes != target.nbytes())
    return fail(ErrorKind::kInput, "'{}': '{}' is missing or of another size; remove the file to start again",
                state.path(), name);
  const at::Tensor values = at::empty(target.sizes(), at::kFloat);
  WOOTZ_RETURN_IF_ERROR(state.read(*found, 0, bytes_of(values)));
  const at::NoGradGuard no_gradients;
  target.copy_(values);
  return {};
}

}  // namespace

TrainingState::TrainingState(FileSystem& files, std::string output, std::string fingerprint)
    : files_(files),
      output_(std::move(output)),
      root_(output_ + ".wootz-partial"),
      fingerprint_(std::move(fingerprint)) {}

std::string TrainingState::path(const std::string& name) const { return join_path(root_, name); }

Result<std::unique_ptr<TrainingState>> TrainingState::open(FileSystem& files, const std::string& output,
                                                           std::string fingerprint) {
  std::unique_ptr<TrainingState> state(new TrainingState(files, output, std::move(fingerprint)));
  WOOTZ_RETURN_IF_ERROR(files.create_directories(state->root_));
  WOOTZ_TRY(state->lock_, files.lock(state->path("lock")));
  // A run that was killed while it replaced an output left the old one here.
  if (files.exists(state->path(kReplaced)) && !files.exists(output))
    WOOTZ_RETURN_IF_ERROR(files.rename(state->path(kReplaced), output));
  return state;
}

Result<std::vector<double>> TrainingState::restore(const Trainable& trainable, AdamW& optimizer) {
  if (!files_.exists(path(kState))) return std::vector<double>();
  WOOTZ_TRY(const std::unique_ptr<ReadableFile> file, files_.open(path(kState)));
  WOOTZ_TRY(const SafetensorsFile header, read_safetensors_file(*file));
  const auto fingerprint = header.header.metadata.find(kFingerprint);
  if (fingerprint == header.header.metadata.end() || fingerprint->second != fingerprint_) {
    discarded_other_ = true;
    WOOTZ_RETURN_IF_ERROR(files_.remove_all(path(kState)));
    return std::vector<double>();
  }
  WOOTZ_TRY(const Checkpoint state, Checkpoint::open(files_, path(kState)));
  for (const Part& part : parts_of(trainable, optimizer))
    for (std::size_t i = 0; i < trainable.names().size(); ++i)
      WOOTZ_RETURN_IF_ERROR(fill(state, part.prefix + trainable.names()[i], (*part.tensors)[i]));
  const TensorInfo* losses = state.find(kLosses);
  if (losses == nullptr || losses->dtype != Dtype::kF64)
    return fail(ErrorKind::kInput, "'{}': '{}' is missing; remove the file to start again", path(kState), kLosses);
  std::vector<double> values(losses->size);
  WOOTZ_RETURN_IF_ERROR(state.read(*losses, 0, std::as_writable_bytes(std::span(values))));
  optimizer.set_steps(values.size());
  return values;
}

Result<> TrainingState::save(const Trainable& trainable, const AdamW& optimizer, const std::vector<double>& losses) {
  ParameterList kept;  // copies on the CPU live until the file is written
  std::vector<StoredTensor> tensors;
  for (const Part& part : parts_of(trainable, optimizer))
    for (std::size_t i = 0; i < trainable.names().size(); ++i) {
      kept.push_back((*part.tensors)[i].detach().cpu().contiguous());
      tensors.push_back(stored(part.prefix + trainable.names()[i], kept.back()));
    }
  tensors.push_back({kLosses, Dtype::kF64, {losses.size()}, std::as_bytes(std::span(losses))});
  return write_safetensors(files_, path(kState), tensors, {{kFingerprint, fingerprint_}});
}

Result<std::string> TrainingState::output_directory() {
  WOOTZ_RETURN_IF_ERROR(files_.remove_all(path(kOutput)));
  WOOTZ_RETURN_IF_ERROR(files_.create_directories(path(kOutput)));
  return path(kOutput);
}

Result<> TrainingState::publish(bool replace) {
  WOOTZ_RETURN_IF_ERROR(files_.remove_all(path(kReplaced)));
  WOOTZ_RETURN_IF_ERROR(files_.sync_directory(path(kOutput)));
  if (replace && files_.exists(output_)) WOOTZ_RETURN_IF_ERROR(files_.rename(output_, path(kReplaced)));
  WOOTZ_RETURN_IF_ERROR(files_.rename(path(kOutput), output_));
  WOOTZ_RETURN_IF_ERROR(files_.sync_directory(parent_path(output_)));
  return files_.remove_all(root_);  // the lock is held until it is gone
}

}  // namespace wootz
