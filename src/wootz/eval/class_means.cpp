#include "wootz/eval/class_means.h"

#include <cmath>
#include <numeric>

#include "wootz/core/check.h"

namespace wootz {
namespace {

// Adds a batch's features, each to unit length, to the sums of their classes.
Result<> add_batch(const Model& model, const Dataset& data, const Batch& batch, const std::vector<Draw>& draws,
                   ClassMeans& sums) {
  WOOTZ_TRY(const std::vector<float> features, model.features(batch));
  const std::size_t size = sums.feature_size;
  for (std::size_t i = 0; i < batch.size; ++i) {
    const auto first = features.begin() + static_cast<std::ptrdiff_t>(i * size);
    std::vector<double> feature(first, first + static_cast<std::ptrdiff_t>(size));
    if (!make_unit(feature))
      return fail(ErrorKind::kFailed, "the model '{}' gives features that are zero or no finite numbers for {}",
                  model.info().directory, data.place(draws[batch.items[i]].index));
    const auto label = static_cast<std::size_t>(batch.labels[i]);
    WOOTZ_CHECK(label < sums.mean.size());
    std::transform(feature.begin(), feature.end(), sums.mean[label].begin(), sums.mean[label].begin(), std::plus<>());
    ++sums.count[label];
  }
  return {};
}

}  // namespace

Result<ClassMeans> class_means(const Model& model, const Dataset& data, const Encoder& encoder, std::vector<Draw> draws,
                               std::size_t classes, const LoaderOptions& loading, std::size_t skip_bad,
                               const ItemProgress& progress) {
  ClassMeans means;
  means.feature_size = model.info().feature_size;
  means.mean.assign(classes, std::vector<double>(means.feature_size));
  means.count.assign(classes, 0);

  BadItems bad(skip_bad);
  Loader loader(data, encoder, draws, loading, bad);
  std::size_t done = 0;
  while (true) {
    WOOTZ_TRY(std::optional<Batch> batch, loader.next());
    if (!batch) break;
    WOOTZ_RETURN_IF_ERROR(add_batch(model, data, *batch, draws, means));
    done += batch->size;
    if (progress) progress(done, draws.size());
    loader.recycle(*std::move(batch));
  }
  for (std::size_t c = 0; c < classes; ++c)
    for (double& value : means.mean[c])
      if (means.count[c] > 0) value /= static_cast<double>(means.count[c]);
  return means;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

bool make_unit(std::vector<double>& values) {
  constexpr double kShortest = 1e-12;
  const double length = std::sqrt(dot(values, values));
  if (!std::isfinite(length) || length < kShortest) return false;
  for (double& value : values) value /= length;
  return true;
}

}  // namespace wootz
