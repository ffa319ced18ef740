// Failures in the middle of a merge, and going on after them: the end is always the same bytes.
#include <atomic>
#include <fstream>

#include "engine/merge_fixture.h"
#include "support/matchers.h"
#include "wootz/engine/verify.h"
#include "wootz/io/fault_file.h"

namespace wootz::testing {
namespace {

using testing::HasSubstr;

constexpr const char* kPartial = "out.wootz-partial";

class ResumeTest : public MergeTest {
 protected:
  void SetUp() override {
    MergeTest::SetUp();
    options_ = unsynced();
    options_.schedule.threads = 1;
    ASSERT_TRUE(merge(text(), "whole", options_));
    expected_ = contents("whole");
  }

  std::string text() const { return recipe("ties", "", "{weight: 0.4, density: 0.5}"); }

  // Fails the nth operation of a kind.
  Result<MergeReport> merge_with_fault(Operation::Kind kind, int nth, Fault fault) {
    std::atomic<int> count = 0;
    const auto files = faulty_file_system(posix_file_system(), [&](const Operation& operation) -> std::optional<Fault> {
      return operation.kind == kind && ++count == nth ? std::optional(fault) : std::nullopt;
    });
    return merge(text(), "out", options_, {}, *files);
  }

  void expect_recovery() {
    EXPECT_FALSE(exists("out")) << "an output appears complete or not at all";
    const auto report = merge(text(), "out", options_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(contents("out"), expected_);
    EXPECT_FALSE(exists(kPartial));
  }

  MergeOptions options_;
  std::map<std::string, std::string> expected_;
};

TEST_F(ResumeTest, EveryFailedWriteIsAnErrorAndIsRecoveredFrom) {
  int failures = 0;
  for (int nth = 1;; ++nth) {
    const auto report =
        merge_with_fault(Operation::Kind::kWrite, nth, nth % 2 == 0 ? Fault::kNoSpace : Fault::kWriteError);
    if (report) break;  // fewer writes than that
    ++failures;
    EXPECT_EQ(report.error().kind, ErrorKind::kIo);
    EXPECT_THAT(report.error().message, HasSubstr("out.wootz-partial"));
    expect_recovery();
    std::filesystem::remove_all(dir_ / "out");
  }
  EXPECT_GT(failures, 8);
}

TEST_F(ResumeTest, EveryFailedReadIsAnErrorAndIsRecoveredFrom) {
  int failures = 0;
  for (int nth = 1;; nth += 3) {
    const auto report =
        merge_with_fault(Operation::Kind::kRead, nth, nth % 2 == 0 ? Fault::kShortRead : Fault::kReadError);
    if (report) break;
    ++failures;
    expect_recovery();
    std::filesystem::remove_all(dir_ / "out");
  }
  EXPECT_GT(failures, 8);
}

TEST_F(ResumeTest, AFullDiskIsMetBeforeTheWork) {
  const auto report = merge_with_fault(Operation::Kind::kAllocate, 1, Fault::kNoSpace);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::kIo);
  EXPECT_THAT(report.error().message, HasSubstr("no space left"));
  expect_recovery();
}

TEST_F(ResumeTest, AFailedRenameLeavesTheWorkForTheNextRun) {
  int renames = 0;
  for (int nth = 1; nth < 40; ++nth) {
    const auto report = merge_with_fault(Operation::Kind::kRename, nth, Fault::kWriteError);
    if (report) break;
    ++renames;
    expect_recovery();
    std::filesystem::remove_all(dir_ / "out");
  }
  EXPECT_GT(renames, 2);
}

TEST_F(ResumeTest, FinishedTensorsAreNotMergedAgain) {
  ASSERT_FALSE(merge_with_fault(Operation::Kind::kAppend, 7, Fault::kWriteError));
  const auto report = merge(text(), "out", options_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->resumed, 6u);
  EXPECT_EQ(report->merged + report->copied, 3u);
  EXPECT_EQ(contents("out"), expected_);
}

TEST_F(ResumeTest, DamagedUnfinishedDataAreMergedAgain) {
  ASSERT_FALSE(merge_with_fault(Operation::Kind::kAppend, 7, Fault::kWriteError));
  const std::string shard = dir_ / (std::string(kPartial) + "/output/model.safetensors");
  {
    std::fstream file(shard, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2000);  // inside the first tensor
    file.write("damage", 6);
  }
  const auto report = merge(text(), "out", options_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->resumed, 5u);
  EXPECT_EQ(contents("out"), expected_);
}

TEST_F(ResumeTest, AJournalLineCutShortIsNotFinished) {
  ASSERT_FALSE(merge_with_fault(Operation::Kind::kAppend, 7, Fault::kWriteError));
  std::string journal;
  for (const auto& entry : std::filesystem::directory_iterator(dir_ / kPartial))
    if (entry.path().filename().string().starts_with("journal-")) journal = entry.path().string();
  std::ifstream stream(journal);
  const std::string lines{std::istreambuf_iterator<char>(stream), {}};
  std::filesystem::resize_file(journal, lines.rfind("}\n") - 3);
  const auto report = merge(text(), "out", options_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->resumed, 5u);
  EXPECT_EQ(contents("out"), expected_);
}

TEST_F(ResumeTest, AnotherMergesLeftoversAreDiscarded) {
  ASSERT_FALSE(merge_with_fault(Operation::Kind::kAppend, 7, Fault::kWriteError));
  ASSERT_TRUE(merge(recipe("task_arithmetic"), "other", options_));
  const auto report = merge(recipe("task_arithmetic"), "out", options_);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->discarded_other);
  EXPECT_EQ(report->resumed, 0u);
  EXPECT_EQ(contents("out"), contents("other"));
}

TEST_F(ResumeTest, TouchedInputsStartAfresh) {
  ASSERT_FALSE(merge_with_fault(Operation::Kind::kAppend, 7, Fault::kWriteError));
  const std::string input = dir_ / "a/model.safetensors";
  std::filesystem::last_write_time(input, std::filesystem::last_write_time(input) + std::chrono::seconds(5));
  const auto report = merge(text(), "out", options_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->resumed, 0u);
  EXPECT_EQ(contents("out"), expected_);
}

TEST_F(ResumeTest, TwoRunsOfOneOutputExcludeEachOther) {
  std::filesystem::create_directories(dir_ / kPartial);
  const auto held = posix_file_system().lock(dir_ / (std::string(kPartial) + "/lock-whole"));
  ASSERT_TRUE(held);
  const auto report = merge(text(), "out", options_);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("another wootz"));
}

