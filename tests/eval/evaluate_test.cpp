#include "wootz/eval/evaluate_models.h"

#include <gtest/gtest.h>

#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

const std::string kZoo = WOOTZ_EXAMPLE_ZOO;

// An IDX file of bytes: grey images, or labels.
std::string idx(std::vector<std::uint32_t> shape, const std::string& bytes) {
  std::string file = {0, 0, 8, static_cast<char>(shape.size())};
  for (const std::uint32_t size : shape)
    for (int shift = 24; shift >= 0; shift -= 8) file += static_cast<char>(size >> shift & 0xFF);
  return file + bytes;
}

// Noise in three classes, for the small vision models of examples/.
class Evaluating : public ::testing::Test {
 protected:
  Evaluating() {
    constexpr std::uint32_t kItems = 50;
    std::string images;
    std::string labels;
    std::uint32_t state = 1;
    for (std::uint32_t i = 0; i < kItems; ++i) {
      labels += static_cast<char>(i % 3);
      for (int pixel = 0; pixel < 32 * 32; ++pixel)
        images += static_cast<char>((state = state * 1664525 + 1013904223) >> (24 + i % 3));
    }
    write_file(directory_ / "data/t10k-images-idx3-ubyte", idx({kItems, 32, 32}, images));
    write_file(directory_ / "data/t10k-labels-idx1-ubyte", idx({kItems}, labels));
    task_.name = "noise";
    task_.data.format = "idx";
    task_.data.path = directory_ / "data";
    task_.head = directory_ / "head.safetensors";
    testing::write_safetensors(task_.head, std::vector{testing::random_tensor("weight", Dtype::kF32, {3, 128}, 1)});
    model_options_.threads = 1;
  }

  Evaluation run(const EvaluateOptions& options, const std::string& name = "base") {
    const Model model = Model::load(files_, kZoo + "/models/" + name, model_options_).value();
    const OpenTask open = open_task_for(files_, task_, model.info(), "").value();
    auto evaluation = evaluate(files_, model, open, options, {});
    EXPECT_TRUE(evaluation.has_value()) << evaluation.error().message;
    return evaluation ? *std::move(evaluation) : Evaluation();
  }

  FileSystem& files_ = posix_file_system();
  TempDir directory_;
  Task task_;
  ModelOptions model_options_;
};

TEST_F(Evaluating, GivesTheSameLogitsHoweverDataArrive) {
  EvaluateOptions options;
  options.batch_size = 16;
  const Evaluation plain = run(options);
  ASSERT_EQ(plain.labels.size(), 50u);
  ASSERT_EQ(plain.logits.size(), 150u);
  EXPECT_EQ(plain.score.n, 50u);

  options.loader_threads = 3;
  EXPECT_EQ(run(options).logits, plain.logits);

  BatchCache large(1 << 30);
  options.cache = &large;
  EXPECT_EQ(run(options).logits, plain.logits);  // fills the cache
  EXPECT_EQ(run(options).logits, plain.logits);  // reads it
  EXPECT_EQ(run(options).waited, 0.0);

  BatchCache small(300'000);  // one batch of four
  options.cache = &small;
  EXPECT_EQ(run(options).logits, plain.logits);
  EXPECT_EQ(run(options).logits, plain.logits);
  EXPECT_TRUE(small.reserve(300'000));  // all of it was given back
}

TEST_F(Evaluating, TakesTheFirstItems) {
  EvaluateOptions options;
  const Evaluation all = run(options);
  options.max_items = 5;
  const Evaluation some = run(options);
  ASSERT_EQ(some.labels.size(), 5u);
  for (std::size_t i = 0; i < some.logits.size(); ++i) EXPECT_NEAR(some.logits[i], all.logits[i], 1e-3);
}

TEST_F(Evaluating, CachesCorruptionsApart) {
  EvaluateOptions options;
  BatchCache cache(1 << 30);
  options.cache = &cache;
  const Evaluation clean = run(options);
  options.corruption = Corruption{CorruptionKind::kGaussianNoise, 5};
  const Evaluation noisy = run(options);
  EXPECT_NE(noisy.logits, clean.logits);
  EXPECT_EQ(run(options).logits, noisy.logits);
  options.cache = nullptr;
  options.seed = 1;
  EXPECT_NE(run(options).logits, noisy.logits);
}

TEST_F(Evaluating, LogitsThatAreNoNumbersAreAnError) {
  Model model = Model::load(files_, kZoo + "/models/base", model_options_).value();
  const Model::Parameter& last = model.parameters().back();
  const std::vector<float> broken(num_elements(last.shape).value(), std::numeric_limits<float>::infinity());
  model.assign(last.name, broken);
  const OpenTask open = open_task_for(files_, task_, model.info(), "").value();
  const auto evaluation = evaluate(files_, model, open, {}, {});
  ASSERT_FALSE(evaluation.has_value());
  EXPECT_EQ(evaluation.error().kind, ErrorKind::kFailed);
  EXPECT_THAT(evaluation.error().message, HasSubstr("task 'noise': the model"));
  EXPECT_THAT(evaluation.error().message, HasSubstr("is no finite number for"));
  EXPECT_THAT(evaluation.error().message, HasSubstr("image 0"));
}

TEST_F(Evaluating, ManyModelsGiveATable) {
  EvaluateModelsOptions options;
  options.model = model_options_;
  options.corruptions = {{CorruptionKind::kContrast, 2}};
  options.experts = true;
  options.expert_directory = kZoo;
  task_.expert = "models/mnist";
  Task second = task_;
  second.name = "again";
  second.expert = "models/base/";
  std::vector<std::uint64_t> progress;
  const auto results =
      evaluate_models(files_, {kZoo + "/models/base", kZoo + "/models/gtsrb"}, {task_, second}, options,
                      [&](const EvaluateProgress& at) {
                        EXPECT_EQ(at.total, 500u);  // the expert that is not in the table runs on one task
                        progress.push_back(at.done);
                      });
  ASSERT_TRUE(results.has_value()) << results.error().message;
  ASSERT_EQ(results->rows.size(), 4u);
  EXPECT_FALSE(results->rows[0].corruption.has_value());
  EXPECT_EQ(results->rows[1].corruption->severity, 2);
  EXPECT_EQ(results->rows[3].model, kZoo + "/models/gtsrb");
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(progress.back(), 500u);

  const double expert = run({}, "mnist").score.accuracy;
  const double base = run({}).score.accuracy;
  EXPECT_EQ(results->rows[0].tasks[0].score.accuracy, base);
  EXPECT_EQ(results->rows[0].tasks[0].normalized, base / expert);
  EXPECT_EQ(results->rows[0].tasks[1].normalized, 1.0);
}

}  // namespace
}  // namespace wootz
