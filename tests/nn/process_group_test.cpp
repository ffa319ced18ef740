// Real processes on the loopback address: a test that needs several starts this program again, once a rank, for itself
// alone; what it then checks, it checks in every process.
#include "wootz/nn/process_group.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <cstring>
#include <map>
#include <numeric>
#include <thread>

#include "support/matchers.h"

namespace wootz {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

constexpr const char* kWorker = "WOOTZ_PROCESS_GROUP_WORKER";
constexpr std::chrono::seconds kPatience{30};  // of a process for the others: never reached where all is well

// The variables of a launcher, for a scope; what is not given is unset.
class LauncherVariables {
 public:
  explicit LauncherVariables(const Variables& given) {
    clear();
    for (const auto& [name, value] : given) setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
  }
  ~LauncherVariables() { clear(); }
  LauncherVariables(const LauncherVariables&) = delete;
  LauncherVariables& operator=(const LauncherVariables&) = delete;

 private:
  static void clear() {
    for (const char* name : {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_USE_AGENT_STORE"})
      unsetenv(name);
  }
};

// A port of 127.0.0.1 that is bound, so that nobody else is given it, but does not listen.
class HeldPort {
 public:
  HeldPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0) << std::strerror(errno);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0) << std::strerror(errno);
    number_ = std::to_string(ntohs(address.sin_port));
  }
  ~HeldPort() { close(socket_); }
  HeldPort(const HeldPort&) = delete;
  HeldPort& operator=(const HeldPort&) = delete;

  const std::string& number() const { return number_; }

 private:
  int socket_;
  std::string number_;
};

pid_t start_process(const Variables& variables) {
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string filter = fmt::format("--gtest_filter={}.{}", test->test_suite_name(), test->name());
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  std::vector<char*> entries, arguments;
  for (std::string& entry : environment) entries.push_back(entry.data());
  std::string self = "/proc/self/exe", brief = "--gtest_brief=1", only = filter;
  arguments = {self.data(), brief.data(), only.data(), nullptr};
  entries.push_back(nullptr);
  pid_t child = -1;
  EXPECT_EQ(posix_spawn(&child, self.c_str(), nullptr, nullptr, arguments.data(), entries.data()), 0);
  return child;
}

