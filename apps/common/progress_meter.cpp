#include "progress_meter.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "console.h"
#include "format.h"
#include "wootz/engine/run/schedule.h"

namespace wootz::cli {
namespace {

using namespace std::chrono_literals;

// Short work is not worth a word.
constexpr auto kFirstBar = 300ms;
constexpr auto kFirstLine = 2s;
constexpr auto kBetweenBars = 50ms;
constexpr auto kBetweenLines = 5s;
constexpr auto kRateWindow = 3s;
constexpr std::size_t kWidestBar = 30;

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : 80;
}

double fraction(const Progress& progress) {
  return progress.total == 0 ? 0.0
                             : std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
}

// Rounded down: 100 is said when all is done.
int whole_percent(const Progress& progress) { return static_cast<int>(100.0 * fraction(progress)); }

std::string amounts(const Progress& progress) {
  if (progress.unit.empty()) return fmt::format("{} of {}", format_bytes(progress.done), format_bytes(progress.total));
  return fmt::format("{} of {} {}", format_count(progress.done), format_count(progress.total), progress.unit);
}

std::string name_of(const Progress& progress) {
  return progress.note.empty() ? progress.phase : fmt::format("{} ({})", progress.phase, progress.note);
}

std::string rate_and_rest(const Progress& progress, double rate, double seconds_left, std::string_view separator) {
  std::string text;
  if (rate > 0.0)
    text = std::string(separator) +
           (progress.unit.empty() ? format_rate(rate) : fmt::format("{} {}/s", format_number(rate), progress.unit));
  if (seconds_left >= 0.0) text += fmt::format("{}{} left", separator, format_duration(seconds_left));
  return text;
}

}  // namespace

std::string progress_line(const Progress& progress, double rate, double seconds_left) {
  std::string text = name_of(progress);
  if (progress.total != 0) text += fmt::format(": {} % ({})", whole_percent(progress), amounts(progress));
  return text + rate_and_rest(progress, rate, seconds_left, ", ");
}

std::string progress_bar(const Progress& progress, double rate, double seconds_left, std::size_t width) {
  const std::string tail = rate_and_rest(progress, rate, seconds_left, "  ");
  std::string text = name_of(progress);
  if (progress.total != 0) {
    const std::string share = fmt::format(" {:3} %", whole_percent(progress));
    const std::size_t taken = text.size() + share.size() + tail.size() + 3;
    const std::size_t room = width > taken ? std::min(width - taken, kWidestBar) : 0;
    if (room >= 5) {
      const auto filled = static_cast<std::size_t>(fraction(progress) * static_cast<double>(room));
      text += " [" + std::string(filled, '=') + (filled < room ? ">" : "") +
              std::string(room - std::min(room, filled + 1), ' ') + "]";
    }
    text += share;
  }
  return (text + tail).substr(0, width);
}

ProgressMeter::ProgressMeter(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1), next_show_(start_ + (terminal_ ? kFirstBar : kFirstLine)) {}

ProgressMeter::~ProgressMeter() {
  if (drawn_) print_err("\r\x1b[K");
}

ProgressCallback ProgressMeter::callback() {
  if (quiet_) return {};
  return [this](const Progress& progress) { show(progress); };
}

double ProgressMeter::recent_rate(Clock::time_point now, std::uint64_t moved) {
  samples_.push_back({now, moved});
  while (samples_.size() > 2 && now - samples_.front().time > kRateWindow) samples_.pop_front();
  const std::chrono::duration<double> passed = now - samples_.front().time;
  return passed.count() <= 0.0 ? 0.0 : static_cast<double>(moved - samples_.front().moved) / passed.count();
}

void ProgressMeter::show(const Progress& progress) {
  const Clock::time_point now = Clock::now();
  if (progress.phase != phase_) {
    phase_ = progress.phase;
    phase_start_ = now;
    samples_.clear();  // another phase may count something else
  }
  const double rate = recent_rate(now, progress.moved);
  if (now < next_show_) return;
  const double share = fraction(progress);
  const std::chrono::duration<double> passed = now - phase_start_;
  const double left = share > 0.0 && share < 1.0 ? passed.count() * (1.0 - share) / share : -1.0;
  if (terminal_) {
    // The last column stays free: some terminals wrap when it is written.
    print_err("\r" + progress_bar(progress, rate, left, terminal_width() - 1) + "\x1b[K");
    drawn_ = true;
    next_show_ = now + kBetweenBars;
  } else {
    print_err("wootz: " + progress_line(progress, rate, left) + "\n");
    next_show_ = now + kBetweenLines;
  }
}

}  // namespace wootz::cli
