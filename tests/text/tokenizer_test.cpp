// Whole tokenizers against the ids that the Hugging Face libraries gave (make_goldens.py).
#include "wootz/text/tokenizer.h"

#include <fmt/ranges.h>

#include <charconv>
#include <sstream>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::read_file;
using testing::TempDir;
using testing::write_file;

constexpr std::size_t kLength = 20;  // of the goldens

std::string data_path(const std::string& name) { return std::string(WOOTZ_TEXT_DATA) + "/" + name; }

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream in(read_file(path));
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string from_hex(const std::string& line) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(line.data() + i, line.data() + i + 2, value, 16);
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

std::unique_ptr<Tokenizer> load(const std::string& directory) {
  auto tokenizer = load_tokenizer(posix_file_system(), directory);
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    return nullptr;
  }
  return *std::move(tokenizer);
}

class GoldenTest : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenTest, GivesTheIdsOfTheHuggingFaceLibraries) {
  const auto tokenizer = load(data_path(GetParam()));
  ASSERT_NE(tokenizer, nullptr);
  const std::vector<std::string> texts = lines_of(data_path("texts.txt"));
  const std::vector<std::string> ids = lines_of(data_path(std::string(GetParam()) + "/ids.txt"));
  ASSERT_GE(ids.size(), 300U);
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(fmt::format("{}", fmt::join(tokenizer->encode(from_hex(texts[i]), kLength), " ")), ids[i])
        << "text " << i + 1 << ": " << texts[i];
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest, ::testing::Values("clip", "roberta", "bert", "odd", "prefixed"),
                         [](const auto& test) { return std::string(test.param); });

// Also equal: how many ids come back does not change which they are.
TEST(TokenizerTest, CutsTheEndOfTheTextAndKeepsTheSpecialTokens) {
  const auto tokenizer = load(data_path("bert"));
  ASSERT_NE(tokenizer, nullptr);
  const std::string text = "a photo of a cat, a dog and a truck";
  const std::vector<TokenId> whole = tokenizer->encode(text, 512);
  for (std::size_t length = 2; length <= whole.size(); ++length) {
    std::vector<TokenId> expected(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length) - 1);
    expected.push_back(whole.back());
    EXPECT_EQ(tokenizer->encode(text, length), expected);
  }
}

TEST(TokenizerTest, ReadsVocabTxtAsBert) {
  const TempDir directory;
  write_file(directory / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat\n##s\r\ncafe\nCaf\n##é\n");
  const auto lower = load(directory.path());
  ASSERT_NE(lower, nullptr);
  EXPECT_EQ(lower->pad_id(), 0);
  EXPECT_EQ(lower->vocabulary_size(), 10U);
  EXPECT_THAT(lower->encode("CATS Café [MASK] dog", 16), ElementsAre(2, 5, 6, 7, 4, 1, 3));

  write_file(directory / "tokenizer_config.json", R"({"do_lower_case": false, "tokenizer_class": "BertTokenizer"})");
  const auto cased = load(directory.path());
  ASSERT_NE(cased, nullptr);
  EXPECT_THAT(cased->encode("cats Café Cats", 16), ElementsAre(2, 5, 6, 8, 9, 1, 3));
}

// The same vocabulary and merges as two files, as transformers wrote them before there was tokenizer.json.
constexpr std::string_view kPieces = R"("a":0,"b":1,"a</w>":2,"b</w>":3,"ab":4,"ab</w>":5,"Ġ":6,"Ġa":7)";
constexpr std::string_view kMerges = "#version: 0.2\na b\na b</w>\nĠ a\n";

TEST(TokenizerTest, ReadsVocabJsonAsClip) {
  const TempDir directory;
  write_file(directory / "vocab.json", fmt::format(R"({{{},"<|startoftext|>":8,"<|endoftext|>":9}})", kPieces));
  write_file(directory / "merges.txt", kMerges);
  write_file(directory / "tokenizer_config.json", R"({"tokenizer_class": "CLIPTokenizer"})");
  const auto tokenizer = load(directory.path());
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->pad_id(), 9);
  EXPECT_EQ(tokenizer->vocabulary_size(), 10U);
  EXPECT_THAT(tokenizer->encode("  AB  aba<|endoftext|>z", 77), ElementsAre(8, 5, 4, 2, 9, 9, 9));

  write_file(directory / "special_tokens_map.json", R"({"pad_token": "a"})");
  const auto padded = load(directory.path());
  ASSERT_NE(padded, nullptr);
  EXPECT_EQ(padded->pad_id(), 0);
}

TEST(TokenizerTest, ReadsVocabJsonAsRoberta) {
  const TempDir directory;
  const std::string special = R"("<s>":8,"<pad>":9,"</s>":10,"<unk>":11,"<mask>":12)";
  write_file(directory / "vocab.json", fmt::format("{{{},{}}}", kPieces, special));
  write_file(directory / "merges.txt", kMerges);
  write_file(directory / "config.json", R"({"model_type": "roberta"})");
  const auto tokenizer = load(directory.path());
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->pad_id(), 9);
  EXPECT_THAT(tokenizer->encode("ab a <mask> a", 77), ElementsAre(8, 4, 7, 12, 7, 10));

  write_file(directory / "tokenizer_config.json", R"({"add_prefix_space": true})");
  const auto prefixed = load(directory.path());
  ASSERT_NE(prefixed, nullptr);
  EXPECT_THAT(prefixed->encode("ab a", 77), ElementsAre(8, 6, 4, 7, 10));
}

