// Whole adaptations: what they write, going on after a kill, the guard, the options, errors.
#include "wootz/adapt/adapt.h"

#include <algorithm>

#include "adapt/adapt_fixture.h"
#include "support/matchers.h"
#include "wootz/recipe/coefficients.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AdaptTest : public testing::AdaptFixture {
 protected:
  static constexpr const char* kShort =
      "steps: 12, batch_size: 6, batches_per_step: 1, lr: 2.0e-2, checkpoint_steps: 5";

  CoefficientTable table(const std::string& out) {
    Diagnostics found;
    auto parsed = parse_coefficients(read(out + "/coefficients.yml"), "coefficients.yml", found);
    if (!parsed) throw std::runtime_error(found.to_error().message);
    return *std::move(parsed);
  }
};

TEST_F(AdaptTest, LearnsAndWritesAModelThatItsRecipeGivesAgain) {
  const auto report = run(recipe_text("granularity: layer, init: 0.3", kShort), "out");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->steps, 12U);
  EXPECT_EQ(report->kept_step, 12U);
  EXPECT_LT(report->last_loss, report->first_loss);
  EXPECT_EQ(report->tasks.size(), 2U);
  const std::string log = read("out/wootz-adapt.jsonl");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 12);
  EXPECT_FALSE(files_.exists(folder_ / "out.wootz-partial"));

  const CoefficientTable learned = table("out");
  EXPECT_EQ(learned.rows.size(), base_.size());
  // Each merged tensor is base + sum of coefficients times differences.
  const std::string name = "vision_model.encoder.layers.1.mlp.fc2.weight";
  const std::vector<double>& row = *learned.find(name);
  EXPECT_NE(row[0], 0.3);
  const auto base = testing::read_tensor(model_path("clip_vision"), name),
             one = testing::read_tensor(folder_ / "expert1", name),
             two = testing::read_tensor(folder_ / "expert2", name),
             merged = testing::read_tensor(folder_ / "out", name);
  for (std::size_t i = 0; i < base.size(); ++i)
    ASSERT_NEAR(merged[i], base[i] + row[0] * (one[i] - base[i]) + row[1] * (two[i] - base[i]), 1e-6);

  testing::write_file(folder_ / "again.yml", read("out/mergekit_config.yml"));
  testing::write_file(folder_ / "coefficients.yml", read("out/coefficients.yml"));
}

TEST_F(AdaptTest, TheSameSeedGivesTheSameCoefficients) {
  AdaptOptions one_thread;
  one_thread.threads = 1;
  ASSERT_TRUE(run(recipe_text("granularity: task, init: 0.3", kShort), "one", one_thread));
  ASSERT_TRUE(run(recipe_text("granularity: task, init: 0.3", kShort), "two"));
  const CoefficientTable one = table("one"), two = table("two");
  for (const auto& [name, row] : one.rows)
    for (std::size_t k = 0; k < row.size(); ++k) ASSERT_NEAR(row[k], (*two.find(name))[k], 1e-6);
  ASSERT_TRUE(run(recipe_text("granularity: task, init: 0.3", std::string(kShort) + ", seed: 1"), "other"));
  EXPECT_NE(read("one/coefficients.yml"), read("other/coefficients.yml"));
}

TEST_F(AdaptTest, AnInterruptedRunGoesOnAndEndsWithTheSameBytes) {
  const std::string text = recipe_text(
      "granularity: layer, init: 0.3",
      std::string(kShort) + ", guard: {every: 4, items: 12}, objective: {balance: 0.5}", "task_vectors: [ties]\n");
  ASSERT_TRUE(run(text, "whole"));
  AdaptOptions options;
  options.progress = [](const AdaptProgress& at) {
    if (at.phase == "learning" && at.done == 8) throw std::runtime_error("killed");
  };
  EXPECT_THROW(std::ignore = run(text, "parts", options), std::runtime_error);
  EXPECT_FALSE(files_.exists(folder_ / "parts"));
  const auto report = run(text, "parts");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->resumed_at, 5U);
  EXPECT_EQ(read("whole/model.safetensors"), read("parts/model.safetensors"));
  EXPECT_EQ(read("whole/wootz-adapt.jsonl"), read("parts/wootz-adapt.jsonl"));
  EXPECT_EQ(read("whole/coefficients.yml"), read("parts/coefficients.yml"));
}

TEST_F(AdaptTest, AnUnfinishedRunOfSomethingElseIsKeptUnlessOverwritten) {
  AdaptOptions options;
  options.progress = [](const AdaptProgress& at) {
    if (at.phase == "learning" && at.done == 8) throw std::runtime_error("killed");
  };
  EXPECT_THROW(std::ignore = run(recipe_text("init: 0.3", kShort), "out", options), std::runtime_error);
  const auto refused = run(recipe_text("init: 0.4", kShort), "out");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("throw it away with --overwrite"));
  options = {};
  options.overwrite = true;
  const auto report = run(recipe_text("init: 0.4", kShort), "out", options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->discarded_other);
  EXPECT_EQ(report->resumed_at, 0U);
}

