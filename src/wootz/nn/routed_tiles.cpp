// Tiles of all experts are packed once for a batch (kernels/routed.h). Forward, a task is a strip of `out`, cut along
// `in`, which the product sums over; backward, a strip of `in`, cut along `out`. A task owns what it writes, and its
// sums run in a fixed order, so the number of threads cannot change a result.
#include "wootz/nn/routed_tiles.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "wootz/core/check.h"
#include "wootz/kernels/routed.h"
#include "wootz/nn/kernel_tensors.h"
#include "wootz/nn/large_buffer.h"
#include "wootz/nn/torch_headers.h"

namespace wootz::ops {
namespace {

using kernels::RoutedTile;

// The columns of a task's strip: enough to read the activations seldom, few enough for many tasks.
constexpr std::int64_t kStrip = 64;

// Merged weights that are held at a time, and gradients of weights (as many as the kernel takes at once).
constexpr std::int64_t kMergedAtOnce = 6;
constexpr std::int64_t kGradientsAtOnce = kernels::kInnerProductsAtOnce;

// What a tile's experts and merged weights may take of a core's cache, in floats (400 KB; from 240 to 480 there is
// little between them).
constexpr std::int64_t kCacheFloats = 100 * 1024;

constexpr std::int64_t kPanelFloats = kernels::kPanel;

// Steps of a tile; a function of the experts' number alone.
std::int64_t tile_steps(std::int64_t experts) {
  const std::int64_t fitting = kCacheFloats / (kStrip * (experts + kMergedAtOnce));
  return std::clamp<std::int64_t>(fitting / 16 * 16, 32, 256);
}

std::int64_t count_of(std::int64_t n, std::int64_t part) { return (n + part - 1) / part; }

// Calls body(first, count) for parts of n, as even as may be, that begin at multiples of a unit.
template <typename Body>
void for_parts(std::int64_t n, std::int64_t most, std::int64_t unit, const Body& body) {
  const std::int64_t units = count_of(n, unit), parts = count_of(units, most / unit);
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t first = part * units / parts * unit;
    body(first, std::min(n, (part + 1) * units / parts * unit) - first);
  }
}

// Runs all tasks on all threads; each thread makes a body with buffers of its own.
template <typename MakeBody>
void for_tasks(std::int64_t tasks, const MakeBody& make_body) {
  at::parallel_for(0, tasks, 1, [&](std::int64_t begin, std::int64_t end) {
    auto body = make_body();
    for (std::int64_t task = begin; task < end; ++task) body.run(task);
  });
}

struct Sizes {
  std::int64_t samples, tokens, in, out, experts;
  Sizes(const at::Tensor& x, const ExpertRows& rows)
      : samples(x.size(0)), tokens(x.size(1)), in(x.size(2)), out(rows.out()), experts(rows.experts() + 1) {}
};

// A tile of all experts, with the merged weights of some groups.
class Tile {
 public:
  explicit Tile(const ExpertRows& rows)
      : rows_(rows),
        all_(rows.experts() + 1),
        most_steps_(tile_steps(all_)),
        packed_(make_buffer(kStrip * most_steps_ * all_)),
        merged_(make_buffer((kStrip * most_steps_ + kPanelFloats) * kMergedAtOnce)) {
    shape_.experts = size_of(all_);
  }
  const RoutedTile& shape() const { return shape_; }
  const float* packed() const { return packed_.get(); }

  // Steps along `in`, columns along `out`.
  void load_forward(std::int64_t out, std::int64_t columns, std::int64_t in, std::int64_t steps) {
    shape_.steps = size_of(steps);
    shape_.columns = size_of(columns);
    if (rows_.blocks() != nullptr) {
      panel_apart_ = size_of(rows_.in() * all_ * kPanelFloats);
      experts_ = rows_.blocks() + (out * rows_.in() + in * kPanelFloats) * all_;
      return;
    }
    panel_apart_ = size_of(steps * all_ * kPanelFloats);
    experts_ = packed_.get();
    const bool is_dense = rows_.dense(0) != nullptr;
    if (!is_dense) fetch(out, columns);
    corners_.clear();
    for (std::int64_t e = 0; e < all_; ++e)
      corners_.push_back((is_dense ? rows_.dense(e) + out * rows_.in() : fetched_.get() + e * columns * rows_.in()) +
                         in);
    kernels::pack_tile(shape_, corners_.data(), 1, size_of(rows_.in()), 0, shape_.steps, packed_.get());
  }

