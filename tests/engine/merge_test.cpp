// Whole merges on disk: the right values, the same bytes however they are computed, and what is around them.
#include <cmath>

#include "engine/merge_fixture.h"
#include "support/matchers.h"
#include "wootz/engine/output/manifest.h"

namespace wootz::testing {
namespace {

using testing::HasSubstr;

MergeOptions with(std::size_t threads, std::uint64_t memory = std::uint64_t{1} << 30) {
  MergeOptions options;
  options.sync = false;
  options.schedule.threads = threads;
  options.schedule.max_memory = memory;
  return options;
}

TEST_F(MergeTest, TaskArithmeticIsBasePlusWeightedTaskVectors) {
  ASSERT_TRUE(merge(recipe("task_arithmetic", "parameters: {lambda: 0.5}\n"), "out"));
  for (const TestTensor& base : family_tensors(0, Dtype::kF32)) {
    const std::vector<double> merged = read_tensor(dir_ / "out", base.name);
    const std::vector<double> origin = decode_values(base.dtype, base.bytes);
    ASSERT_EQ(merged.size(), origin.size());
    if (base.dtype == Dtype::kI64) {
      EXPECT_EQ(merged, origin);
      continue;
    }
    std::vector<std::vector<double>> models;
    for (const char* model : {"a", "b", "c"}) models.push_back(read_tensor(dir_ / model, base.name));
    for (std::size_t i = 0; i < merged.size(); ++i) {
      double expected = origin[i];
      for (const auto& model : models) expected += 0.5 * 0.4 * (model[i] - origin[i]);
      EXPECT_NEAR(merged[i], expected, std::abs(expected) * 1.2e-7 + 1e-12) << base.name << " " << i;
    }
  }
}

// One recipe for each kind of pipeline: elementwise, selection, sums, rows, whole-model statistics, transforms before.
class SameBytes : public MergeTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SameBytes, ForAnyNumberOfThreadsAndMemory) {
  const std::string text = GetParam();
  ASSERT_TRUE(merge(text, "reference", with(1)));
  const auto reference = contents("reference");
  ASSERT_TRUE(reference.contains("model.safetensors"));
  int run = 0;
  for (const auto& [threads, memory] : {std::pair{2, 1 << 30}, {5, 1 << 30}, {3, 48 << 20}}) {
    const std::string name = fmt::format("out{}", run++);
    const auto report = merge(text, name, with(static_cast<std::size_t>(threads), static_cast<std::uint64_t>(memory)));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(contents(name), reference) << threads << " threads";
  }
}

constexpr const char* kModels = R"(
base_model: base
models:
  - {model: a, parameters: {weight: 0.4, density: 0.6}}
  - {model: b, parameters: {weight: 0.5, density: 0.5}}
  - {model: c, parameters: {weight: 0.3, density: 0.4}}
)";
constexpr const char* kPlainModels = R"(
base_model: base
models:
  - {model: a, parameters: {weight: 0.4}}
  - {model: b, parameters: {weight: 0.5}}
  - {model: c, parameters: {weight: 0.3}}
)";

std::vector<std::string>& recipe_texts() {
  static std::vector<std::string> texts{
      std::string("merge_method: ties\n") + kModels,
      std::string("merge_method: ties\nparameters: {scope: model}\n") + kModels,
      std::string("merge_method: dare_ties\n") + kModels,
      std::string("merge_method: della\nparameters: {epsilon: 0.1}\n") + kModels,
      std::string("merge_method: breadcrumbs_ties\nparameters: {gamma: 0.05}\n") + kModels,
      std::string("merge_method: task_arithmetic\ntask_vectors:\n  - awd: {scope: model}\n") + kPlainModels,
      std::string("merge_method: task_arithmetic\ntask_vectors:\n  - awd: {scope: layer}\n  - ties: {density: 0.3}\n") +
          kPlainModels,
      std::string("merge_method: sce\nparameters: {select_topk: 0.4}\nbase_model: base\nmodels: [{model: a}, {model: "
                  "b}, {model: c}]\n"),
      std::string("merge_method: model_stock\nbase_model: base\nmodels: [{model: a}, {model: b}, {model: c}]\n"),
      std::string(
          "merge_method: slerp\nparameters: {t: [0.2, 0.7]}\nbase_model: base\nmodels: [{model: base}, {model: a}]\n"),
  };
  return texts;
}

std::vector<const char*> recipe_pointers() {
  std::vector<const char*> pointers;
  for (const std::string& text : recipe_texts()) pointers.push_back(text.c_str());
  return pointers;
}

INSTANTIATE_TEST_SUITE_P(Pipelines, SameBytes, ::testing::ValuesIn(recipe_pointers()));

TEST_F(MergeTest, ShardsAreNamedAndIndexedAsTransformersDoes) {
  PlanOptions options;
  options.shard_size = 300'000;
  ASSERT_TRUE(merge(recipe("task_arithmetic"), "sharded", unsynced(), options));
  ASSERT_TRUE(merge(recipe("task_arithmetic"), "single"));
  EXPECT_FALSE(exists("sharded/model.safetensors"));
  const auto files = contents("sharded");
  EXPECT_TRUE(files.contains("model-00001-of-00003.safetensors"));
  EXPECT_THAT(files.at("model.safetensors.index.json"), HasSubstr("\"weight_map\""));
  const auto sharded = read_checkpoint(dir_ / "sharded");
  const auto single = read_checkpoint(dir_ / "single");
  ASSERT_EQ(sharded.size(), single.size());
  for (const auto& [name, tensor] : single) EXPECT_EQ(sharded.at(name).bytes, tensor.bytes) << name;
}

