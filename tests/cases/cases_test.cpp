// The harness itself: lines are read as written, wrong ones are refused, and what is wrong with a merge is noticed.
#include <gtest/gtest.h>

#include <set>

#include "cases/modes.h"
#include "support/matchers.h"
#include "wootz/methods/registry.h"

namespace wootz::cases {
namespace {

using testing::HasSubstr;

Case parsed(const std::string& line) {
  Result<Case> one = parse_case(line);
  EXPECT_TRUE(one) << one.error().message;
  return *std::move(one);
}

std::vector<Case> smoke() {
  auto cases = read_cases(std::string(WOOTZ_CASE_LINES) + "/smoke.txt");
  EXPECT_TRUE(cases) << cases.error().message;
  return *std::move(cases);
}

TEST(Lines, SayPipelineModelsAndData) {
  const Case one =
      parsed("trim density=0.2 scope=model > ties weight=0.5,1 lambda=0.9 : shapes=3x4,-,7 dtypes=BF16 seed=5");
  EXPECT_EQ(one.models, 2u);
  EXPECT_EQ(one.shapes, (std::vector<Shape>{{3, 4}, {}, {7}}));
  EXPECT_EQ(one.dtypes, std::vector{Dtype::kBF16});
  EXPECT_EQ(recipe_of(one, "dtype: float32\n"),
            "merge_method: ties\n"
            "base_model: base\n"
            "task_vectors:\n"
            "  - trim: {density: 0.2, scope: model}\n"
            "models:\n"
            "  - {model: m0, parameters: {weight: 0.5}}\n"
            "  - {model: m1, parameters: {weight: 1}}\n"
            "parameters: {lambda: 0.9}\n"
            "seed: 5\n"
            "dtype: float32\n");
}

TEST(Lines, HaveDefaults) {
  const Case one = parsed("average");
  EXPECT_EQ(one.models, 3u);
  EXPECT_EQ(one.shapes, kAllShapes);
  EXPECT_EQ(one.dtypes.size(), 3u);
  EXPECT_EQ(parsed("slerp t=0.5").models, 1u);
}

TEST(Lines, ThatAreWrongAreRefused) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "a method's name is missing"},
      {"tise weight=1", "there is no merge method 'tise'"},
      {"tise > ties weight=1", "there is no transform 'tise'"},
      {"ties wieght=1", "'ties' has no parameter 'wieght'"},
      {"ties weight", "'weight' is not of the form name=value"},
      {"ties weight=1,2 : models=3", "'weight' has 2 values for 3 models"},
      {"ties weight=1 : data=nera", "there are no data 'nera'"},
      {"ties weight=1 : dtypes=I32", "'I32' is no dtype of models"},
      {"ties weight=1 : shapes=3xx4", "'' is no number"},
      {"ties weight=1 : model=3", "there is no option 'model'"},
      {"ties weight=1 : seed=1 : seed=2", "more than one ':'"},
  };
  for (const auto& [line, message] : wrong) {
    const Result<Case> one = parse_case(line);
    ASSERT_FALSE(one) << line;
    EXPECT_EQ(one.error().message, message) << line;
  }
}

TEST(Table, SmokeHasEveryMethodAndTransform) {
  std::set<std::string> merges;
  std::set<std::string> transforms;
  for (const Case& one : smoke()) {
    merges.insert(one.method.name);
    for (const Use& use : one.transforms) transforms.insert(use.name);
  }
  for (const MethodSpec* spec : builtin_methods().all(MethodKind::kMerge))
    EXPECT_TRUE(spec->learns() || merges.contains(spec->name)) << "add a line for '" << spec->name << "' to smoke.txt";
  for (const MethodSpec* spec : builtin_methods().all(MethodKind::kTransform))
    EXPECT_TRUE(transforms.contains(spec->name)) << "add a line for '" << spec->name << "' to smoke.txt";
}

