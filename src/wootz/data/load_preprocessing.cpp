// preprocessor_config.json, as transformers writes and reads it.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "wootz/data/preprocess.h"

namespace wootz {
namespace {

using Json = nlohmann::json;
using Size = Preprocessing::Size;

constexpr int kMaxSide = 8192;  // pixels of a network's input; far beyond any

// What an image processor does when its file does not say.
struct Defaults {
  std::string_view name;  ///< how its type begins: "CLIPImageProcessor", "CLIPImageProcessorFast", ...
  bool crops = false;
  bool shortest_edge = false;  ///< what a size of one number means; else a square
  Resampling resampling = Resampling::kBilinear;
  bool clip_colors = false;  ///< mean and deviation: CLIP's, else 0.5
};

constexpr std::array<Defaults, 6> kProcessors = {{
    {"CLIP", true, true, Resampling::kBicubic, true},
    {"ViTImageProcessor", false, false, Resampling::kBilinear, false},
    {"ViTFeatureExtractor", false, false, Resampling::kBilinear, false},
    {"SiglipImageProcessor", false, false, Resampling::kBicubic, false},
    {"ChineseCLIP", true, true, Resampling::kBicubic, true},
    {"BitImageProcessor", true, true, Resampling::kBicubic, true},
}};

class Reader {
 public:
  explicit Reader(const Json& config) : config_(&config) {}

  Result<Preprocessing> read(int image_size) {
    WOOTZ_TRY(defaults_, processor());
    WOOTZ_RETURN_IF_ERROR(check_nothing_else());
    Preprocessing steps;
    WOOTZ_RETURN_IF_ERROR(read_geometry(image_size, steps));
    WOOTZ_RETURN_IF_ERROR(read_values(steps));
    return steps;
  }

 private:
  const Json* value(const char* key) const {
    const auto found = config_->find(key);
    return found == config_->end() || found->is_null() ? nullptr : &*found;
  }

  static tl::unexpected<Error> wrong(std::string_view key, std::string_view expected, const Json& found) {
    return fail(ErrorKind::kInput, "'{}' is {}; expected {}", key, found.dump().substr(0, 80), expected);
  }

  Result<Defaults> processor() const {
    for (const char* key : {"image_processor_type", "feature_extractor_type"}) {
      const Json* type = value(key);
      if (type == nullptr) continue;
      if (!type->is_string()) return wrong(key, "a name", *type);
      const auto& name = type->get_ref<const std::string&>();
      for (const Defaults& known : kProcessors)
        if (name.starts_with(known.name)) return known;
      return fail(ErrorKind::kInput,
                  "'{}' is {}, whose steps are unknown; known are those of CLIP, ViT, SigLIP and BiT", key,
                  type->dump());
    }
    return kProcessors[0];
  }

  // Steps of other processors.
  Result<> check_nothing_else() const {
    constexpr std::array<std::string_view, 6> kKnown = {"do_resize",    "do_center_crop", "do_rescale",
                                                        "do_normalize", "do_convert_rgb", "do_reduce_labels"};
    for (const auto& [key, step] : config_->items()) {
      const bool known = std::find(kKnown.begin(), kKnown.end(), key) != kKnown.end();
      if (key.starts_with("do_") && !known && step.is_boolean() && step.get<bool>())
        return fail(ErrorKind::kInput,
                    "'{}' asks for a step that is not supported; supported are resizing, cropping the "
                    "center, rescaling and normalizing",
                    key);
      if (key == "crop_pct" && !step.is_null())
        return wrong(key, "nothing: that way of cropping is not supported", step);
    }
    return {};
  }

  Result<bool> flag(const char* key, bool otherwise) const {
    const Json* found = value(key);
    if (found == nullptr) return otherwise;
    if (!found->is_boolean()) return wrong(key, "true or false", *found);
    return found->get<bool>();
  }

  static Result<int> side(std::string_view key, const Json& found) {
    if (!found.is_number_integer() || found < 1 || found > kMaxSide)
      return wrong(key, fmt::format("1 to {} pixels", kMaxSide), found);
    return found.get<int>();
  }

  static Result<Size> rectangle(const char* key, const Json& found) {
    if (found.is_number()) {
      WOOTZ_TRY(const int edge, side(key, found));
      return Size{edge, edge};
    }
    if (!found.is_object() || found.size() != 2 || !found.contains("height") || !found.contains("width"))
      return wrong(key, R"({"height": ..., "width": ...})", found);
    WOOTZ_TRY(const int height, side(key, found["height"]));
    WOOTZ_TRY(const int width, side(key, found["width"]));
    return Size{height, width};
  }