TEST_F(AdaptTest, NoStepsGiveTaskArithmetic) {
  ASSERT_TRUE(run(recipe_text("init: 0.4", "steps: 0"), "out"));
  const std::string name = "vision_model.encoder.layers.0.self_attn.q_proj.weight";
  const auto base = testing::read_tensor(model_path("clip_vision"), name),
             one = testing::read_tensor(folder_ / "expert1", name),
             two = testing::read_tensor(folder_ / "expert2", name),
             merged = testing::read_tensor(folder_ / "out", name);
  for (std::size_t i = 0; i < base.size(); ++i)
    ASSERT_FLOAT_EQ(static_cast<float>(merged[i]),
                    static_cast<float>(base[i] + 0.4 * (one[i] - base[i] + two[i] - base[i])));
}

TEST_F(AdaptTest, TheGuardKeepsTheBestStateAndEndsTheRun) {
  // At this rate the predictions run away at once; the start is the best there is, or nearly.
  const std::string hasty = "steps: 60, batch_size: 6, batches_per_step: 1, lr: 3.0";
  const auto free = run(recipe_text("init: 0.3, clamp: false", hasty), "free");
  ASSERT_TRUE(free) << free.error().message;
  const auto guarded =
      run(recipe_text("init: 0.3, clamp: false", hasty + ", guard: {every: 2, items: 24, tolerance: 0.0, patience: 3}"),
          "kept");
  ASSERT_TRUE(guarded) << guarded.error().message;
  EXPECT_LT(guarded->steps, 60U);
  EXPECT_THAT(guarded->ended, HasSubstr("the guard"));
  for (const AdaptTaskReport& task : guarded->tasks) EXPECT_GE(*task.last_agreement, *task.first_agreement);
  EXPECT_THAT(read("kept/wootz-adapt.jsonl"), HasSubstr("\"agreement\""));
}

TEST_F(AdaptTest, APlateauEndsTheRun) {
  const auto report =
      run(recipe_text("init: 0.3", "steps: 200, batch_size: 6, lr: 1.0e-9, plateau: {window: 8, change: 0.05}"), "out");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_LT(report->steps, 200U);
  EXPECT_THAT(report->ended, HasSubstr("has fallen by less than"));
}

TEST_F(AdaptTest, LabelsAndExpertsTeachToo) {
  for (const std::string objective : {"{entropy: 0, labels: 1}", "{entropy: 0, agreement: 1}"}) {
    const auto report =
        run(recipe_text("init: 0.3, clamp: false",
                        "steps: 30, batch_size: 12, batches_per_step: 1, lr: 3.0e-2, objective: " + objective),
            "out" + std::to_string(objective.size()));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_LT(report->last_loss, report->first_loss);
  }
}

TEST_F(AdaptTest, EvaluationsAreReportedAndDecideNothing) {
  const std::string with = std::string(kShort) + ", evaluate: {every: 6, split: train}";
  const auto report = run(recipe_text("init: 0.3", with), "with");
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->evaluations.size(), 3U);
  EXPECT_EQ(report->evaluations[1].step, 6U);
  EXPECT_EQ(report->evaluations[1].accuracy.size(), 2U);
  ASSERT_TRUE(run(recipe_text("init: 0.3", kShort), "without"));
  EXPECT_EQ(read("with/coefficients.yml"), read("without/coefficients.yml"));
}

TEST_F(AdaptTest, WhatIsKeptIsEvaluatedAtTheEnd) {
  const auto steps_of = [](const AdaptReport& report) {
    std::vector<std::size_t> steps;
    for (const AdaptEvaluation& each : report.evaluations) steps.push_back(each.step);
    return steps;
  };
  const std::string evaluate = ", evaluate: {every: 5, split: train}";
  const auto all = run(recipe_text("init: 0.3", kShort + evaluate), "all");
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_THAT(steps_of(*all), ElementsAre(0, 5, 10, 12));

  // A state in between is kept where the rate is too high, and evaluated where its step is no multiple of 5.
  const auto guarded = run(
      recipe_text("init: 0.3, clamp: false",
                  "steps: 30, batch_size: 6, batches_per_step: 1, lr: 0.3, guard: {every: 2, items: 24}" + evaluate),
      "guarded");
  ASSERT_TRUE(guarded) << guarded.error().message;
  EXPECT_THAT(steps_of(*guarded), testing::Contains(guarded->kept_step));
  EXPECT_TRUE(std::is_sorted(guarded->evaluations.begin(), guarded->evaluations.end(),
                             [](const auto& a, const auto& b) { return a.step < b.step; }));
}