TEST(Table, SpeedIsReadHereAsTheBenchmarksReadIt) {
  const auto cases = read_cases(std::string(WOOTZ_CASE_LINES) + "/speed.txt");
  ASSERT_TRUE(cases) << cases.error().message;
  for (const Case& one : *cases) EXPECT_THAT(one.line, HasSubstr("target="));
}

/// A merge whose result is changed afterwards.
Runner spoilt(std::function<void(Output& output, const RunOptions& options)> spoil) {
  return [spoil = std::move(spoil)](CaseModels& models, const Case& one, const RunOptions& options,
                                    const std::string& extra) -> Result<Output> {
    WOOTZ_TRY(Output output, models.run(one, options, extra));
    spoil(output, options);
    return output;
  };
}

const std::string kLine = "task_arithmetic weight=0.5,0.3 : shapes=7,5x3 dtypes=F32";

TEST(Modes, PassAsItIs) {
  for (const Mode& mode : modes()) EXPECT_EQ(mode.check(parsed(kLine), engine_runner()), std::nullopt) << mode.name;
}

TEST(Modes, OracleNoticesAValueThatIsOff) {
  const auto runner = spoilt([](Output& output, const RunOptions&) { output.values[1][4] *= 1.00001; });
  const Verdict verdict = check_oracle(parsed(kLine), runner);
  ASSERT_TRUE(verdict);
  EXPECT_THAT(*verdict, HasSubstr("F32, layers.1.weight [5, 3], element 4: "));
}

TEST(Modes, OracleAllowsTheUlpsOfTheLine) {
  const auto runner = spoilt([](Output& output, const RunOptions&) {
    for (auto& values : output.values)
      for (double& value : values) value = static_cast<double>(std::nextafter(static_cast<float>(value), 9.0f));
  });
  EXPECT_EQ(check_oracle(parsed(kLine + " ulps=2"), runner), std::nullopt);
  EXPECT_TRUE(check_oracle(parsed(kLine + " ulps=0"), runner));
}

TEST(Modes, LawsNoticeWhatMovesTheBase) {
  const auto runner = spoilt([](Output& output, const RunOptions&) { output.values[0][0] += 1e-6; });
  const Verdict verdict = check_laws(parsed(kLine), runner);
  ASSERT_TRUE(verdict);
  EXPECT_THAT(*verdict, HasSubstr("\"models equal to the base give the base\" does not hold: tensor 0, element 0"));
}

TEST(Modes, DeterminismNoticesThreads) {
  const auto runner = spoilt([](Output& output, const RunOptions& options) {
    if (options.threads == 3) output.weights[0] ^= 1;
  });
  EXPECT_EQ(check_determinism(parsed(kLine), runner), "three threads: other values");
}

TEST(Data, IsTheSameEveryTimeAndStorable) {
  const Case one = parsed("average : shapes=5x7 data=uneven");
  const auto first = make_data(one, Dtype::kF16);
  EXPECT_EQ(first[0].models, make_data(one, Dtype::kF16)[0].models);
  for (const double value : first[0].models[2]) EXPECT_EQ(value, rounded(Dtype::kF16, value));
}

TEST(Data, UlpsCountNeighbours) {
  EXPECT_EQ(ulps_between(Dtype::kF32, 1.0, 1.0 + 0x1p-23), 1);
  EXPECT_EQ(ulps_between(Dtype::kF32, 0.0, -0.0), 0);
  EXPECT_EQ(ulps_between(Dtype::kBF16, 1.0, 1.0 + 0x1p-6), 2);
  EXPECT_EQ(ulps_between(Dtype::kF16, 0x1p-24, -0x1p-24), 2);
  EXPECT_EQ(ulps_between(Dtype::kF64, NAN, NAN), 0);
  EXPECT_GT(ulps_between(Dtype::kF64, NAN, 1.0), 1);
}

}  // namespace
}  // namespace wootz::cases