TEST_F(MergeTest, KeepsTheStoredDtypeUnlessToldOtherwise) {
  for (const char* model : {"base", "a", "b", "c"}) std::filesystem::remove_all(dir_ / model);
  write("base", 0, 1, Dtype::kBF16);
  write("a", 1, 1, Dtype::kBF16);
  write("b", 2, 1, Dtype::kBF16);
  write("c", 3, 1, Dtype::kF16);
  ASSERT_TRUE(merge(recipe("task_arithmetic"), "promoted"));
  EXPECT_EQ(read_checkpoint(dir_ / "promoted").at("head.weight").dtype, Dtype::kF32)
      << "neither half format holds the other";
  ASSERT_TRUE(merge(recipe("task_arithmetic", "dtype: bfloat16\n"), "bf16"));
  EXPECT_EQ(read_checkpoint(dir_ / "bf16").at("head.weight").dtype, Dtype::kBF16);
  EXPECT_EQ(read_checkpoint(dir_ / "bf16").at("position_ids").dtype, Dtype::kI64);
  ASSERT_TRUE(merge(recipe("task_arithmetic", "dtype: bfloat16\nout_dtype: float16\n"), "f16"));
  EXPECT_EQ(read_checkpoint(dir_ / "f16").at("head.weight").dtype, Dtype::kF16);
}

TEST_F(MergeTest, ConfigKeepsItsBytesButForTheDtype) {
  const std::string config = "{\n  \"torch_dtype\": \"float32\",  \"model_type\": \"toy\"\n}";
  std::ofstream(dir_ / "base/config.json") << config;
  std::ofstream(dir_ / "base/tokenizer.json") << "{\"tokens\":  [1]}";
  std::ofstream(dir_ / "base/training_args.bin") << "no";
  ASSERT_TRUE(merge(recipe("task_arithmetic"), "same"));
  EXPECT_EQ(contents("same").at("config.json"), config);
  EXPECT_EQ(contents("same").at("tokenizer.json"), "{\"tokens\":  [1]}");
  EXPECT_FALSE(exists("same/training_args.bin"));
  ASSERT_TRUE(merge(recipe("task_arithmetic", "out_dtype: bfloat16\n"), "bf16"));
  EXPECT_EQ(contents("bf16").at("config.json"), "{\n  \"torch_dtype\": \"bfloat16\",  \"model_type\": \"toy\"\n}");
}

TEST_F(MergeTest, TheManifestTellsNormsCosinesAndConflicts) {
  ASSERT_TRUE(merge(recipe("task_arithmetic"), "out"));
  const std::string text = contents("out").at(kManifestName);
  EXPECT_THAT(text, HasSubstr("\"task_vector_cosines\""));
  EXPECT_THAT(text, HasSubstr("\"sign_conflict_rate\""));
  const auto manifest = parse_manifest(text);
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->tensors.size(), 9u);
}

TEST_F(MergeTest, NonFiniteValuesAreCountedAndWarnedOf) {
  std::vector<TestTensor> tensors = family_tensors(1, Dtype::kF32);
  std::vector<double> values = decode_values(Dtype::kF32, tensors[0].bytes);
  values[17] = std::nan("");
  values[18] = std::numeric_limits<double>::infinity();
  tensors[0] = make_tensor(tensors[0].name, Dtype::kF32, tensors[0].shape, values);
  replace("a", tensors);
  const auto report = merge(recipe("task_arithmetic"), "out");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->warnings.size(), 1u);
  EXPECT_THAT(report->warnings[0], HasSubstr("embed.weight: 2 of 19200 merged values are NaN or infinite"));
}

TEST_F(MergeTest, IntegerTensorsThatDifferAreReported) {
  std::vector<TestTensor> tensors = family_tensors(1, Dtype::kF32);
  tensors.back() = make_tensor("position_ids", Dtype::kI64, {5}, {9, 9, 9, 9, 9});
  replace("a", tensors);
  const auto report = merge(recipe("task_arithmetic"), "out");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->warnings.size(), 1u);
  EXPECT_THAT(report->warnings[0], HasSubstr("position_ids"));
  EXPECT_EQ(read_tensor(dir_ / "out", "position_ids"), (std::vector<double>{0, 1, 2, 3, 4}));
}

TEST_F(MergeTest, AnExistingOutputIsNotTouchedUnlessAsked) {
  ASSERT_TRUE(merge(recipe("task_arithmetic"), "out"));
  const auto before = contents("out");
  const auto again = merge(recipe("ties", "", "{weight: 1, density: 0.5}"), "out");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kUsage);
  EXPECT_EQ(contents("out"), before);
  MergeOptions overwrite = unsynced();
  overwrite.overwrite = true;
  ASSERT_TRUE(merge(recipe("ties", "", "{weight: 1, density: 0.5}"), "out", overwrite));
  EXPECT_NE(contents("out"), before);
  EXPECT_FALSE(exists("out.wootz-partial"));
}

TEST_F(MergeTest, AnInputIsNeverOverwritten) {
  const auto before = contents("a");
  MergeOptions overwrite = unsynced();
  overwrite.overwrite = true;
  for (const char* name : {"a", "./a/", "link"}) {
    if (std::string(name) == "link") std::filesystem::create_directory_symlink(dir_ / "a", dir_ / "link");
    const auto report = merge(recipe("task_arithmetic"), name, overwrite);
    ASSERT_FALSE(report) << name;
    EXPECT_THAT(report.error().message, HasSubstr("is one of the inputs"));
    EXPECT_EQ(contents("a"), before);
  }
}

TEST_F(MergeTest, TooLittleMemoryIsRefusedWithTheNeed) {
  const auto report = merge(recipe("task_arithmetic"), "out", with(1, 1 << 20));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(report.error().message, HasSubstr("allow at least"));
}

}  // namespace
}  // namespace wootz::testing
