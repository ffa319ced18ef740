#include "format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "wootz/engine/run/schedule.h"

namespace wootz::cli {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

// Longest first, so that "GiB" is not taken for a "B".
constexpr std::array<Unit, 14> kUnits{{{"kib", 0x1p10},
                                       {"mib", 0x1p20},
                                       {"gib", 0x1p30},
                                       {"tib", 0x1p40},
                                       {"kb", 1e3},
                                       {"mb", 1e6},
                                       {"gb", 1e9},
                                       {"tb", 1e12},
                                       {"k", 1e3},
                                       {"m", 1e6},
                                       {"g", 1e9},
                                       {"t", 1e12},
                                       {"b", 1e9},
                                       {"", 1.0}}};

constexpr double kLargestSize = 9e18;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// How far the further lines of a list item stand in: below its text.
std::size_t hanging_indent(std::string_view line) {
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  if (line.starts_with("- ")) return 2;
  return digits > 0 && line.substr(digits).starts_with(". ") ? digits + 2 : 0;
}

void wrap_line(std::string_view text, std::size_t width, std::vector<std::string>& lines) {
  const std::string indent(hanging_indent(text), ' ');
  lines.emplace_back();
  bool begun = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (begun && lines.back().size() + 1 + word.size() > width) {
      lines.push_back(indent);
      begun = false;
    }
    if (begun) lines.back() += ' ';
    lines.back() += word;
    begun = true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  const std::string word = lower(text);
  double number = 0.0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, std::chars_format::fixed);
  std::string_view unit = std::string_view(word).substr(static_cast<std::size_t>(end - word.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto found = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == unit; });
  if (error != std::errc() || found == kUnits.end() || !(number * found->factor < kLargestSize))
    return fail(ErrorKind::kUsage, "'{}' is not a size; write for instance 5GB, 500M, 1GiB or a number of bytes", text);
  const double bytes = std::round(number * found->factor);
  if (bytes < 1.0) return fail(ErrorKind::kUsage, "'{}': a size must be at least one byte", text);
  return static_cast<std::uint64_t>(bytes);
}

Result<std::uint64_t> parse_rate(std::string_view text) {
  auto rate = parse_size(text.ends_with("/s") ? text.substr(0, text.size() - 2) : text);
  if (!rate) return fail(ErrorKind::kUsage, "'{}' is not a rate; write for instance 2GB/s or 500MB/s", text);
  return rate;
}

std::string format_duration(double seconds) {
  if (seconds < 0.01) return "less than 0.01 s";
  if (seconds < 0.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string format_rate(double bytes_per_second) {
  return format_bytes(static_cast<std::uint64_t>(std::max(0.0, bytes_per_second))) + "/s";
}

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t left = digits.size(); left > 3;) digits.insert(left -= 3, 1, ',');
  return digits;
}

std::string count_of(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

std::string format_percent(double share) { return fmt::format("{:.2f}", 100.0 * share); }

std::string format_number(double value) { return fmt::format("{:.4g}", value); }

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    wrap_line(text.substr(0, end), width, lines);
    if (end == text.npos) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace wootz::cli