std::string error_of(const std::string& directory) {
  const auto tokenizer = load_tokenizer(posix_file_system(), directory);
  if (tokenizer) return "no error";
  EXPECT_EQ(tokenizer.error().kind, ErrorKind::kInput);
  return tokenizer.error().message;
}

TEST(TokenizerTest, SaysWhenThereIsNone) {
  const TempDir directory;
  EXPECT_THAT(error_of(directory.path()), HasSubstr(directory.path() + ": no tokenizer"));
  write_file(directory / "vocab.json", "{}");
  EXPECT_THAT(error_of(directory.path()), HasSubstr("no tokenizer"));
}

struct Damage {
  const char* name;
  std::string from;
  std::string to;
  std::string complaint;
};

class DamagedJsonTest : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedJsonTest, NamesWhatItCannotDo) {
  const Damage& damage = GetParam();
  std::string text = read_file(data_path("clip/tokenizer.json"));
  const std::size_t place = text.find(damage.from);
  ASSERT_NE(place, std::string::npos) << damage.from;
  text.replace(place, damage.from.size(), damage.to);
  const TempDir directory;
  write_file(directory / "tokenizer.json", text);
  const std::string message = error_of(directory.path());
  EXPECT_THAT(message, HasSubstr((directory / "tokenizer.json") + ": "));
  EXPECT_THAT(message, HasSubstr(damage.complaint));
}

const std::vector<Damage> kDamages = {
    {"cut", "\"model\"", "", "not valid JSON"},
    {"no_model", "\"model\"", "\"modle\"", "'model' is missing"},
    {"normalizer", "\"NFC\"", "\"NFKC\"", "'normalizer': 'NFKC' is not supported"},
    {"replace", R"(\\s+)", R"(\\d+)", "anything but white space by a space is not supported"},
    {"pattern", "[\\\\p{N}]", "[\\\\p{N}]+", "'pre_tokenizer' Split: the pattern "},
    {"behavior", "\"Removed\"", "\"Isolated\"", "'Removed', inverted, is not supported"},
    {"pre_tokenizer", R"("type":"ByteLevel","add_prefix_space":false)", R"("type":"Digits")",
     "'Digits' is not supported"},
    {"processor", "\"RobertaProcessing\"", "\"Unknown\"", "'post_processor': 'Unknown' is not supported"},
    {"type", R"("type":"BPE")", R"("type":"Unigram")", "'model': 'Unigram' on 'ByteLevel' words"},
    {"prefix", R"("continuing_subword_prefix":"")", R"("continuing_subword_prefix":"@")",
     "'continuing_subword_prefix'"},
    {"dropout", R"("dropout":null)", R"("dropout":0.1)", "'dropout'"},
    {"flag", R"("fuse_unk":false)", R"("fuse_unk":"no")", "'fuse_unk' is not true or false"},
    {"unknown", R"("unk_token":"<|endoftext|>")", R"("unk_token":"<x>")", "the unknown token '<x>' is not in"},
    {"merge", R"("merges":[[)", R"("merges":[["q q"],[)", "merge 1 is not a pair of tokens"},
    {"merge_text", R"("merges":[[)", R"("merges":["q",[)", "merge 1: 'q' is not two tokens"},
    {"merge_token", R"("merges":[[)", R"("merges":[["q","qqq"],[)", "needs the token 'qqq'"},
    {"negative_id", R"("vocab":{)", R"("vocab":{"x-y":-1,)", "token 'x-y': -1 is not a token id"},
    {"large_id", R"("vocab":{)", R"("vocab":{"x-y":2147483647,)", "2147483647 is not a token id"},
    {"special_id", R"("sep":["<|endoftext|>",)", R"("sep":["<|endoftext|>",9)", "is beyond the vocabulary"},
    {"added_id", R"("added_tokens":[)", R"("added_tokens":[{"id":7,"content":"<|endoftext|>"},)", "has the id 7"},
};

INSTANTIATE_TEST_SUITE_P(All, DamagedJsonTest, ::testing::ValuesIn(kDamages),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(TokenizerTest, NamesDamagedFilesBesideTheVocabulary) {
  const TempDir directory;
  write_file(directory / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
  EXPECT_THAT(error_of(directory.path()), HasSubstr("vocab.txt: the special token '[MASK]' is not in the vocabulary"));
  write_file(directory / "tokenizer_config.json", R"({"do_lower_case": "yes"})");
  EXPECT_THAT(error_of(directory.path()), HasSubstr("tokenizer_config.json: the file: 'do_lower_case'"));
  write_file(directory / "tokenizer_config.json", "{");
  EXPECT_THAT(error_of(directory.path()), HasSubstr("tokenizer_config.json: not valid JSON"));
}

}  // namespace
}  // namespace wootz