  // Steps along `out`, columns along `in`. Requires: experts in memory; `out` is a multiple of kPanelFloats.
  void load_backward(std::int64_t out, std::int64_t steps, std::int64_t in, std::int64_t columns) {
    shape_.steps = size_of(steps);
    shape_.columns = size_of(columns);
    panel_apart_ = size_of(steps * all_ * kPanelFloats);
    experts_ = packed_.get();
    for (std::int64_t step = 0; step < steps; step += kPanelFloats) {
      corners_.clear();
      const std::int64_t row = out + step;
      const bool is_blocked = rows_.blocks() != nullptr;
      for (std::int64_t e = 0; e < all_; ++e)
        corners_.push_back(is_blocked
                               ? rows_.blocks() + ((row * rows_.in() + in * kPanelFloats) * all_ + e * kPanelFloats)
                               : rows_.dense(e) + row * rows_.in() + in);
      kernels::pack_tile(shape_, corners_.data(), is_blocked ? 1 : size_of(rows_.in()),
                         is_blocked ? size_of(all_ * kPanelFloats) : 1, size_of(step),
                         size_of(std::min(kPanelFloats, steps - step)), packed_.get());
    }
  }

  // Calls body(sample, weight) for all samples.
  template <typename Body>
  void for_samples(const RoutedGroups& groups, const Body& body) {
    for_parts(groups.size(), kMergedAtOnce, 1, [&](std::int64_t first, std::int64_t count) {
      kernels::merge_tile(shape_, experts_, panel_apart_, float_data(groups.coefficients) + first,
                          size_of(groups.size()), size_of(count), merged_.get());
      for (std::int64_t group = first; group < first + count; ++group)
        for (std::int64_t at = groups.starts[size_of(group)]; at < groups.starts[size_of(group + 1)]; ++at)
          body(groups.members[size_of(at)], merged_.get() + size_of(group - first) * shape_.stride());
    });
  }

 private:
  // All columns of a strip of `out`; the strip's first tile fetches for all.
  void fetch(std::int64_t out, std::int64_t columns) {
    if (fetched_ == nullptr) fetched_ = make_buffer(all_ * kStrip * rows_.in());
    if (fetched_out_ != out) rows_.rows(out, columns, fetched_.get());
    fetched_out_ = out;
  }

  const ExpertRows& rows_;
  std::int64_t all_, most_steps_;
  RoutedTile shape_;
  Buffer packed_, merged_, fetched_;
  std::int64_t fetched_out_ = -1;
  const float* experts_ = nullptr;  // what is merged: packed, or where the experts lie
  std::size_t panel_apart_ = 0;
  std::vector<const float*> corners_;
};

// Activations in parts of the dimension that a product sums over, each part together: [part][B][T][steps]. Rows of the
// tensor itself lie pages apart, and a tile of it would touch one for every token.
class CutActivations {
 public:
  CutActivations(const at::Tensor& x, std::int64_t most_steps)
      : tokens_(x.size(1)), all_tokens_(x.size(0) * tokens_), values_(make_buffer(x.numel())) {
    const std::int64_t width = x.size(2);
    const float* from = float_data(x);
    constexpr std::int64_t kTokensAtOnce = 64;
    at::parallel_for(0, all_tokens_, kTokensAtOnce, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t token = begin; token < end; ++token)
        for_parts(width, most_steps, kPanelFloats, [&](std::int64_t first, std::int64_t steps) {
          std::memcpy(values_.get() + first * all_tokens_ + token * steps, from + token * width + first,
                      size_of(steps) * sizeof(float));
        });
    });
  }
  // [T][steps]
  const float* part(std::int64_t sample, std::int64_t first, std::int64_t steps) const {
    return values_.get() + first * all_tokens_ + sample * tokens_ * steps;
  }

 private:
  std::int64_t tokens_, all_tokens_;
  Buffer values_;
};