class PartTest : public ResumeTest {
 protected:
  void SetUp() override {
    ResumeTest::SetUp();
    plan_options_.shard_size = 200'000;
    ASSERT_TRUE(merge(text(), "sharded", options_, plan_options_));
  }

  Result<MergeReport> part(std::size_t number, std::size_t count) {
    MergeOptions options = options_;
    options.part = {number, count};
    return merge(text(), "out", options, plan_options_);
  }

  PlanOptions plan_options_;
};

TEST_F(PartTest, PartsAndACompletingCallMakeTheSameModel) {
  for (std::size_t number : {2u, 1u, 3u}) {
    const auto report = part(number, 3);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_FALSE(report->complete);
    EXPECT_FALSE(exists("out"));
  }
  const auto report = part(1, 1);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->complete);
  EXPECT_EQ(report->merged + report->copied, 0u);
  EXPECT_EQ(contents("out"), contents("sharded"));
}

TEST_F(PartTest, TheCompletingCallDoesWhatPartsLeft) {
  ASSERT_TRUE(part(2, 3));
  const auto report = part(1, 1);
  ASSERT_TRUE(report);
  EXPECT_GT(report->resumed, 0u);
  EXPECT_GT(report->merged, 0u);
  EXPECT_EQ(contents("out"), contents("sharded"));
}

TEST_F(PartTest, APartOfAnotherMergeIsRefused) {
  ASSERT_TRUE(part(1, 2));
  MergeOptions options = options_;
  options.part = {2, 2};
  const auto report = merge(recipe("task_arithmetic"), "out", options, plan_options_);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("another merge"));
  EXPECT_FALSE(part(3, 2)) << "there is no part 3 of 2";
}

TEST_F(PartTest, ACompletingCallWithOtherOptionsKeepsThePartsWork) {
  ASSERT_TRUE(part(1, 2));
  const auto report = merge(text(), "out", options_);  // without the shard size
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("--out-shard-size"));
  ASSERT_TRUE(part(1, 1));
  EXPECT_EQ(contents("out"), contents("sharded"));
}

TEST_F(ResumeTest, AKillRightAfterTheOutputAppearedIsFinishedByTheNextRun) {
  std::atomic<int> appends = 0;
  const auto files = faulty_file_system(posix_file_system(), [&](const Operation& operation) -> std::optional<Fault> {
    return operation.kind == Operation::Kind::kAppend && ++appends == 9 ? std::optional(Fault::kWriteError)
                                                                        : std::nullopt;
  });
  ASSERT_FALSE(merge(text(), "out", options_, {}, *files));
  std::filesystem::remove_all(dir_ / (std::string(kPartial) + "/output"));
  std::filesystem::copy(dir_ / "whole", dir_ / "out");
  const auto report = merge(text(), "out", options_);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->complete);
  EXPECT_FALSE(exists(kPartial));
  EXPECT_EQ(contents("out"), expected_);
  EXPECT_FALSE(merge(text(), "out", options_)) << "a finished output stays protected";
}

TEST_F(ResumeTest, AnOutputMovedAsideComesBack) {
  ASSERT_FALSE(merge_with_fault(Operation::Kind::kAppend, 3, Fault::kWriteError));
  std::filesystem::copy(dir_ / "a", dir_ / (std::string(kPartial) + "/replaced"));
  EXPECT_FALSE(merge(text(), "out", options_));
  EXPECT_EQ(contents("a").at("model.safetensors"), contents("out").at("model.safetensors"))
      << "the model that was to be replaced is the output until the new one is complete";
  MergeOptions overwrite = options_;
  overwrite.overwrite = true;
  ASSERT_TRUE(merge(text(), "out", overwrite));
  EXPECT_EQ(contents("out"), expected_);
}

TEST_F(ResumeTest, VerifyFindsEveryKindOfDamage) {
  const auto problems = [&] {
    const auto verification = verify_output(posix_file_system(), dir_ / "whole", 2, {});
    EXPECT_TRUE(verification);
    return verification ? verification->problems : std::vector<std::string>{};
  };
  EXPECT_TRUE(problems().empty());
  const std::string weights = dir_ / "whole/model.safetensors";
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(weights));
  std::fstream(weights, std::ios::in | std::ios::out | std::ios::binary).seekp(size - 100).write("x", 1);
  ASSERT_EQ(problems().size(), 1u);
  EXPECT_THAT(problems()[0], HasSubstr("does not hold what was merged"));
  std::ofstream(dir_ / "whole/README.md", std::ios::app) << "edited";
  EXPECT_EQ(problems().size(), 2u);
  std::filesystem::remove(dir_ / "whole/config.json");
  EXPECT_EQ(problems().size(), 3u);
  std::filesystem::resize_file(weights, 5000);
  EXPECT_THAT(problems().back(), HasSubstr("truncated"));
}

}  // namespace
}  // namespace wootz::testing
