// Internal to data: one batch from its encoded items.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "wootz/data/batch.h"
#include "wootz/data/encoder.h"
#include "wootz/data/loader.h"

namespace wootz {

/// The items of a batch, each encoded or failed. Kept from batch to batch for their memory.
struct BatchParts {
  struct Item {
    EncodedItem encoded;
    Result<> status;
  };
  std::vector<Item> items;
};

struct AssembledBatch {
  Batch batch;                  ///< without the failed items
  std::vector<Error> errors;    ///< of those, in order
  std::optional<Error> misfit;  ///< an image of another size than those before it; the batch is of no use then
};

/// Puts the first draws.size() parts into `out`, whose batch's memory is reused. `first` is the position of the first
/// draw in the order.
void assemble(const Dataset& data, const Encoder& encoder, std::span<const Draw> draws, std::size_t first,
              const BatchParts& parts, AssembledBatch& out);

Error size_misfit(const std::string& place, int width, int height, int expected_width, int expected_height);

}  // namespace wootz
