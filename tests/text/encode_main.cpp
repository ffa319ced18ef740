// encode_text DIRECTORY MAX_LENGTH: encodes each line of standard input, the bytes of a text in hexadecimal, and prints
// its ids on a line. For tests/peers/tokens.py.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstdio>
#include <iostream>
#include <string>

#include "wootz/text/tokenizer.h"

namespace {

std::string from_hex(const std::string& line) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(line.data() + i, line.data() + i + 2, value, 16);
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: encode_text DIRECTORY MAX_LENGTH < texts in hexadecimal\n");
    return 2;
  }
  const auto tokenizer = wootz::load_tokenizer(wootz::posix_file_system(), argv[1]);
  if (!tokenizer) {
    fmt::print(stderr, "{}\n", tokenizer.error().message);
    return wootz::exit_code(tokenizer.error().kind);
  }
  const std::size_t max_length = std::stoul(argv[2]);
  for (std::string line; std::getline(std::cin, line);)
    fmt::print("{}\n", fmt::join((*tokenizer)->encode(from_hex(line), max_length), " "));
  return 0;
}
