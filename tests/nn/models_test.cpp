// Every architecture against what transformers makes of the same files (make_models.py).
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "support/torch_test_headers.h"
#include "torch/csrc/autograd/autograd.h"
#include "wootz/nn/architecture.h"
#include "wootz/nn/device.h"
#include "wootz/nn/load_parameters.h"
#include "wootz/nn/model.h"

namespace wootz {
namespace {

std::string model_path(const std::string& name) { return std::string(WOOTZ_NN_MODELS) + "/" + name; }

class Golden {
 public:
  explicit Golden(const std::string& model)
      : tensors_(testing::read_checkpoint(model_path(model) + "/golden.safetensors")) {}

  bool has(const std::string& name) const { return tensors_.contains(name); }
  std::vector<double> values(const std::string& name) const {
    const testing::TestTensor& tensor = tensors_.at(name);
    if (tensor.dtype != Dtype::kI64) return testing::decode_values(tensor.dtype, tensor.bytes);
    std::vector<double> values(tensor.bytes.size() / sizeof(std::int64_t));
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::int64_t value = 0;
      std::memcpy(&value, tensor.bytes.data() + i * sizeof value, sizeof value);
      values[i] = static_cast<double>(value);
    }
    return values;
  }

  Batch images() const {
    Batch batch;
    const Shape& shape = tensors_.at("pixels").shape;
    batch.size = shape[0];
    batch.height = static_cast<int>(shape[2]);
    batch.width = static_cast<int>(shape[3]);
    for (const double value : values("pixels")) batch.pixels.push_back(static_cast<float>(value));
    return batch;
  }
  Batch texts() const {
    Batch batch;
    batch.kind = InputKind::kText;
    const Shape& shape = tensors_.at("tokens").shape;
    batch.size = shape[0];
    batch.length = shape[1];
    for (const double value : values("tokens")) batch.tokens.push_back(static_cast<std::int64_t>(value));
    for (const double value : values("lengths")) batch.lengths.push_back(static_cast<std::int64_t>(value));
    return batch;
  }

 private:
  std::map<std::string, testing::TestTensor> tensors_;
};

void expect_near(const Result<std::vector<float>>& found, const std::vector<double>& truth, double tolerance) {
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) ASSERT_NEAR((*found)[i], truth[i], tolerance) << i;
}

Model load(const std::string& name, const ModelOptions& options = {}) {
  Result<Model> model = Model::load(posix_file_system(), model_path(name), options);
  if (!model) throw std::runtime_error(model.error().message);
  return *std::move(model);
}

constexpr double kTolerance = 2e-5;

class ModelsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ModelsTest, GivesTheFeaturesAndLogitsOfTransformers) {
  const Golden golden(GetParam());
  const Model model = load(GetParam());
  const Batch batch = golden.has("pixels") ? golden.images() : golden.texts();
  expect_near(model.features(batch), golden.values("features"), kTolerance);
  if (golden.has("logits"))
    expect_near(model.logits(batch, nullptr), golden.values("logits"), kTolerance);
  else
    EXPECT_EQ(model.info().classes, 0U);
}

TEST_P(ModelsTest, Bfloat16IsClose) {
  const Golden golden(GetParam());
  ModelOptions options;
  options.precision = Precision::kBFloat16;
  const Model model = load(GetParam(), options);
  expect_near(model.features(golden.has("pixels") ? golden.images() : golden.texts()), golden.values("features"), 0.1);
}

