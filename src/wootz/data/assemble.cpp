#include "wootz/data/assemble.h"

#include <algorithm>

namespace wootz {
namespace {

// The parts that can be used, by their position among the draws.
std::vector<std::size_t> usable(std::span<const Draw> draws, const BatchParts& parts, std::vector<Error>& errors) {
  std::vector<std::size_t> good;
  for (std::size_t i = 0; i < draws.size(); ++i) {
    if (const Result<>& status = parts.items[i].status; status)
      good.push_back(i);
    else
      errors.push_back(status.error());
  }
  return good;
}

void assemble_images(const Dataset& data, std::span<const Draw> draws, const std::vector<std::size_t>& good,
                     const BatchParts& parts, AssembledBatch& out) {
  Batch& batch = out.batch;
  batch.width = batch.height = 0;
  if (good.empty()) return;
  const EncodedItem& model = parts.items[good.front()].encoded;
  batch.height = model.height;
  batch.width = model.width;
  const std::size_t item_size = model.pixels.size();
  batch.pixels.resize(good.size() * item_size);
  for (std::size_t row = 0; row < good.size(); ++row) {
    const EncodedItem& item = parts.items[good[row]].encoded;
    if (item.width != batch.width || item.height != batch.height) {
      out.misfit = size_misfit(data.place(draws[good[row]].index), item.width, item.height, batch.width, batch.height);
      return;
    }
    std::copy(item.pixels.begin(), item.pixels.end(),
              batch.pixels.begin() + static_cast<std::ptrdiff_t>(row * item_size));
  }
}

void assemble_texts(const std::vector<std::size_t>& good, std::int64_t pad, const BatchParts& parts, Batch& batch) {
  batch.length = 0;
  for (const std::size_t i : good) batch.length = std::max(batch.length, parts.items[i].encoded.tokens.size());
  batch.tokens.assign(good.size() * batch.length, pad);
  batch.lengths.clear();
  for (std::size_t row = 0; row < good.size(); ++row) {
    const std::vector<std::int64_t>& tokens = parts.items[good[row]].encoded.tokens;
    std::copy(tokens.begin(), tokens.end(), batch.tokens.begin() + static_cast<std::ptrdiff_t>(row * batch.length));
    batch.lengths.push_back(static_cast<std::int64_t>(tokens.size()));
  }
}

}  // namespace

Error size_misfit(const std::string& place, int width, int height, int expected_width, int expected_height) {
  return {ErrorKind::kInput,
          fmt::format("{}: {}x{} pixels where the images before it have {}x{}: a network takes images of one size; add "
                      "a preprocessor_config.json with 'size' and 'crop_size' to the model",
                      place, width, height, expected_width, expected_height)};
}

void assemble(const Dataset& data, const Encoder& encoder, std::span<const Draw> draws, std::size_t first,
              const BatchParts& parts, AssembledBatch& out) {
  out.errors.clear();
  out.misfit.reset();
  const std::vector<std::size_t> good = usable(draws, parts, out.errors);
  Batch& batch = out.batch;
  batch.kind = encoder.kind();
  batch.size = good.size();
  batch.items.clear();
  batch.labels.clear();
  for (const std::size_t i : good) {
    batch.items.push_back(first + i);
    batch.labels.push_back(data.label(draws[i].index));
  }
  if (batch.kind == InputKind::kImage)
    assemble_images(data, draws, good, parts, out);
  else
    assemble_texts(good, encoder.pad_id(), parts, batch);
}

}  // namespace wootz