// The exit code, or -1 of a process that had to be killed.
int wait_for(pid_t child, std::chrono::steady_clock::time_point deadline) {
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Runs `body(rank)` in `size` processes, each with the variables of a launcher.
template <typename Body>
void in_processes(std::size_t size, Variables variables, const Body& body) {
  if (std::getenv(kWorker) != nullptr) return body(std::stoul(std::getenv("RANK")));
  const LauncherVariables none({});
  const HeldPort port;
  variables.insert({{"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", port.number()}});  // unless given
  variables["WORLD_SIZE"] = std::to_string(size);
  variables[kWorker] = "1";
  std::vector<pid_t> children;
  for (std::size_t rank = 0; rank < size; ++rank) {
    variables["RANK"] = std::to_string(rank);
    children.push_back(start_process(variables));
  }
  const auto deadline = std::chrono::steady_clock::now() + 2 * kPatience;
  for (std::size_t rank = 0; rank < size; ++rank)
    EXPECT_EQ(wait_for(children[rank], deadline), 0) << "process " << rank << ": see its output above";
}

std::unique_ptr<ProcessGroup> open_group() {
  auto group = ProcessGroup::from_environment(kPatience);
  if (!group) ADD_FAILURE() << group.error().message;
  return group ? *std::move(group) : nullptr;
}

std::string message_of(const Result<>& result) { return result ? "no error" : result.error().message; }

TEST(ProcessGroup, IsAGroupOfOneWithoutALauncher) {
  for (const Variables& variables : {Variables{}, Variables{{"WORLD_SIZE", "1"}, {"RANK", "0"}}}) {
    const LauncherVariables set(variables);
    const auto group = open_group();
    ASSERT_NE(group, nullptr);
    EXPECT_EQ(group->rank(), 0U);
    EXPECT_EQ(group->size(), 1U);
    EXPECT_TRUE(group->is_first());
    std::vector<double> values = {1.5, -2};
    EXPECT_TRUE(group->sum(values));
    EXPECT_EQ(values, (std::vector<double>{1.5, -2}));
    EXPECT_TRUE(group->broadcast(std::as_writable_bytes(std::span(values))));
    EXPECT_EQ(values, (std::vector<double>{1.5, -2}));
    EXPECT_TRUE(group->barrier());
    EXPECT_TRUE(group->agree({}));
    EXPECT_EQ(message_of(group->agree(fail(ErrorKind::kInput, "no data"))), "no data");
  }
}

TEST(ProcessGroup, NamesTheVariableThatIsMissingOrWrong) {
  const Variables right = {{"WORLD_SIZE", "2"}, {"RANK", "1"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", "29500"}};
  const std::vector<std::tuple<std::string, std::string, std::string>> wrongs = {
      {"WORLD_SIZE", "two", "WORLD_SIZE='two': expected a number from 1"},
      {"WORLD_SIZE", "0", "WORLD_SIZE='0': expected a number from 1"},
      {"WORLD_SIZE", "-2", "WORLD_SIZE='-2': expected a number from 1"},
      {"RANK", "", "RANK is not set"},
      {"RANK", "2", "RANK='2': expected a number from 0 to 1"},
      {"RANK", "1x", "RANK='1x': expected a number from 0 to 1"},
      {"MASTER_ADDR", "", "MASTER_ADDR is not set"},
      {"MASTER_PORT", "", "MASTER_PORT is not set"},
      {"MASTER_PORT", "0", "MASTER_PORT='0': expected a number from 1 to 65535"},
      {"MASTER_PORT", "65536", "MASTER_PORT='65536': expected a number from 1 to 65535"},
  };
  for (const auto& [name, value, message] : wrongs) {
    Variables variables = right;
    variables[name] = value;
    if (value.empty()) variables.erase(name);
    const LauncherVariables set(variables);
    const auto group = ProcessGroup::from_environment(kPatience);
    ASSERT_FALSE(group) << message;
    EXPECT_EQ(group.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(group.error().message, HasSubstr(message));
  }
}

TEST(ProcessGroup, SaysWhereNobodyAnswered) {
  const HeldPort port;
  const LauncherVariables set(
      {{"WORLD_SIZE", "2"}, {"RANK", "1"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", port.number()}});
  const auto group = ProcessGroup::from_environment(std::chrono::milliseconds(200));
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().kind, ErrorKind::kFailed);
  EXPECT_THAT(group.error().message, HasSubstr("process 1 of 2 cannot reach the others at 127.0.0.1:" + port.number()));
}

TEST(ProcessGroup, SaysWhoDidNotCome) {
  const HeldPort port;
  const LauncherVariables set(
      {{"WORLD_SIZE", "3"}, {"RANK", "0"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", port.number()}});
  const auto group = ProcessGroup::from_environment(std::chrono::milliseconds(200));
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().kind, ErrorKind::kFailed);
  EXPECT_THAT(group.error().message,
              AllOf(HasSubstr("waited 0.2 s at 127.0.0.1:" + port.number()), HasSubstr("for process 1, 2 in vain")));
}

// In the order of the ranks, the large values swallow the small one before they cancel.
double brought(std::size_t rank, std::size_t index) {
  const double values[] = {1, 1e16, -1e16};
  return values[rank % 3] / static_cast<double>(index % 1000 + 1);
}

class ProcessGroupSizeTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(ProcessGroupSizeTest, SumsToTheSameBitsAndBroadcasts) {
  in_processes(GetParam(), {}, [&](std::size_t rank) {
    const auto group = open_group();
    ASSERT_NE(group, nullptr);
    EXPECT_EQ(group->rank(), rank);
    EXPECT_EQ(group->size(), GetParam());
    EXPECT_EQ(group->is_first(), rank == 0);
    for (const std::size_t count : {0UL, 5UL, 200'000UL}) {  // of which the last travels in pieces
      std::vector<double> values(count), expected(count);
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = brought(rank, i);
        expected[i] = brought(0, i);
        for (std::size_t other = 1; other < GetParam(); ++other) expected[i] += brought(other, i);
      }
      for (int repeat = 0; repeat < 3; ++repeat) {
        std::vector<double> summed = values;
        ASSERT_TRUE(group->sum(summed));
        EXPECT_EQ(std::memcmp(summed.data(), expected.data(), count * sizeof(double)), 0);
        ASSERT_TRUE(group->broadcast(std::as_writable_bytes(std::span(summed = values))));
        for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(summed[i], brought(0, i));
        ASSERT_TRUE(group->barrier());
        ASSERT_TRUE(group->agree({}));
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Sizes, ProcessGroupSizeTest, ::testing::Values(2, 3));

TEST(ProcessGroup, OneFailureReachesEveryone) {
  in_processes(3, {}, [](std::size_t rank) {  // group after group: this works, too
    std::vector<double> values = {1, 2};
    for (const std::size_t failing : {1U, 0U}) {  // the latter has the store, and must not take it away too soon
      const auto group = open_group();
      ASSERT_NE(group, nullptr);
      ASSERT_TRUE(group->agree({}));
      // The others are in different calls: a failure cannot wait to be asked for.
      const Result<> result = rank == failing ? group->agree(fail(ErrorKind::kInput, "shard 7 is truncated"))
                              : rank == 2     ? group->agree({})
                                              : group->sum(values);
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, ErrorKind::kInput);
      EXPECT_EQ(result.error().message, rank == failing
                                            ? "shard 7 is truncated"
                                            : fmt::format("process {} of 3 failed: shard 7 is truncated", failing));
      EXPECT_EQ(message_of(group->barrier()), result.error().message);  // the group has ended
      EXPECT_EQ(message_of(group->agree(result)), result.error().message);
    }
    {
      auto group = open_group();
      ASSERT_NE(group, nullptr);
      if (rank == 2) {
        group.reset();
      } else {
        EXPECT_THAT(message_of(group->barrier()), HasSubstr("process 2 of 3 failed: it has left early"));
      }
    }
    {
      const auto group = open_group();
      ASSERT_NE(group, nullptr);
      EXPECT_THAT(message_of(group->sum(std::span(values).first(rank == 0 ? 1 : 2))),
                  HasSubstr("not at the same step"));
    }
    {
      const auto group = open_group();
      ASSERT_NE(group, nullptr);
      Result<> met = group->barrier();                              // whoever has come here has joined
      if (rank == 0) _exit(::testing::Test::HasFailure() ? 1 : 0);  // as if killed, and with it the store
      for (int i = 0; met && i < 2; ++i) met = group->barrier();
      EXPECT_THAT(message_of(met), HasSubstr("has lost the store at 127.0.0.1:"));
    }
  });
}

TEST(ProcessGroup, UsesTheStoreOfTorchrunsAgent) {
  std::optional<c10d::TCPStore> agent;
  Variables variables = {{"TORCHELASTIC_USE_AGENT_STORE", "True"}, {"TORCHELASTIC_RESTART_COUNT", "1"}};
  if (std::getenv(kWorker) == nullptr) {
    c10d::TCPStoreOptions options;
    options.port = 0;
    options.isServer = true;
    options.waitWorkers = false;
    agent.emplace("127.0.0.1", options);
    variables["MASTER_PORT"] = std::to_string(agent->getPort());
  }
  in_processes(2, variables, [](std::size_t rank) {
    for (int run = 0; run < 6; ++run) {  // from the second on, they find in the store what the one before has left
      const auto group = open_group();
      ASSERT_NE(group, nullptr);
      for (int call = 0; call < run; ++call) {
        std::vector<double> values = {static_cast<double>(rank + 1), 0.5 * run};
        ASSERT_EQ(message_of(group->sum(values)), "no error");
        EXPECT_EQ(values, (std::vector<double>{3, 1.0 * run}));
      }
    }
  });
}

}  // namespace
}  // namespace wootz