// float64 takes the composed operations, float32 the kernels: two ways to every gradient.
TEST_P(ModelsTest, GradientsOfTheKernelsEqualTheComposedOnes) {
  const Golden golden(GetParam());
  const std::string path = model_path(GetParam());
  const auto config = ModelConfig::load(posix_file_system(), path);
  const auto checkpoint = Checkpoint::open(posix_file_system(), path);
  const auto network = make_network(*config, tensor_names(*checkpoint));
  ASSERT_TRUE(network) << network.error().message;
  const ParameterList loaded = *load_parameters(*checkpoint, **network);
  NetworkInput input;
  const Batch batch = golden.has("pixels") ? golden.images() : golden.texts();
  const auto size = static_cast<std::int64_t>(batch.size);
  if (golden.has("pixels")) {
    input.pixels = at::tensor(batch.pixels).view({size, 3, batch.height, batch.width});
  } else {
    input.tokens = at::tensor(batch.tokens).view({size, -1});
    input.lengths = at::tensor(batch.lengths);
  }
  const auto gradients = [&](at::ScalarType type) {
    ParameterList parameters;
    for (const at::Tensor& each : loaded) parameters.push_back(each.to(type).detach().requires_grad_(true));
    const at::Tensor loss = golden.has("logits") ? (*network)->logits(parameters, input).square().sum()
                                                 : (*network)->features(parameters, input).square().sum();
    return torch::autograd::grad({loss}, parameters, {}, std::nullopt, false, true);
  };
  const auto found = gradients(at::kFloat), truth = gradients(at::kDouble);
  double largest = 0;
  for (const at::Tensor& each : truth)
    if (each.defined()) largest = std::max(largest, each.abs().max().item<double>());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ASSERT_EQ(found[i].defined(), truth[i].defined()) << (*network)->parameters()[i].name;
    if (!truth[i].defined()) continue;
    // Some are zero by symmetry (a key's bias moves all scores of a query alike).
    const double scale = std::max(truth[i].abs().max().item<double>(), 0.01 * largest);
    EXPECT_LT((found[i].to(at::kDouble) - truth[i]).abs().max().item<double>() / scale, 1e-4)
        << (*network)->parameters()[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ModelsTest,
                         ::testing::Values("clip_vision", "clip_vision_bare", "clip_text", "bert", "bert_classifier",
                                           "roberta_classifier", "clip"),
                         [](const auto& parameter) { return parameter.param; });

TEST(Model, RunsTheTextTowerOfAFullClip) {
  const Golden golden("clip");
  ModelOptions options;
  options.architecture = "clip_text";
  const Model model = load("clip", options);
  EXPECT_EQ(model.info().input, InputKind::kText);
  expect_near(model.features(golden.texts()), golden.values("text_features"), kTolerance);
}

TEST(Model, SaysWhatItIs) {
  const ModelInfo vision = load("clip_vision").info();
  EXPECT_EQ(vision.architecture, "clip_vision");
  EXPECT_EQ(vision.image_size, 20);
  EXPECT_EQ(vision.feature_size, 12U);
  const ModelInfo bert = load("bert_classifier").info();
  EXPECT_EQ(bert.classes, 5U);
  EXPECT_EQ(bert.max_tokens, 12U);
  EXPECT_EQ(load("roberta_classifier").info().max_tokens, 10U);
}

TEST(Model, AssignReplacesAParameter) {
  const Golden golden("clip_vision");
  Model model = load("clip_vision");
  const std::vector<float> zeros(12 * 16, 0.0F);
  model.assign("visual_projection.weight", zeros);
  expect_near(model.features(golden.images()), std::vector<double>(3 * 12, 0.0), 1e-12);
}

TEST(Model, AppliesAHead) {
  const Golden golden("clip_vision");
  Head head;
  head.classes = 2;
  head.feature_size = 12;
  head.weight.assign(24, 0.0F);
  head.weight[0] = 1.0F;
  head.weight[12 + 1] = 1.0F;
  head.bias = {0.5F, 0.0F};
  head.logit_scale = 10.0;
  const std::vector<double> features = golden.values("features");
  std::vector<double> truth;
  for (std::size_t b = 0; b < 3; ++b) {
    double square = 0;
    for (std::size_t i = 0; i < 12; ++i) square += features[b * 12 + i] * features[b * 12 + i];
    truth.push_back(10 * features[b * 12] / std::sqrt(square) + 0.5);
    truth.push_back(10 * features[b * 12 + 1] / std::sqrt(square));
  }
  expect_near(load("clip_vision").logits(golden.images(), &head), truth, 1e-4);
}

std::string error_of(const std::string& path, const ModelOptions& options = {}) {
  const Result<Model> model = Model::load(posix_file_system(), path, options);
  return model ? "" : model.error().message;
}

TEST(Model, ErrorsNameWhatIsWrong) {
  const testing::TempDir folder;
  testing::write_checkpoint(folder / "m", {testing::make_tensor("x", Dtype::kF32, {1}, {0.0})});
  testing::write_file(folder / "m/config.json", R"({"model_type": "llama"})");
  EXPECT_THAT(error_of(folder / "m"), testing::HasSubstr("'model_type' is 'llama'; Wootz runs "));
  testing::write_file(folder / "m/config.json", testing::read_file(model_path("clip_vision") + "/config.json"));
  EXPECT_THAT(error_of(folder / "m"), testing::HasSubstr("there is no tensor 'vision_model.embeddings.class_"));
  testing::write_file(folder / "m/config.json", R"({"model_type": "clip_vision_model", "hidden_size": -3})");
  EXPECT_THAT(error_of(folder / "m"),
              testing::HasSubstr("'hidden_size' must be a positive whole number of at most 10000000, not -3"));
  ModelOptions device;
  device.device = "tpu";
  EXPECT_THAT(error_of(model_path("bert"), device), testing::HasSubstr("unknown device 'tpu'"));
}

TEST(Model, RefusesWhatItCannotTake) {
  const Golden golden("bert");
  const Model vision = load("clip_vision");
  const auto texts = vision.features(golden.texts());
  ASSERT_FALSE(texts);
  EXPECT_THAT(texts.error().message, testing::HasSubstr("takes images, but was given texts"));
  Head head;
  head.path = "heads/x.safetensors";
  head.classes = 1;
  head.feature_size = 3;
  head.weight.assign(3, 0.0F);
  const auto narrow = vision.logits(Golden("clip_vision").images(), &head);
  ASSERT_FALSE(narrow);
  EXPECT_THAT(narrow.error().message, testing::HasSubstr("heads/x.safetensors: is a head for 3 features"));
}

}  // namespace
}  // namespace wootz
