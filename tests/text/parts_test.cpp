// The parts of the tokenizers alone: Unicode, words, merges.

#include "support/matchers.h"
#include "wootz/text/added_tokens.h"
#include "wootz/text/bpe.h"
#include "wootz/text/byte_level.h"
#include "wootz/text/normalize.h"
#include "wootz/text/split_words.h"
#include "wootz/text/unicode.h"
#include "wootz/text/wordpiece.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> words_of(Splitter split, std::string_view text) {
  const std::u32string characters = decode_utf8(text);
  std::vector<std::u32string_view> words;
  split(characters, words);
  std::vector<std::string> out;
  for (const auto word : words) out.push_back(encode_utf8(word));
  return out;
}

std::string mapped(std::u32string (*step)(std::u32string_view), std::string_view text) {
  return encode_utf8(step(decode_utf8(text)));
}

TEST(UnicodeTest, ReplacesBrokenBytesOneForEachStart) {
  EXPECT_EQ(decode_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), U"aé€😀");
  EXPECT_EQ(decode_utf8("\xff\xfe"), U"\ufffd\ufffd");
  EXPECT_EQ(decode_utf8("\xe2\x82x\xf0\x9f\x98"), U"\ufffdx\ufffd");
  EXPECT_EQ(decode_utf8("\xc0\xaf"), U"\ufffd\ufffd");                      // overlong
  EXPECT_EQ(decode_utf8("\xed\xa0\x80"), U"\ufffd\ufffd\ufffd");            // a surrogate
  EXPECT_EQ(decode_utf8("\xf4\x90\x80\x80"), U"\ufffd\ufffd\ufffd\ufffd");  // beyond U+10FFFF
}

TEST(UnicodeTest, ComposesAndDecomposes) {
  EXPECT_EQ(mapped(to_nfc, "e\u0301 \u1112\u1161\u11ab a\u0323\u0307"), "é 한 ạ\u0307");
  EXPECT_EQ(mapped(to_nfc, "a\u0307\u0323"), "ạ\u0307");  // marks are put in order first
  EXPECT_EQ(mapped(to_nfd, "é 한 Å"), "e\u0301 \u1112\u1161\u11ab A\u030a");
}

TEST(UnicodeTest, LowersEachCharacterAlone) { EXPECT_EQ(mapped(to_lower, "ÀÉ ΣΑΣ İ ẞ Ǆ"), "àé σασ i\u0307 ß ǆ"); }

TEST(UnicodeTest, ShowsTextsInMessagesSafely) {
  EXPECT_EQ(printable_text("a\tb\x1b[0m\u202eé"), "a\\u{9}b\\u{1b}[0m\\u{202e}é");
  EXPECT_EQ(printable_text(std::string(100, 'x')), std::string(60, 'x') + "...");
}

TEST(ByteLevelTest, HasACharacterForEachByte) {
  EXPECT_EQ(character_of_byte('A'), U'A');
  EXPECT_EQ(character_of_byte(' '), U'Ġ');
  EXPECT_EQ(character_of_byte('\n'), U'Ċ');
  EXPECT_EQ(character_of_byte(0xad), 0x143U);
  EXPECT_EQ(character_of_byte(0xff), U'ÿ');
}

TEST(NormalizeTest, CleansTextAsBertDoes) {
  EXPECT_EQ(mapped(bert_clean, "a\tb\u00a0c\u200bd\ufffde\x01"), "a b cde");
  EXPECT_EQ(mapped(bert_space_ideographs, "a東京b"), "a 東  京 b");
  EXPECT_EQ(mapped(bert_strip_accents, "Ångström naïve"), "Angstrom naive");
  EXPECT_EQ(mapped(collapse_white_space, " a\t\n b\u3000"), " a b ");
}

TEST(SplitTest, ClipWords) {
  EXPECT_THAT(words_of(split_clip, "it's 42 naïve!! 'x'll"),
              ElementsAre("it", "'s", "4", "2", "naïve", "!!", "'", "x", "'ll"));
  EXPECT_THAT(words_of(split_clip, "<|endoftext|>!"), ElementsAre("<|", "endoftext", "|>!"));
  EXPECT_THAT(words_of(split_clip_with_marks, "<|endoftext|>!"), ElementsAre("<|endoftext|>", "!"));
}

