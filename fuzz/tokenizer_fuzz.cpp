// An input is the text of a tokenizer.json and, after a NUL, a text: any file is a tokenizer or an error, and any text
// has ids of the vocabulary, the same whether it is cut now or later.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wootz/core/check.h"
#include "wootz/text/tokenizer_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wootz;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\0'), size);
  auto parts = read_tokenizer_json(input.substr(0, end), {});
  if (!parts) {
    WOOTZ_CHECK(parts.error().kind == ErrorKind::kInput && !parts.error().message.empty());
    return 0;
  }
  const std::size_t special = parts->before.size() + parts->after.size();
  const std::size_t after = parts->after.size();
  const auto tokenizer = make_tokenizer(*std::move(parts));
  const std::string_view text = input.substr(std::min(end + 1, size));
  const std::vector<TokenId> whole = tokenizer->encode(text, 8 * size + 64);
  for (const TokenId id : whole) WOOTZ_CHECK(id >= 0 && static_cast<std::size_t>(id) < tokenizer->vocabulary_size());
  const std::vector<TokenId> cut = tokenizer->encode(text, special + 3);
  WOOTZ_CHECK(cut.size() == std::min(whole.size(), special + 3));
  WOOTZ_CHECK(std::equal(cut.begin(), cut.end() - static_cast<std::ptrdiff_t>(after), whole.begin()));
  return 0;
}