// A strip of the results: [B][panel][T][kPanel].
class Strip {
 public:
  explicit Strip(const Sizes& sizes)
      : tokens_(sizes.tokens), all_tokens_(sizes.samples * sizes.tokens), values_(make_buffer(all_tokens_ * kStrip)) {}
  float* sample(std::int64_t index) { return values_.get() + index * tokens_ * kStrip; }
  // Into columns of a tensor of this width.
  void write(float* to, std::int64_t width, std::int64_t columns) const {
    for (std::int64_t token = 0; token < all_tokens_; ++token) {
      const std::int64_t sample = token / tokens_;
      const float* from = values_.get() + sample * tokens_ * kStrip + (token - sample * tokens_) * kPanelFloats;
      for (std::int64_t column = 0; column < columns; column += kPanelFloats)
        std::memcpy(to + token * width + column, from + column * tokens_,
                    size_of(std::min(kPanelFloats, columns - column)) * sizeof(float));
    }
  }

 private:
  std::int64_t tokens_, all_tokens_;
  Buffer values_;
};

// strip[sample] = or += activations x weight, of a tile.
void multiply_tile(const Sizes& sizes, const RoutedTile& tile, const float* activations, const float* weight, bool add,
                   float* strip) {
  kernels::PanelProduct product;
  product.rows = size_of(sizes.tokens);
  product.steps = tile.steps;
  product.panels = tile.panels();
  product.left = activations;
  product.left_row = tile.steps;
  product.left_step = 1;
  product.right = weight;
  product.out = strip;
  product.out_row = kernels::kPanel;
  product.out_panel = size_of(sizes.tokens) * kernels::kPanel;
  product.add = add;
  product.next_left = product.rows * product.steps;
  product.next_out = add ? product.rows * size_of(kStrip) : 0;
  kernels::multiply(product);
}

// A strip of `out`.
struct ForwardTask {
  Sizes sizes;
  const RoutedGroups& groups;
  const CutActivations& x;
  float* y;
  Tile tile;
  Strip strip;

  ForwardTask(const Sizes& given, const RoutedGroups& given_groups, const ExpertRows& rows, const CutActivations& cut,
              float* result)
      : sizes(given), groups(given_groups), x(cut), y(result), tile(rows), strip(given) {}

  void run(std::int64_t task) {
    const std::int64_t first = task * kStrip, columns = std::min(kStrip, sizes.out - first);
    for_parts(sizes.in, tile_steps(sizes.experts), kPanelFloats, [&](std::int64_t step, std::int64_t steps) {
      tile.load_forward(first, columns, step, steps);
      tile.for_samples(groups, [&](std::int64_t sample, const float* weight) {
        multiply_tile(sizes, tile.shape(), x.part(sample, step, steps), weight, step > 0, strip.sample(sample));
      });
    });
    strip.write(y + first, sizes.out, columns);
  }
};

// x in panels along `in`: [B][panel][T][kPanel].
class PanelActivations {
 public:
  explicit PanelActivations(const at::Tensor& x)
      : tokens_(x.size(1)),
        padded_(count_of(x.size(2), kPanelFloats) * kPanelFloats),
        values_(make_buffer(x.size(0) * tokens_ * padded_)) {
    const std::int64_t width = x.size(2);
    at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      const RoutedTile one{1, size_of(tokens_), size_of(width)};
      for (std::int64_t sample = begin; sample < end; ++sample) {
        const float* from = float_data(x) + sample * tokens_ * width;
        kernels::pack_tile(one, &from, size_of(width), 1, 0, one.steps, values_.get() + sample * tokens_ * padded_);
      }
    });
  }
  const float* panels(std::int64_t sample, std::int64_t first) const {
    return values_.get() + (sample * padded_ + first) * tokens_;
  }

 private:
  std::int64_t tokens_, padded_;
  Buffer values_;
};

// What the tasks of the way back share.
struct BackwardInput {
  Sizes sizes;
  const RoutedGroups& groups;
  const ExpertRows& rows;
  const CutActivations& y_gradient;
  const PanelActivations* x;  // where products are wanted
  float* x_gradient;          // or null
  double* products;           // [tasks, B, K], or null
};

// A strip of `in`.
struct BackwardTask {
  const BackwardInput& input;
  Tile tile;
  Strip strip;
  Buffer gradients;
  std::vector<std::int64_t> waiting;  // samples whose weights' gradients are in `gradients`

  explicit BackwardTask(const BackwardInput& given) : input(given), tile(given.rows), strip(given.sizes) {
    const std::int64_t size = tile_steps(input.sizes.experts) * kStrip + kPanelFloats;
    if (input.products != nullptr) gradients = make_buffer(kGradientsAtOnce * size);
  }

