// QuickGELU and the residual layer norm, differentiable. Rows are worked on in chunks of a fixed size and the sums over
// rows are added up in their order, so that the number of threads cannot change a gradient.
#include <torch/csrc/autograd/custom_function.h>

#include "wootz/kernels/network.h"
#include "wootz/nn/kernel_functions.h"
#include "wootz/nn/kernel_tensors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kRowsOfChunk = 64;

std::int64_t rows_of(const at::Tensor& x) { return x.numel() / x.size(-1); }

// Calls body(first row, rows, chunk) for all chunks, on all threads.
template <typename Body>
void for_chunks(std::int64_t rows, const Body& body) {
  const std::int64_t chunks = (rows + kRowsOfChunk - 1) / kRowsOfChunk;
  at::parallel_for(0, chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      const std::int64_t first = chunk * kRowsOfChunk;
      body(first, std::min(kRowsOfChunk, rows - first), chunk);
    }
  });
}

// Sums over rows: a zeroed line [width] for each chunk and each of `sums` quantities.
class ChunkSums {
 public:
  ChunkSums(std::int64_t rows, std::int64_t sums, std::int64_t width)
      : lines_(at::zeros({sums, (rows + kRowsOfChunk - 1) / kRowsOfChunk, width}, at::kFloat)) {}
  float* line(std::int64_t sum, std::int64_t chunk) {
    return lines_.mutable_data_ptr<float>() + (sum * lines_.size(1) + chunk) * lines_.size(2);
  }
  at::Tensor total(std::int64_t sum) const { return lines_.select(0, sum).sum(0); }

 private:
  at::Tensor lines_;
};

struct QuickGeluFunction : torch::autograd::Function<QuickGeluFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const std::optional<at::Tensor>& given) {
    const at::Tensor bias = given.value_or(at::Tensor());
    at::Tensor y = at::empty_like(x);
    const std::int64_t width = x.size(-1);
    for_chunks(rows_of(x), [&](std::int64_t first, std::int64_t rows, std::int64_t) {
      kernels::quick_gelu(activation_of(x), at_offset(x, first * width), float_data(bias), size_of(rows),
                          size_of(width), at_offset(y, first * width));
    });
    context->save_for_backward({x, bias});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &bias = saved[1];
    const at::Tensor y_gradient = gradients[0].contiguous();
    at::Tensor x_gradient = at::empty_like(x);
    const std::int64_t width = x.size(-1);
    const bool wants_bias = bias.defined() && bias.requires_grad();
    ChunkSums sums(wants_bias ? rows_of(x) : 0, 1, width);
    for_chunks(rows_of(x), [&](std::int64_t first, std::int64_t rows, std::int64_t chunk) {
      kernels::quick_gelu_backward(activation_of(x), at_offset(x, first * width), float_data(bias),
                                   at_offset(y_gradient, first * width), size_of(rows), size_of(width),
                                   at_offset(x_gradient, first * width), wants_bias ? sums.line(0, chunk) : nullptr);
    });
    return {x_gradient, wants_bias ? sums.total(0) : at::Tensor()};
  }
};

struct NormOptions {
  double epsilon;
  at::ScalarType out;
};

kernels::LayerNormShape norm_shape(const at::Tensor& stream, const std::optional<at::Tensor>& branch,
                                   const NormOptions& options) {
  kernels::LayerNormShape shape;
  shape.width = size_of(stream.size(-1));
  shape.epsilon = static_cast<float>(options.epsilon);
  shape.storage = activation_of(options.out);
  shape.branch_storage = branch ? activation_of(*branch) : shape.storage;
  return shape;
}

bool wants_gradient(const std::optional<at::Tensor>& x) { return x && x->requires_grad(); }

