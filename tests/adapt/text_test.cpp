// Text encoders adapt by the same code: texts of different lengths in one batch, and segment by segment.
#include <gtest/gtest.h>

#include "adapt/adapt_fixture.h"
#include "support/matchers.h"

namespace wootz {
namespace {

class TextTest : public testing::AdaptFixture {
 protected:
  void SetUp() override {
    write_model("base", 0);
    std::string catalogue = "tasks:\n";
    for (const std::uint64_t task : {std::uint64_t{1}, std::uint64_t{2}}) {
      write_model(fmt::format("expert{}", task), task);
      const RngKey key = rng_key(task, "texts", 0);
      std::string rows;
      for (std::uint64_t i = 0; i < 40; ++i) {
        rows += fmt::format("{}\t", i % 3);
        for (std::uint64_t w = 0; w <= i % 7; ++w)
          rows += fmt::format("w{} ", 10 + 10 * (i % 3) + random_bits(key, 7 * i + w) % 12);
        rows += "\n";
      }
      testing::write_file(folder_ / fmt::format("data{}/train.tsv", task), rows);
      testing::write_safetensors(folder_ / fmt::format("head{}.safetensors", task),
                                 std::vector{testing::random_tensor("weight", Dtype::kF32, {3, 16}, 5 + task)},
                                 {{"logit_scale", "8"}});
      catalogue += fmt::format(
          "  - {{name: t{0}, data: {{format: text, path: data{0}, split: train}}, head: head{0}.safetensors}}\n", task);
    }
    testing::write_file(folder_ / "tasks.yml", catalogue);
  }

  std::string recipe(const std::string& settings) {
    return fmt::format(
        "merge_method: adamerging\nbase_model: base\nmodels:\n  - {{model: expert1, task: t1}}\n"
        "  - {{model: expert2, task: t2}}\nadapt: {{tasks: tasks.yml, steps: 8, batch_size: 6, lr: 2.0e-2, {}}}\n",
        settings);
  }

 private:
  void write_model(const std::string& name, std::uint64_t seed) {
    std::vector<testing::TestTensor> tensors;
    for (const auto& [tensor, stored] : testing::read_checkpoint(model_path("bert"))) {
      std::vector<double> values = testing::decode_values(stored.dtype, stored.bytes);
      const auto noise = testing::random_tensor(tensor, Dtype::kF64, stored.shape, seed, 0.1);
      const auto change = testing::decode_values(Dtype::kF64, noise.bytes);
      if (seed != 0)
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += change[i];
      tensors.push_back(testing::make_tensor(tensor, Dtype::kF32, stored.shape, values));
    }
    testing::write_checkpoint(folder_ / name, tensors);
    testing::write_file(folder_ / fmt::format("{}/config.json", name),
                        testing::read_file(join_path(model_path("bert"), "config.json")));
    std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (int word = 5; word < 50; ++word) vocabulary += fmt::format("w{}\n", word);
    testing::write_file(folder_ / fmt::format("{}/vocab.txt", name), vocabulary);
  }
};

TEST_F(TextTest, EncodersOfTextsLearn) {
  const auto report = run(recipe("guard: {every: 4, items: 20}"), "out");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_LT(report->last_loss, report->first_loss);
  EXPECT_TRUE(files_.exists(folder_ / "out/vocab.txt"));
  EXPECT_THAT(read("out/coefficients.yml"), testing::HasSubstr("encoder.layer.1.output.dense.weight"));
}

}  // namespace
}  // namespace wootz