  void run(std::int64_t task) {
    const Sizes& sizes = input.sizes;
    const std::int64_t first = task * kStrip, columns = std::min(kStrip, sizes.in - first);
    for_parts(sizes.out, tile_steps(sizes.experts), kPanelFloats, [&](std::int64_t row, std::int64_t rows) {
      tile.load_backward(row, rows, first, columns);
      const auto per_sample = [&](std::int64_t sample, const float* weight) {
        const float* y_gradient = input.y_gradient.part(sample, row, rows);
        if (weight != nullptr) multiply_tile(sizes, tile.shape(), y_gradient, weight, row > 0, strip.sample(sample));
        if (input.products != nullptr) take_weight_gradient(sample, y_gradient, task);
      };
      if (input.x_gradient != nullptr)
        tile.for_samples(input.groups, per_sample);
      else
        for (std::int64_t sample = 0; sample < sizes.samples; ++sample) per_sample(sample, nullptr);
      if (input.products != nullptr) add_products(task);
    });
    if (input.x_gradient != nullptr) strip.write(input.x_gradient + first, sizes.in, columns);
  }

  // The gradient of a sample's weight is soon taken times the experts, some samples' at once.
  void take_weight_gradient(std::int64_t sample, const float* y_gradient, std::int64_t task) {
    const RoutedTile& shape = tile.shape();
    kernels::PanelProduct product;
    product.rows = shape.steps;
    product.steps = size_of(input.sizes.tokens);
    product.panels = shape.panels();
    product.left = y_gradient;
    product.left_row = 1;
    product.left_step = shape.steps;
    product.right = input.x->panels(sample, task * kStrip);
    product.out = gradients.get() + waiting.size() * shape.stride();
    product.out_row = kernels::kPanel;
    product.out_panel = shape.steps * kernels::kPanel;
    kernels::multiply(product);
    waiting.push_back(sample);
    if (waiting.size() == size_of(kGradientsAtOnce)) add_products(task);
  }

  void add_products(std::int64_t task) {
    const std::int64_t experts = input.sizes.experts - 1;
    std::vector<double> products(waiting.size() * size_of(experts));
    kernels::tile_inner_products(tile.shape(), tile.packed(), gradients.get(), waiting.size(), products.data());
    for (std::size_t s = 0; s < waiting.size(); ++s)
      for (std::int64_t k = 0; k < experts; ++k)
        input.products[(task * input.sizes.samples + waiting[s]) * experts + k] +=
            products[s * size_of(experts) + size_of(k)];
    waiting.clear();
  }
};

}  // namespace

at::Tensor tiled_forward(const at::Tensor& x, const RoutedGroups& groups, const ExpertRows& experts) {
  const Sizes sizes(x, experts);
  at::Tensor y = at::empty({sizes.samples, sizes.tokens, sizes.out}, x.options());
  const CutActivations cut(x, tile_steps(sizes.experts));
  auto* y_data = y.mutable_data_ptr<float>();
  for_tasks(count_of(sizes.out, kStrip), [&] { return ForwardTask(sizes, groups, experts, cut, y_data); });
  return y;
}

RoutedGradients tiled_backward(const at::Tensor& x, const RoutedGroups& groups, const ExpertRows& experts,
                               const at::Tensor& y_gradient, bool wants_x, bool wants_coefficients) {
  if (experts.blocks() == nullptr && experts.dense(0) == nullptr)
    return tiled_backward(x, groups, *blocked_experts(experts), y_gradient, wants_x, wants_coefficients);
  const Sizes sizes(x, experts);
  const std::int64_t tasks = count_of(sizes.in, kStrip);
  RoutedGradients gradients;
  at::Tensor products;
  if (wants_x) gradients.x = at::empty_like(x);
  if (wants_coefficients) products = at::zeros({tasks, sizes.samples, sizes.experts - 1}, at::kDouble);
  const CutActivations cut(y_gradient, tile_steps(sizes.experts));
  std::optional<PanelActivations> panels;
  if (wants_coefficients) panels.emplace(x);
  const BackwardInput input{sizes,
                            groups,
                            experts,
                            cut,
                            panels ? &*panels : nullptr,
                            wants_x ? gradients.x.mutable_data_ptr<float>() : nullptr,
                            wants_coefficients ? products.mutable_data_ptr<double>() : nullptr};
  for_tasks(tasks, [&] { return BackwardTask(input); });
  if (wants_coefficients) gradients.coefficients = products.sum(0).to(at::kFloat);
  return gradients;
}

}  // namespace wootz::ops