struct AddLayerNormFunction : torch::autograd::Function<AddLayerNormFunction> {
  static variable_list forward(AutogradContext* context, const at::Tensor& stream,
                               const std::optional<at::Tensor>& branch, const std::optional<at::Tensor>& bias,
                               const at::Tensor& weight, const at::Tensor& offset, const NormOptions& options) {
    const std::int64_t width = stream.size(-1);
    const std::int64_t all_rows = rows_of(stream);
    const auto floats = stream.options();
    at::Tensor sum = at::empty(stream.sizes(), floats);
    at::Tensor y = at::empty(stream.sizes(), floats.dtype(options.out));
    at::Tensor mean = at::empty({all_rows}, floats);
    at::Tensor inverse_deviation = at::empty({all_rows}, floats);
    const kernels::LayerNormShape shape = norm_shape(stream, branch, options);
    for_chunks(all_rows, [&](std::int64_t first, std::int64_t rows, std::int64_t) {
      kernels::LayerNormShape part = shape;
      part.rows = size_of(rows);
      kernels::add_layer_norm(part, float_data(stream) + first * width,
                              branch ? at_offset(*branch, first * width) : nullptr, bias ? float_data(*bias) : nullptr,
                              float_data(weight), float_data(offset), sum.mutable_data_ptr<float>() + first * width,
                              at_offset(y, first * width), mean.mutable_data_ptr<float>() + first,
                              inverse_deviation.mutable_data_ptr<float>() + first);
    });
    context->save_for_backward({sum, mean, inverse_deviation, weight});
    auto& saved = context->saved_data;
    saved["branch_type"] = branch ? static_cast<std::int64_t>(branch->scalar_type()) : 0;
    saved["out_type"] = static_cast<std::int64_t>(options.out);
    saved["wants_branch"] = wants_gradient(branch);
    saved["wants_bias"] = wants_gradient(bias);
    saved["wants_weight"] = weight.requires_grad();
    saved["wants_offset"] = offset.requires_grad();
    context->set_materialize_grads(false);
    return {sum, y};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list tensors = context->get_saved_variables();
    const at::Tensor &sum = tensors[0], &mean = tensors[1], &inverse_deviation = tensors[2], &weight = tensors[3];
    auto& saved = context->saved_data;
    const at::Tensor sum_gradient = gradients[0].defined() ? gradients[0].contiguous() : at::Tensor();
    if (!gradients[1].defined()) return without_norm(context, sum_gradient);

    const at::Tensor y_gradient = gradients[1].contiguous();
    const std::int64_t width = sum.size(-1);
    const bool wants_bias = saved["wants_bias"].toBool();
    const bool wants_weight = saved["wants_weight"].toBool();
    const bool wants_offset = saved["wants_offset"].toBool();
    ChunkSums sums(rows_of(sum), 3, width);
    at::Tensor stream_gradient = at::empty(sum.sizes(), sum.options());
    const kernels::LayerNormShape shape =
        norm_shape(sum, {}, {0.0, static_cast<at::ScalarType>(saved["out_type"].toInt())});
    for_chunks(rows_of(sum), [&](std::int64_t first, std::int64_t rows, std::int64_t chunk) {
      kernels::LayerNormShape part = shape;
      part.rows = size_of(rows);
      kernels::add_layer_norm_backward(
          part, float_data(sum) + first * width, float_data(mean) + first, float_data(inverse_deviation) + first,
          float_data(weight), at_offset(y_gradient, first * width),
          sum_gradient.defined() ? float_data(sum_gradient) + first * width : nullptr,
          stream_gradient.mutable_data_ptr<float>() + first * width, wants_weight ? sums.line(0, chunk) : nullptr,
          wants_offset ? sums.line(1, chunk) : nullptr, wants_bias ? sums.line(2, chunk) : nullptr);
    });
    return {stream_gradient,
            branch_gradient(context, stream_gradient),
            wants_bias ? sums.total(2) : at::Tensor(),
            wants_weight ? sums.total(0) : at::Tensor(),
            wants_offset ? sums.total(1) : at::Tensor(),
            at::Tensor()};
  }

 private:
  static at::Tensor branch_gradient(AutogradContext* context, const at::Tensor& stream_gradient) {
    auto& saved = context->saved_data;
    if (!saved["wants_branch"].toBool()) return {};
    return stream_gradient.to(static_cast<at::ScalarType>(saved["branch_type"].toInt()));
  }

  // When only the stream is used further on.
  static variable_list without_norm(AutogradContext* context, const at::Tensor& stream_gradient) {
    at::Tensor bias;
    if (context->saved_data["wants_bias"].toBool())
      bias = stream_gradient.reshape({-1, stream_gradient.size(-1)}).sum(0);
    return {stream_gradient, branch_gradient(context, stream_gradient), bias, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

std::optional<at::Tensor> optional_of(const at::Tensor& x) {
  return x.defined() ? std::optional<at::Tensor>(x.contiguous()) : std::nullopt;
}

}  // namespace

at::Tensor kernel_quick_gelu(const at::Tensor& x, const at::Tensor& bias) {
  return QuickGeluFunction::apply(x.contiguous(), optional_of(bias));
}

Normed kernel_add_layer_norm(const at::Tensor& stream, const at::Tensor& branch, const at::Tensor& bias,
                             const at::Tensor& weight, const at::Tensor& offset, double epsilon, at::ScalarType out) {
  const variable_list results = AddLayerNormFunction::apply(stream.contiguous(), optional_of(branch), optional_of(bias),
                                                            weight, offset, NormOptions{epsilon, out});
  return {results[0], results[1]};
}

}  // namespace wootz::ops
