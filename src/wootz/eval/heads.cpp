#include "wootz/eval/heads.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "wootz/core/half.h"
#include "wootz/eval/class_means.h"
#include "wootz/io/checkpoint.h"

namespace wootz {
namespace {

// Every template of every class, as texts labelled with their classes.
class Prompts : public Dataset {
 public:
  explicit Prompts(const ZeroShotWords& words) : words_(words) {}

  InputKind kind() const override { return InputKind::kText; }
  std::size_t size() const override { return words_.classes.size() * words_.templates.size(); }
  const std::vector<std::string>& class_names() const override { return words_.classes; }
  int label(std::size_t index) const override { return static_cast<int>(index / words_.templates.size()); }
  Result<Image> image(std::size_t) const override {
    return fail(ErrorKind::kIncompatible, "'{}' holds texts, no images", words_.source);
  }
  Result<std::string> text(std::size_t index) const override {
    return fill_template(words_.templates[index % words_.templates.size()],
                         words_.classes[index / words_.templates.size()]);
  }
  std::string place(std::size_t index) const override {
    return fmt::format("'{}' ('{}')", words_.source, words_.classes[index / words_.templates.size()]);
  }

 private:
  const ZeroShotWords& words_;
};

// The head whose rows these are.
Head head_of(const Model& model, const std::vector<std::vector<double>>& rows, double logit_scale,
             const std::vector<std::string>& class_names, std::string_view made) {
  Head head;
  head.classes = rows.size();
  head.feature_size = model.info().feature_size;
  head.logit_scale = logit_scale;
  head.weight.reserve(head.classes * head.feature_size);
  for (const std::vector<double>& row : rows)
    for (const double value : row) head.weight.push_back(static_cast<float>(value));
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  if (!class_names.empty()) head.metadata["class_names"] = nlohmann::json(class_names).dump(-1, ' ', false, kReplace);
  head.metadata["made"] = made;
  head.metadata["model"] = model.info().directory;
  return head;
}

// "class 3 ('cat')"
std::string class_text(std::size_t c, const std::vector<std::string>& names) {
  return c < names.size() ? fmt::format("class {} ('{}')", c, names[c]) : fmt::format("class {}", c);
}

std::size_t classes_of(const Dataset& data) {
  std::size_t classes = data.class_names().size();
  for (std::size_t i = 0; i < data.size(); ++i)
    classes = std::max(classes, static_cast<std::size_t>(data.label(i)) + 1);
  return classes;
}

// The first items of each class, in the data's order.
std::vector<Draw> first_of_each(const Dataset& data, std::size_t classes, std::size_t per_class) {
  std::vector<std::size_t> taken(classes);
  std::vector<Draw> draws;
  for (std::size_t i = 0; i < data.size(); ++i)
    if (std::size_t& count = taken[static_cast<std::size_t>(data.label(i))]; per_class == 0 || count < per_class) {
      ++count;
      draws.push_back({i, i});
    }
  return draws;
}

// What every class has in common says nothing about which it is; features of one network share a large such part.
void center(std::vector<std::vector<double>>& rows) {
  std::vector<double> mean(rows.front().size());
  for (const std::vector<double>& row : rows)
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += row[i] / static_cast<double>(rows.size());
  std::vector<double> common = mean;
  const bool has_direction = make_unit(common);
  for (std::vector<double>& row : rows) {
    for (std::size_t i = 0; i < mean.size(); ++i) row[i] -= mean[i];
    const double along = has_direction ? dot(row, common) : 0.0;
    for (std::size_t i = 0; i < mean.size(); ++i) row[i] -= along * common[i];
  }
}

Result<> check_counts(const ClassMeans& means, const Dataset& data) {
  for (std::size_t c = 0; c < means.count.size(); ++c)
    if (means.count[c] == 0)
      return fail(ErrorKind::kInput, "{} has no items to make its prototype from: take another split",
                  class_text(c, data.class_names()));
  return {};
}

Result<> make_rows_unit(std::vector<std::vector<double>>& rows, const std::vector<std::string>& names) {
  for (std::size_t c = 0; c < rows.size(); ++c)
    if (!make_unit(rows[c]))
      return fail(ErrorKind::kFailed, "{}: its features on average point nowhere, so they tell it from no other class",
                  class_text(c, names));
  return {};
}

}  // namespace

Result<Head> zero_shot_head(const Model& model, const Tokenizer& tokenizer, const ZeroShotWords& words,
                            const HeadOptions& options, const ItemProgress& progress) {
  if (model.info().input != InputKind::kText)
    return fail(ErrorKind::kIncompatible,
                "'{}' ({}) takes images: a zero-shot head needs the text tower of the CLIP that the images go through",
                model.info().directory, model.info().architecture);
  const Prompts prompts(words);
  // Borrowed: the encoder goes before the tokenizer does.
  const auto encoder =
      make_text_encoder(std::shared_ptr<const Tokenizer>(std::shared_ptr<void>(), &tokenizer), model.info().max_tokens);
  const LoaderOptions loading{.batch_size = options.batch_size, .threads = options.loader_threads};
  WOOTZ_TRY(ClassMeans means, class_means(model, prompts, *encoder, in_order(prompts.size()), words.classes.size(),
                                          loading, 0, progress));
  WOOTZ_RETURN_IF_ERROR(make_rows_unit(means.mean, words.classes));
  Head head = head_of(model, means.mean, options.logit_scale, words.classes, "zero-shot");
  head.metadata["templates"] = nlohmann::json(words.templates).dump();
  return head;
}

Result<Head> prototype_head(const Model& model, const Dataset& data, const Encoder& encoder,
                            const PrototypeOptions& options, const ItemProgress& progress) {
  if (model.info().input != data.kind())
    return fail(ErrorKind::kIncompatible, "'{}' takes {}, but the data hold {}", model.info().directory,
                model.info().input == InputKind::kImage ? "images" : "texts",
                data.kind() == InputKind::kImage ? "images" : "texts");
  const std::size_t classes = classes_of(data);
  std::vector<Draw> draws = first_of_each(data, classes, options.per_class);
  const LoaderOptions loading{.batch_size = options.batch_size, .threads = options.loader_threads};
  WOOTZ_TRY(ClassMeans means,
            class_means(model, data, encoder, std::move(draws), classes, loading, options.skip_bad, progress));
  WOOTZ_RETURN_IF_ERROR(check_counts(means, data));
  const bool centered = options.kind == PrototypeKind::kCentered;
  if (centered) center(means.mean);
  WOOTZ_RETURN_IF_ERROR(make_rows_unit(means.mean, data.class_names()));
  Head head = head_of(model, means.mean, options.logit_scale, data.class_names(),
                      centered ? "centered prototypes" : "prototypes");
  head.metadata["per_class"] = options.per_class == 0 ? "all" : fmt::format("{}", options.per_class);
  return head;
}

Result<std::optional<double>> stored_logit_scale(FileSystem& files, const std::string& checkpoint) {
  WOOTZ_TRY(const Checkpoint opened, Checkpoint::open(files, checkpoint));
  const TensorInfo* tensor = opened.find("logit_scale");
  if (tensor == nullptr) return std::optional<double>();
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorKind::kInput, "'{}': \"logit_scale\" is not one finite number: {}", checkpoint, what);
  };
  if (tensor->size != 1) return wrong("its shape is " + to_string(tensor->shape));
  std::uint32_t bits = 0;
  if (tensor->bytes > sizeof(bits) || !is_mergeable(tensor->dtype)) return wrong(dtype_name(tensor->dtype));
  WOOTZ_RETURN_IF_ERROR(
      opened.read(*tensor, 0, std::as_writable_bytes(std::span(&bits, 1)).first(std::size_t{tensor->bytes})));
  double value = 0;
  if (tensor->dtype == Dtype::kF16) {
    value = f16_to_double(static_cast<std::uint16_t>(bits));
  } else if (tensor->dtype == Dtype::kBF16) {
    value = bf16_to_double(static_cast<std::uint16_t>(bits));
  } else {
    value = std::bit_cast<float>(bits);
  }
  const double scale = std::exp(value);
  if (!std::isfinite(scale)) return wrong(fmt::format("{}", value));
  return scale;
}

}  // namespace wootz
