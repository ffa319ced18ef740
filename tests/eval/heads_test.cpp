// Heads against those of PyTorch and transformers (make_heads.py).
#include "wootz/eval/heads.h"

#include <cmath>
#include <numeric>
#include <sstream>

#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"

namespace wootz {
namespace {

using testing::HasSubstr;
using testing::TempDir;

// Numbers words by their letters.
class WordNumbers : public Tokenizer {
 public:
  std::vector<TokenId> encode(std::string_view text, std::size_t max_length) const override {
    std::vector<TokenId> ids = {58};
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word && ids.size() + 1 < max_length;)
      ids.push_back(1 + std::accumulate(word.begin(), word.end(), 0) % 57);
    ids.push_back(59);
    return ids;
  }
  TokenId pad_id() const override { return 59; }
  std::size_t vocabulary_size() const override { return 60; }
};

class Texts : public Dataset {
 public:
  using Items = std::vector<std::pair<int, std::string>>;
  explicit Texts(Items items) : items_(std::move(items)) {}
  InputKind kind() const override { return InputKind::kText; }
  std::size_t size() const override { return items_.size(); }
  const std::vector<std::string>& class_names() const override { return names_; }
  int label(std::size_t index) const override { return items_[index].first; }
  Result<Image> image(std::size_t) const override { return fail(ErrorKind::kInput, "no images"); }
  Result<std::string> text(std::size_t index) const override {
    if (items_[index].second.empty()) return fail(ErrorKind::kInput, "a damaged text");
    return items_[index].second;
  }
  std::string place(std::size_t index) const override { return fmt::format("text {}", index); }

 private:
  Items items_;
  std::vector<std::string> names_ = {"cat", "big dog", "tree"};
};

const Texts::Items kItems = {{0, "red blue"}, {1, "one two three"}, {0, "green"}, {2, "seven"},
                             {1, "four"},     {2, "ten ten"},       {0, "unused"}};

Model clip_tower(const std::string& architecture) {
  ModelOptions options;
  options.threads = 1;
  options.architecture = architecture;
  auto model = Model::load(posix_file_system(), WOOTZ_NN_MODELS "/clip", options);
  if (!model) throw std::runtime_error(model.error().message);
  return *std::move(model);
}

void expect_rows(const Result<Head>& head, const std::string& golden) {
  ASSERT_TRUE(head) << head.error().message;
  const std::vector<double> expected = testing::read_tensor(WOOTZ_EVAL_FILES "/heads.safetensors", golden);
  EXPECT_EQ(head->classes, 3U);
  EXPECT_EQ(head->feature_size, 12U);
  EXPECT_TRUE(head->normalize);
  ASSERT_EQ(head->weight.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(head->weight[i], expected[i], 2e-6) << i;
}

class HeadsTest : public ::testing::Test {
 protected:
  Result<Head> prototypes(const Texts::Items& items, const PrototypeOptions& options) {
    const Texts data(items);
    const auto encoder = make_text_encoder(std::make_shared<WordNumbers>(), 10);
    return prototype_head(model_, data, *encoder, options, {});
  }

  Model model_ = clip_tower("clip_text");
  ZeroShotWords words_{"words.yml",
                       {"cat", "big dog", "tree"},
                       {"a photo of a {}.", "{}", "a very small picture of one more {} in the snow"}};
};

TEST_F(HeadsTest, ZeroShotHeadAveragesThePromptsOfAClass) {
  std::size_t last = 0;
  const auto count = [&](std::size_t done, std::size_t total) {
    EXPECT_EQ(total, 9U);
    last = done;
  };
  HeadOptions options;
  options.batch_size = 4;
  const Result<Head> head = zero_shot_head(model_, WordNumbers(), words_, options, count);
  expect_rows(head, "zero_shot");
  EXPECT_EQ(last, 9U);
  EXPECT_EQ(head->logit_scale, 100.0);
  EXPECT_EQ(head->metadata.at("class_names"), R"(["cat","big dog","tree"])");
}

TEST_F(HeadsTest, ZeroShotHeadNeedsATextTower) {
  const auto head = zero_shot_head(clip_tower("clip_vision"), WordNumbers(), words_, {}, {});
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().kind, ErrorKind::kIncompatible);
  EXPECT_THAT(head.error().message, HasSubstr("takes images: a zero-shot head needs the text tower"));
}

TEST_F(HeadsTest, PrototypesAreMeansOfTheFirstItems) {
  PrototypeOptions options;
  options.per_class = 2;
  options.batch_size = 3;
  expect_rows(prototypes(kItems, options), "centered");
  options.kind = PrototypeKind::kPlain;
  expect_rows(prototypes(kItems, options), "plain");
}

TEST_F(HeadsTest, PrototypesSayWhatIsMissing) {
  PrototypeOptions options;
  const auto empty = prototypes({{0, "red"}, {2, "blue"}}, options);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().kind, ErrorKind::kInput);
  EXPECT_THAT(empty.error().message, HasSubstr("class 1 ('big dog') has no items"));

  const auto alike = prototypes({{0, "red"}, {1, "red"}, {2, "red"}}, options);
  ASSERT_FALSE(alike);
  EXPECT_THAT(alike.error().message, HasSubstr("class 0 ('cat'): its features on average point nowhere"));

  Texts::Items damaged = kItems;
  damaged[6].second = "";
  const auto bad = prototypes(damaged, options);
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("a damaged text"));
  options.skip_bad = 1;
  expect_rows(prototypes(damaged, options), "centered");
}

TEST_F(HeadsTest, WhatIsMadeCanBeSavedAndLoaded) {
  const TempDir directory;
  const auto head = prototypes(kItems, {});
  ASSERT_TRUE(head);
  ASSERT_TRUE(save_head(posix_file_system(), *head, directory / "head.safetensors"));
  const auto loaded = load_head(posix_file_system(), directory / "head.safetensors");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->weight, head->weight);
  EXPECT_EQ(loaded->logit_scale, 25.0);
  EXPECT_EQ(loaded->metadata.at("made"), "centered prototypes");
}

TEST(StoredLogitScaleTest, IsTheExponentialOfWhatAClipStores) {
  const TempDir directory;
  const auto scale_of = [&](const testing::TestTensor& tensor) {
    testing::write_checkpoint(directory.path(), {tensor});
    return stored_logit_scale(posix_file_system(), directory.path());
  };
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBF16}) {
    const auto scale = scale_of(testing::make_tensor("logit_scale", dtype, {}, {4.5}));
    ASSERT_TRUE(scale) << scale.error().message;
    EXPECT_DOUBLE_EQ(scale->value(), std::exp(4.5));
  }
  const auto none = scale_of(testing::make_tensor("other", Dtype::kF32, {1}, {1}));
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  const auto two = scale_of(testing::make_tensor("logit_scale", Dtype::kF32, {2}, {1, 2}));
  ASSERT_FALSE(two);
  EXPECT_THAT(two.error().message, HasSubstr("its shape is [2]"));
  EXPECT_FALSE(scale_of(testing::make_tensor("logit_scale", Dtype::kF32, {}, {1e9})));
}

}  // namespace
}  // namespace wootz