TEST(SplitTest, Gpt2Words) {
  EXPECT_THAT(words_of(split_gpt2, " a  b\t c 's12 !?"),
              ElementsAre(" a", " ", " b", "\t", " c", " '", "s", "12", " !?"));
  EXPECT_THAT(words_of(split_gpt2, "a\n\n\nb  "), ElementsAre("a", "\n\n", "\n", "b", "  "));
}

TEST(SplitTest, BertWords) {
  EXPECT_THAT(words_of(split_bert, " don't $5, ok。"), ElementsAre("don", "'", "t", "$", "5", ",", "ok", "。"));
}

TEST(AddedTokensTest, FindsTheLongestOfTheLeftmost) {
  AddedTokens tokens;
  tokens.add({U"<a>", 1, false, false, false});
  tokens.add({U"<a>b", 2, false, true, true});
  tokens.add({U"cat", 3, true, false, false});
  std::vector<Fragment> fragments;
  tokens.split(U"x  <a>b  <a> cats cat", fragments);
  std::vector<std::string> found;
  for (const Fragment& fragment : fragments)
    found.push_back(fragment.id ? std::to_string(*fragment.id) : encode_utf8(fragment.text));
  EXPECT_THAT(found, ElementsAre("x", "2", "1", " cats ", "3"));
}

Vocabulary numbered(const std::vector<std::string>& tokens) {
  Vocabulary vocabulary;
  for (const std::string& token : tokens) vocabulary.emplace(token, static_cast<TokenId>(vocabulary.size()));
  return vocabulary;
}

std::vector<TokenId> ids_of(const WordModel& model, std::u32string_view word) {
  std::vector<TokenId> ids;
  model.encode(word, ids);
  return ids;
}

TEST(BytePairTest, MergesByRankThenFromTheLeft) {
  const Vocabulary vocabulary = numbered({"a", "b", "c", "ab", "bc", "aa", "abc"});
  const auto model = make_byte_pairs(vocabulary, {{"b", "c"}, {"a", "a"}, {"a", "b"}, {"a", "bc"}}, {});
  ASSERT_TRUE(model);
  EXPECT_THAT(ids_of(**model, U"abc"), ElementsAre(6));
  EXPECT_THAT(ids_of(**model, U"aaa"), ElementsAre(5, 0));
  EXPECT_THAT(ids_of(**model, U"aabab"), ElementsAre(5, 1, 3));
  EXPECT_THAT(ids_of(**model, U"axb"), ElementsAre(3));  // nothing stands for what is unknown
}

TEST(BytePairTest, UnknownBytes) {
  const Vocabulary vocabulary = numbered({"a", "?"});
  const auto each = make_byte_pairs(vocabulary, {}, {.end_of_word = "", .unknown = "?"});
  const auto joined = make_byte_pairs(vocabulary, {}, {.end_of_word = "", .unknown = "?", .join_unknown = true});
  ASSERT_TRUE(each && joined);
  EXPECT_THAT(ids_of(**each, U"aéa"), ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(ids_of(**joined, U"aéa"), ElementsAre(0, 1, 0));
  const auto missing = make_byte_pairs(vocabulary, {}, {.end_of_word = "", .unknown = "!"});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("the unknown token '!'"));
}

// A quarter of a million symbols: anything quadratic would take minutes.
TEST(BytePairTest, TakesLongWordsInItsStride) {
  const auto model = make_byte_pairs(numbered({"a", "aa", "aaaa"}), {{"a", "a"}, {"aa", "aa"}}, {});
  ASSERT_TRUE(model);
  EXPECT_EQ(ids_of(**model, std::u32string(1U << 18U, U'a')), std::vector<TokenId>(1U << 16U, 2));
}

TEST(WordPieceTest, TakesTheLongestStart) {
  const auto model = make_word_pieces(numbered({"?", "un", "##able", "##a", "##b", "una"}), {.unknown = "?"});
  ASSERT_TRUE(model);
  EXPECT_THAT(ids_of(**model, U"unable"), ElementsAre(0));  // "una" leaves "ble", which has no start
  EXPECT_THAT(ids_of(**model, U"unbab"), ElementsAre(1, 4, 3, 4));
  EXPECT_THAT(ids_of(**model, U"un" + std::u32string(98, U'a')).size(), 98U);
  EXPECT_THAT(ids_of(**model, U"un" + std::u32string(99, U'a')), ElementsAre(0));
}

}  // namespace
}  // namespace wootz
