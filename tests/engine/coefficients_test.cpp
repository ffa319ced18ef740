// Merges with a coefficient table: the formula, and what the output holds.
#include <cmath>
#include <ranges>

#include "engine/merge_fixture.h"
#include "support/matchers.h"
#include "support/test_files.h"
#include "wootz/engine/output/manifest.h"
#include "wootz/engine/verify.h"
#include "wootz/recipe/coefficients.h"

namespace wootz::testing {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr const char* kModels = "base_model: base\nmodels: [{model: a}, {model: b}, {model: c}]\n";

class CoefficientsTest : public MergeTest {
 protected:
  void write_table(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(dir_ / name).parent_path());
    write_file(dir_ / name, text);
  }

  std::string with_table(const std::string& method, const std::string& path = "table.yml",
                         const std::string& extra = "") const {
    return "merge_method: " + method + "\ncoefficients: " + path + "\n" + kModels + extra;
  }

  std::string merged_bytes(const std::string& text, const std::string& output) {
    const auto report = merge(text, output);
    EXPECT_TRUE(report) << report.error().message;
    return report ? contents(output)["model.safetensors"] : "";
  }
};

TEST_F(CoefficientsTest, EveryTensorHasItsOwnCoefficients) {
  CoefficientTable table;
  table.models = {"b", "c", "a"};
  table.fallback = {0.25, 0.5, -0.75};
  std::vector<std::string> names;
  double value = 0.0;
  for (const TestTensor& tensor : family_tensors(0, Dtype::kF32)) {
    if (tensor.dtype == Dtype::kI64 || tensor.name == "scale") continue;
    names.push_back(tensor.name);
    for (int k = 0; k < 3; ++k) table.rows[tensor.name].push_back(std::sin(value += 1.0));
  }
  write_table("table.yml", write_coefficients(table, names));
  ASSERT_TRUE(merge(with_table("task_arithmetic"), "out"));
  for (const TestTensor& base : family_tensors(0, Dtype::kF32)) {
    if (base.dtype == Dtype::kI64) continue;
    const std::vector<double>& row = base.name == "scale" ? *table.fallback : table.rows.at(base.name);
    const std::vector<double> origin = decode_values(base.dtype, base.bytes);
    const std::vector<double> merged = read_tensor(dir_ / "out", base.name);
    ASSERT_EQ(merged.size(), origin.size());
    std::vector<double> expected = origin;
    for (std::size_t k = 0; k < 3; ++k) {
      const std::vector<double> model = read_tensor(dir_ / table.models[k], base.name);
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += row[k] * (model[i] - origin[i]);
    }
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(merged[i], expected[i], std::abs(expected[i]) * 1.2e-7 + 1e-12) << base.name << " " << i;
  }
}

TEST_F(CoefficientsTest, ASingleRowIsTheModelsPlainWeights) {
  write_table("table.yml", "models: [c, a, b]\nrows: [[0.1, 0.4, 0.7]]\n");
  const std::string weights =
      "base_model: base\nmodels: [{model: a, parameters: {weight: 0.4}}, {model: b, parameters: {weight: 0.7}}, "
      "{model: c, parameters: {weight: 0.1}}]\n";
  for (const std::string method : {"task_arithmetic", "ties", "dare_linear", "linear"}) {
    SCOPED_TRACE(method);
    EXPECT_EQ(merged_bytes(with_table(method), method + "-table"),
              merged_bytes("merge_method: " + method + "\n" + weights, method + "-weights"));
  }
}

// What is copied works from where it lies.
TEST_F(CoefficientsTest, TheOutputHoldsTheTable) {
  const std::string table = "# learned\nrows: [[0.1, 0.4, 0.7]]\n";
  for (const auto& [path, name] : {std::pair("table.yml", "table.yml"),
                                   {"tables/x.yaml", "x.yaml"},
                                   {"tables/config.json", "coefficients.yml"},
                                   {"no_ending", "coefficients.yml"},
                                   {"in/mergekit_config.yml", "coefficients.yml"}}) {
    SCOPED_TRACE(path);
    std::filesystem::remove_all(dir_ / "out");
    write_table(path, table);
    const std::string text = with_table("task_arithmetic", path, "# the end\n");
    ASSERT_TRUE(merge(text, "out"));
    const auto files = contents("out");
    EXPECT_EQ(files.at(name), table);
    EXPECT_EQ(files.at("mergekit_config.yml"), with_table("task_arithmetic", name, "# the end\n"));
    EXPECT_THAT(files.at("README.md"), HasSubstr(fmt::format("coefficients: {}\n", name)));
    const auto manifest = parse_manifest(files.at(kManifestName));
    ASSERT_TRUE(manifest);
    const auto recorded = std::views::transform(manifest->side_files, &ManifestFile::name);
    EXPECT_THAT(std::vector<std::string>(recorded.begin(), recorded.end()), Contains(name));
    const auto verified = verify_output(posix_file_system(), dir_ / "out", 1, nullptr);
    ASSERT_TRUE(verified);
    EXPECT_TRUE(verified->problems.empty());
  }
}

TEST_F(CoefficientsTest, AnotherTableIsAnotherMerge) {
  const auto fingerprint = [&](const std::string& table) {
    write_table("table.yml", table);
    const PlannedMerge planned = plan(with_table("task_arithmetic"));
    EXPECT_FALSE(planned.diagnostics.has_errors());
    return merge_fingerprint(planned.plan);
  };
  const std::string first = fingerprint("default: [0.1, 0.2, 0.3]");
  EXPECT_EQ(fingerprint("default: [0.1, 0.2, 0.3]"), first);
  EXPECT_NE(fingerprint("default: [0.1, 0.2, 0.4]"), first);
}

TEST_F(CoefficientsTest, AMissingTableIsSaidWhereTheRecipeNamesIt) {
  const PlannedMerge planned = plan(with_table("task_arithmetic", "tables/x.yml"));
  ASSERT_TRUE(planned.diagnostics.has_errors());
  const Diagnostic& found = planned.diagnostics.items().front();
  EXPECT_EQ(found.kind, ErrorKind::kInput);
  EXPECT_EQ(found.place.line, 2);
  EXPECT_THAT(found.message, HasSubstr("tables/x.yml: no such coefficient table"));
}

}  // namespace
}  // namespace wootz::testing