TEST_F(AdaptTest, ARunThatFailsAfterItsLastEvaluationEndsWithTheSameLog) {
  const std::string text = recipe_text(
      "init: 0.3, clamp: false",
      "steps: 12, batch_size: 6, batches_per_step: 1, lr: 0.3, checkpoint_steps: 5, guard: {every: 3, items: 24}, "
      "evaluate: {every: 5, split: train}");
  const auto whole = run(text, "whole");
  ASSERT_TRUE(whole) << whole.error().message;
  AdaptOptions options;
  options.progress = [&](const AdaptProgress& at) {
    if (at.phase != "learning" || at.done != at.total) return;
    std::ignore = files_.create_directories(folder_ / "parts");
    testing::write_file(folder_ / "parts/in_the_way", "");
  };
  EXPECT_FALSE(run(text, "parts", options));
  ASSERT_TRUE(files_.remove_all(folder_ / "parts"));
  const auto parts = run(text, "parts");
  ASSERT_TRUE(parts) << parts.error().message;
  EXPECT_EQ(parts->resumed_at, 10U);
  EXPECT_EQ(read("whole/wootz-adapt.jsonl"), read("parts/wootz-adapt.jsonl"));
  ASSERT_EQ(whole->evaluations.size(), parts->evaluations.size());
  for (std::size_t i = 0; i < whole->evaluations.size(); ++i) {
    EXPECT_EQ(whole->evaluations[i].step, parts->evaluations[i].step);
    EXPECT_EQ(whole->evaluations[i].accuracy, parts->evaluations[i].accuracy);
  }
}

TEST_F(AdaptTest, GroupsByFilterShareCoefficients) {
  ASSERT_TRUE(run(recipe_text("init: 0.3", std::string(kShort) + ", groups: [self_attn, mlp]"), "out"));
  const CoefficientTable learned = table("out");
  const std::string block = "vision_model.encoder.layers.";
  EXPECT_EQ(*learned.find(block + "0.mlp.fc1.weight"), *learned.find(block + "1.mlp.fc2.bias"));
  EXPECT_NE(*learned.find(block + "0.mlp.fc1.weight"), *learned.find(block + "0.self_attn.q_proj.weight"));
}

TEST_F(AdaptTest, ABudgetOfItemsAndCorruptionsAreTaken) {
  ASSERT_TRUE(run(recipe_text("init: 0.3", std::string(kShort) + ", max_items: 7"), "few"));
  ASSERT_TRUE(run(recipe_text("init: 0.3", std::string(kShort) + ", corruption: contrast, severity: 3"), "grey"));
  ASSERT_TRUE(run(recipe_text("init: 0.3", kShort), "all"));
  EXPECT_NE(read("few/coefficients.yml"), read("all/coefficients.yml"));
  EXPECT_NE(read("grey/coefficients.yml"), read("all/coefficients.yml"));
}

TEST_F(AdaptTest, ErrorsSayWhatToDo) {
  const auto error_of = [&](const std::string& parameters, const std::string& settings) -> std::string {
    try {
      const auto report = run(recipe_text(parameters, settings), "out");
      return report ? "" : report.error().message;
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  };
  EXPECT_THAT(error_of("granularity: tensor", "steps: 1"), HasSubstr("'granularity'"));
  EXPECT_THAT(error_of("init: 0.3", "step: 1"), HasSubstr("did you mean 'steps'"));
  EXPECT_THAT(error_of("init: 0.3", "steps: 1, groups: [mlp, nowhere]"), HasSubstr("'nowhere' is in the name of no"));
  EXPECT_THAT(error_of("init: 1.5", "steps: 1"), HasSubstr("'init' is outside [0, 1]"));
  EXPECT_THAT(error_of("init: 0.3", "steps: 1, split: nowhere"), HasSubstr("nowhere"));
  EXPECT_THAT(error_of("init: 0.3", "steps: 1, corruption: fog"), HasSubstr("fog"));
  EXPECT_THAT(error_of("init: 0.3", "steps: 1, objective: {entropy: 0}"), HasSubstr("'objective' has no term"));
  EXPECT_THAT(error_of("granularity: task, init: [{filter: mlp, value: 0.1}, {value: 0.3}]", "steps: 1"),
              HasSubstr("starts from another 'init'"));
  EXPECT_THAT(error_of("init: 0.3, clamp: false", "steps: 30, lr: 1.0e+30"), HasSubstr("lower 'learning_rate'"));
  testing::write_file(
      folder_ / "tasks.yml",
      "tasks:\n  - {name: one, data: {format: idx, path: data1, split: train}, head: head1.safetensors}\n");
  EXPECT_THAT(error_of("init: 0.3", "steps: 1"), HasSubstr("'two'"));
}

}  // namespace
}  // namespace wootz
