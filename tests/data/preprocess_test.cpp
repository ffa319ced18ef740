#include "wootz/data/preprocess.h"

#include <gtest/gtest.h>

#include <cstring>

#include "data_testing.h"
#include "support/matchers.h"
#include "support/temp_dir.h"

namespace wootz {
namespace {

using testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

Preprocessing load(const std::string& directory, int image_size = 224) {
  return load_preprocessing(posix_file_system(), directory, image_size).value();
}

TEST(PreprocessTest, IsTransformers) {
  for (const testing::Golden& golden : testing::read_goldens("preprocessed.bin", sizeof(float))) {
    const std::size_t colon = golden.name.find(':');
    const Preprocessing steps = load(testing::data_file("models/" + golden.name.substr(0, colon)));
    const Image ready = steps.geometry(testing::decoded_file(golden.name.substr(colon + 1)));
    ASSERT_EQ(ready.width, golden.width) << golden.name;
    ASSERT_EQ(ready.height, golden.height) << golden.name;
    std::vector<float> pixels(ready.pixels.size());
    steps.normalize(ready, pixels.data());
    std::vector<float> expected(pixels.size());
    std::memcpy(expected.data(), golden.values.data(), golden.values.size());
    EXPECT_EQ(pixels, expected) << golden.name;
  }
}

TEST(PreprocessTest, OutputSizeIsKnownWhereItIsFixed) {
  EXPECT_EQ(Preprocessing::clip(32).output_size()->width, 32);
  Preprocessing steps;
  EXPECT_FALSE(steps.output_size());
  steps.shortest_edge = 10;
  EXPECT_FALSE(steps.output_size());
  steps.resize_to = Preprocessing::Size{5, 7};
  EXPECT_EQ(steps.output_size()->height, 5);
}

TEST(PreprocessTest, TheLongerSideIsRoundedDown) {
  Preprocessing steps;
  steps.shortest_edge = 10;
  const Image wide = steps.geometry(Image(16, 7));
  EXPECT_EQ(wide.height, 10);
  EXPECT_EQ(wide.width, 22);
  const Image tall = steps.geometry(Image(7, 16));
  EXPECT_EQ(tall.height, 22);
  EXPECT_EQ(tall.width, 10);
}

TEST(PreprocessTest, AnExtremeStripIsCropped) {
  const Image ready = Preprocessing::clip(224).geometry(Image(1, 3000000));
  EXPECT_EQ(ready.width, 224);
  EXPECT_EQ(ready.height, 224);
}

TEST(PreprocessTest, WithoutAFileItIsClips) {
  const TempDir directory;
  const Preprocessing steps = load(directory.path(), 48);
  EXPECT_EQ(steps.shortest_edge, 48);
  EXPECT_EQ(steps.output_size()->width, 48);
}

TEST(PreprocessTest, OldAndNewSpellingsAreRead) {
  const TempDir directory;
  write_file(directory / "preprocessor_config.json",
             R"({"feature_extractor_type": "CLIPFeatureExtractor", "size": 40, "crop_size": 32, "resample": 2})");
  Preprocessing steps = load(directory.path());
  EXPECT_EQ(steps.shortest_edge, 40);
  EXPECT_EQ(steps.center_crop->width, 32);
  EXPECT_EQ(steps.resampling, Resampling::kBilinear);

  write_file(directory / "preprocessor_config.json",
             R"({"image_processor_type": "ViTImageProcessorFast", "size": 40, "image_std": 0.25, "resample": null})");
  steps = load(directory.path());
  EXPECT_EQ(steps.resize_to->width, 40);
  EXPECT_FALSE(steps.center_crop);
  EXPECT_EQ(steps.resampling, Resampling::kBilinear);
  EXPECT_EQ(steps.mean[2], 0.5);
  EXPECT_EQ(steps.deviation[2], 0.25);

  write_file(directory / "processor_config.json", R"({"image_processor": {"size": {"shortest_edge": 64}}})");
  steps = load(directory.path(), 60);
  EXPECT_EQ(steps.shortest_edge, 64);
  EXPECT_EQ(steps.center_crop->width, 60);

  write_file(directory / "processor_config.json", R"({"processor_class": "CLIPProcessor"})");
  EXPECT_EQ(load(directory.path()).resize_to->width, 40);
}

std::string config_error(const std::string& json) {
  const TempDir directory;
  write_file(directory / "preprocessor_config.json", json);
  const auto steps = load_preprocessing(posix_file_system(), directory.path(), 224);
  EXPECT_FALSE(steps) << json;
  if (steps) return "";
  EXPECT_EQ(steps.error().kind, ErrorKind::kInput);
  EXPECT_TRUE(steps.error().message.starts_with(directory / "preprocessor_config.json: ")) << steps.error().message;
  return steps.error().message;
}

TEST(PreprocessTest, WhatItCannotDoIsAnError) {
  EXPECT_THAT(config_error("["), HasSubstr("not a JSON object"));
  EXPECT_THAT(config_error(R"({"do_pad": true})"), HasSubstr("'do_pad' asks for a step that is not supported"));
  EXPECT_THAT(config_error(R"({"crop_pct": 0.9})"), HasSubstr("'crop_pct' is 0.9"));
  EXPECT_THAT(config_error(R"({"do_resize": 1})"), HasSubstr("'do_resize' is 1; expected true or false"));
  EXPECT_THAT(config_error(R"({"size": {"longest_edge": 7}})"), HasSubstr("'size' is {\"longest_edge\":7}"));
  EXPECT_THAT(config_error(R"({"size": {"shortest_edge": 0}})"), HasSubstr("expected 1 to 8192 pixels"));
  EXPECT_THAT(config_error(R"({"size": {"height": 3, "width": 1.5}})"), HasSubstr("expected 1 to 8192 pixels"));
  EXPECT_THAT(config_error(R"({"size": "large"})"), HasSubstr("'size' is \"large\""));
  EXPECT_THAT(config_error(R"({"crop_size": {"shortest_edge": 7}})"), HasSubstr("'crop_size'"));
  EXPECT_THAT(config_error(R"({"resample": 6})"), HasSubstr("'resample' is 6"));
  EXPECT_THAT(config_error(R"({"image_mean": [1, 2]})"), HasSubstr("'image_mean' is [1,2]; expected three numbers"));
  EXPECT_THAT(config_error(R"({"image_std": [1, 0, 1]})"), HasSubstr("other than 0"));
  EXPECT_THAT(config_error(R"({"rescale_factor": "a"})"), HasSubstr("'rescale_factor'"));
  EXPECT_THAT(config_error(R"({"image_processor_type": "OwlViTImageProcessor"})"), HasSubstr("steps are unknown"));
}

}  // namespace
}  // namespace wootz
