// load_tokenizer: which files of a directory make its tokenizer.
#include "wootz/text/legacy_files.h"
#include "wootz/text/tokenizer_json.h"

namespace wootz {
namespace {

constexpr std::uint64_t kLimit = 256U << 20U;

Result<TokenizerParts> within(Result<TokenizerParts> parts, const std::string& path) {
  if (!parts) return tl::unexpected(std::move(parts).error().within(path));
  return parts;
}

Result<TokenizerParts> read_parts(FileSystem& files, const std::string& directory) {
  const auto path_of = [&](const char* name) { return join_path(directory, name); };
  const std::string json = path_of("tokenizer.json");
  const std::string vocab_json = path_of("vocab.json");
  const std::string merges_txt = path_of("merges.txt");
  const std::string vocab_txt = path_of("vocab.txt");

  WOOTZ_TRY(const TokenSettings settings, read_token_settings(files, directory));
  if (files.exists(json)) {
    WOOTZ_TRY(const std::string text, read_text(files, json, kLimit));
    return within(read_tokenizer_json(text, settings), json);
  }
  if (files.exists(vocab_json) && files.exists(merges_txt)) {
    WOOTZ_TRY(const std::string tokens, read_text(files, vocab_json, kLimit));
    WOOTZ_TRY(const std::string merges, read_text(files, merges_txt, kLimit));
    return within(read_byte_pair_files(tokens, merges, settings), vocab_json);
  }
  if (files.exists(vocab_txt)) {
    WOOTZ_TRY(const std::string text, read_text(files, vocab_txt, kLimit));
    return within(read_vocab_txt(text, settings), vocab_txt);
  }
  return fail(ErrorKind::kInput,
              "{}: no tokenizer: put tokenizer.json beside the model, or vocab.json with merges.txt, or vocab.txt",
              directory);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> load_tokenizer(FileSystem& files, const std::string& directory) {
  WOOTZ_TRY(TokenizerParts parts, read_parts(files, directory));
  return make_tokenizer(std::move(parts));
}

}  // namespace wootz