  Result<> read_size(int image_size, Preprocessing& steps) const {
    const Json* size = value("size");
    const Json fallback = image_size;
    if (size == nullptr) size = &fallback;
    const bool one_edge = size->is_object() && size->size() == 1 && size->contains("shortest_edge");
    if (one_edge || (size->is_number() && defaults_.shortest_edge)) {
      WOOTZ_TRY(steps.shortest_edge, side("size", one_edge ? (*size)["shortest_edge"] : *size));
      return {};
    }
    if (size->is_object() && !(size->size() == 2 && size->contains("height") && size->contains("width")))
      return wrong("size", R"({"shortest_edge": ...} or {"height": ..., "width": ...})", *size);
    WOOTZ_TRY(steps.resize_to, rectangle("size", *size));
    return {};
  }

  Result<> read_geometry(int image_size, Preprocessing& steps) const {
    WOOTZ_TRY(const bool resizes, flag("do_resize", true));
    if (resizes) WOOTZ_RETURN_IF_ERROR(read_size(image_size, steps));
    WOOTZ_TRY(const bool crops, flag("do_center_crop", defaults_.crops));
    if (crops) {
      const Json* size = value("crop_size");
      const Json fallback = image_size;
      WOOTZ_TRY(steps.center_crop, rectangle("crop_size", size == nullptr ? fallback : *size));
    }
    steps.resampling = defaults_.resampling;
    if (const Json* number = value("resample")) {
      if (!number->is_number_integer() || *number < 0 || *number > 5)
        return wrong("resample", "0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic), 4 (box) or 5 (hamming)",
                     *number);
      steps.resampling = static_cast<Resampling>(number->get<int>());
    }
    return {};
  }

  // One number for each channel, or one for all.
  Result<> read_channels(const char* key, std::array<double, 3>& out) const {
    const Json* found = value(key);
    if (found == nullptr) {
      if (!defaults_.clip_colors) out.fill(0.5);
      return {};
    }
    const bool is_list = found->is_array() && found->size() == 3;
    if (!is_list && !found->is_number()) return wrong(key, "three numbers", *found);
    for (std::size_t i = 0; i < 3; ++i) {
      const Json& number = is_list ? (*found)[i] : *found;
      if (!number.is_number()) return wrong(key, "three numbers", *found);
      out[i] = number.get<double>();
      if (!std::isfinite(out[i])) return wrong(key, "three finite numbers", *found);
    }
    return {};
  }

  Result<> read_values(Preprocessing& steps) const {
    WOOTZ_TRY(const bool rescales, flag("do_rescale", true));
    if (!rescales) {
      steps.rescale = 1.0;
    } else if (const Json* factor = value("rescale_factor")) {
      if (!factor->is_number()) return wrong("rescale_factor", "a number", *factor);
      steps.rescale = factor->get<double>();
    }
    WOOTZ_TRY(const bool normalizes, flag("do_normalize", true));
    if (!normalizes) {
      steps.mean.fill(0.0);
      steps.deviation.fill(1.0);
      return {};
    }
    WOOTZ_RETURN_IF_ERROR(read_channels("image_mean", steps.mean));
    WOOTZ_RETURN_IF_ERROR(read_channels("image_std", steps.deviation));
    for (const double deviation : steps.deviation)
      if (deviation == 0.0) return wrong("image_std", "numbers other than 0", *value("image_std"));
    return {};
  }

  const Json* config_;
  Defaults defaults_ = kProcessors[0];
};

Result<Json> read_json(FileSystem& files, const std::string& path) {
  WOOTZ_TRY(const std::string text, read_text(files, path, 1 << 20));
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return fail(ErrorKind::kInput, "{}: not a JSON object", path);
  return json;
}

Result<Preprocessing> read_steps(const Json& config, const std::string& path, int image_size) {
  auto steps = Reader(config).read(image_size);
  if (!steps) return tl::unexpected(std::move(steps).error().within(path));
  return steps;
}

}  // namespace

Result<Preprocessing> load_preprocessing(FileSystem& files, const std::string& directory, int image_size) {
  // A processor_config.json may hold the image processor's settings, which then count; else it is about other things.
  const std::string outer = join_path(directory, "processor_config.json");
  if (files.exists(outer)) {
    WOOTZ_TRY(const Json config, read_json(files, outer));
    if (const auto nested = config.find("image_processor"); nested != config.end() && nested->is_object())
      return read_steps(*nested, outer, image_size);
  }
  const std::string path = join_path(directory, "preprocessor_config.json");
  if (!files.exists(path)) return Preprocessing::clip(image_size);
  WOOTZ_TRY(const Json config, read_json(files, path));
  return read_steps(config, path, image_size);
}

}  // namespace wootz
