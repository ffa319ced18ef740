#include "wootz/io/transfer.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace wootz {
namespace {

// A source that answers each call as scripted: a count of bytes, or a negative errno.
class ScriptedSource {
 public:
  explicit ScriptedSource(std::vector<int> script) : script_(std::move(script)) {}

  ssize_t operator()(char* data, std::size_t size, off_t offset) {
    const int answer = script_.at(calls_++);
    if (answer < 0) {
      errno = -answer;
      return -1;
    }
    EXPECT_LE(static_cast<std::size_t>(answer), size);
    for (int i = 0; i < answer; ++i) data[i] = static_cast<char>('a' + offset + i);
    return answer;
  }

  std::size_t calls() const { return calls_; }

 private:
  std::vector<int> script_;
  std::size_t calls_ = 0;
};

struct Outcome {
  Transfer transfer;
  std::string text;
  std::size_t calls;
};

Outcome transfer_ten(std::vector<int> script) {
  ScriptedSource source(std::move(script));
  std::string text(10, '.');
  const Transfer transfer = transfer_all(std::span(text), 3, std::ref(source));
  return {transfer, text, source.calls()};
}

TEST(Transfer, GoesOnAfterShortStepsAndInterrupts) {
  const Outcome outcome = transfer_ten({4, -EINTR, 1, -EINTR, -EINTR, 5});
  EXPECT_EQ(outcome.transfer.moved, 10u);
  EXPECT_EQ(outcome.transfer.error, 0);
  EXPECT_EQ(outcome.text, "defghijklm");
  EXPECT_EQ(outcome.calls, 6u);
}

TEST(Transfer, StopsAtTheEnd) {
  const Outcome outcome = transfer_ten({4, 0});
  EXPECT_EQ(outcome.transfer.moved, 4u);
  EXPECT_EQ(outcome.transfer.error, 0);
}

TEST(Transfer, ReportsFailures) {
  const Outcome outcome = transfer_ten({4, -EIO});
  EXPECT_EQ(outcome.transfer.moved, 4u);
  EXPECT_EQ(outcome.transfer.error, EIO);
}

TEST(Transfer, NothingToMove) {
  ScriptedSource source({});
  EXPECT_EQ(transfer_all(std::span<char>(), 0, std::ref(source)).moved, 0u);
  EXPECT_EQ(source.calls(), 0u);
}

}  // namespace
}  // namespace wootz
