#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "wootz/kernels/network.h"
#include "wootz/nn/kernel_functions.h"
#include "wootz/nn/kernel_tensors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Where the heads of a batch lie in the tensors; offsets in elements.
struct HeadLayout {
  kernels::AttentionShape shape;  ///< `valid` is set for each sequence
  std::int64_t batch = 0;
  std::int64_t heads = 0;
  bool packed = false;  ///< q lies in front of k and v
  at::Tensor lengths;

  // An undefined q lies in front of k and v.
  HeadLayout(const at::Tensor& q, const at::Tensor& kv, const AttentionOptions& options)
      : batch(kv.size(0)), heads(options.heads), packed(!q.defined()), lengths(options.lengths) {
    const std::int64_t width = kv.size(2) / (packed ? 3 : 2);
    shape.queries = static_cast<std::size_t>(packed ? kv.size(1) : q.size(1));
    shape.keys = static_cast<std::size_t>(kv.size(1));
    shape.head_size = static_cast<std::size_t>(width / heads);
    shape.key_stride = static_cast<std::size_t>(kv.size(2));
    shape.query_stride = static_cast<std::size_t>(packed ? kv.size(2) : q.size(2));
    shape.out_stride = static_cast<std::size_t>(width);
    shape.scale = 1.0F / std::sqrt(static_cast<float>(shape.head_size));
    shape.causal = options.causal;
    shape.storage = activation_of(kv);
  }

  std::int64_t width() const { return static_cast<std::int64_t>(shape.out_stride); }
  std::int64_t queries() const { return static_cast<std::int64_t>(shape.queries); }
  std::int64_t keys() const { return static_cast<std::int64_t>(shape.keys); }

  kernels::AttentionShape of(std::int64_t sequence) const {
    kernels::AttentionShape one = shape;
    one.valid = shape.keys;
    if (lengths.defined()) one.valid = static_cast<std::size_t>(lengths.const_data_ptr<std::int64_t>()[sequence]);
    return one;
  }

  // Pointers to one head; `part` counts widths into kv: 0 is q when packed.
  std::int64_t query_offset(std::int64_t sequence, std::int64_t head) const {
    return sequence * queries() * static_cast<std::int64_t>(shape.query_stride) + head_offset(head);
  }
  std::int64_t key_offset(std::int64_t sequence, std::int64_t head, std::int64_t part) const {
    return sequence * keys() * static_cast<std::int64_t>(shape.key_stride) + (packed ? part + 1 : part) * width() +
           head_offset(head);
  }
  std::int64_t out_offset(std::int64_t sequence, std::int64_t head) const {
    return sequence * queries() * width() + head_offset(head);
  }
  std::int64_t sums_offset(std::int64_t sequence, std::int64_t head) const {
    return (sequence * heads + head) * queries();
  }

 private:
  std::int64_t head_offset(std::int64_t head) const { return head * static_cast<std::int64_t>(shape.head_size); }
};

// Calls body(sequence, head, scratch) for every head of every sequence, on all threads.
template <typename Body>
void for_heads(const HeadLayout& layout, const Body& body) {
  at::parallel_for(0, layout.batch * layout.heads, 1, [&](std::int64_t begin, std::int64_t end) {
    kernels::Scratch scratch;
    for (std::int64_t i = begin; i < end; ++i) body(i / layout.heads, i % layout.heads, scratch);
  });
}

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static at::Tensor forward(AutogradContext* context, const std::optional<at::Tensor>& given_q, const at::Tensor& kv,
                            const AttentionOptions& options) {
    const at::Tensor q = given_q.value_or(at::Tensor());
    const HeadLayout layout(q, kv, options);
    const at::Tensor& queries = layout.packed ? kv : q;
    at::Tensor out = at::empty({layout.batch, layout.queries(), layout.width()}, kv.options());
    at::Tensor sums = at::empty({layout.batch, layout.heads, layout.queries()}, kv.options().dtype(at::kFloat));
    for_heads(layout, [&](std::int64_t b, std::int64_t h, kernels::Scratch& scratch) {
      kernels::attention(layout.of(b), at_offset(queries, layout.query_offset(b, h)),
                         at_offset(kv, layout.key_offset(b, h, 0)), at_offset(kv, layout.key_offset(b, h, 1)),
                         at_offset(out, layout.out_offset(b, h)),
                         sums.mutable_data_ptr<float>() + layout.sums_offset(b, h), scratch);
    });
    context->save_for_backward({q, kv, out, sums, options.lengths});
    context->saved_data["heads"] = options.heads;
    context->saved_data["causal"] = options.causal;
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &kv = saved[1], &out = saved[2], &sums = saved[3];
    const HeadLayout layout(q, kv,
                            {context->saved_data["heads"].toInt(), context->saved_data["causal"].toBool(), saved[4]});
    const at::Tensor out_gradient = gradients[0].contiguous();
    at::Tensor q_gradient = layout.packed ? at::Tensor() : at::empty_like(q);
    at::Tensor kv_gradient = at::empty_like(kv);
    const at::Tensor& queries = layout.packed ? kv : q;
    const at::Tensor& query_gradients = layout.packed ? kv_gradient : q_gradient;
    for_heads(layout, [&](std::int64_t b, std::int64_t h, kernels::Scratch& scratch) {
      kernels::attention_backward(
          layout.of(b), at_offset(queries, layout.query_offset(b, h)), at_offset(kv, layout.key_offset(b, h, 0)),
          at_offset(kv, layout.key_offset(b, h, 1)), at_offset(out, layout.out_offset(b, h)),
          sums.const_data_ptr<float>() + layout.sums_offset(b, h), at_offset(out_gradient, layout.out_offset(b, h)),
          at_offset(query_gradients, layout.query_offset(b, h)), at_offset(kv_gradient, layout.key_offset(b, h, 0)),
          at_offset(kv_gradient, layout.key_offset(b, h, 1)), scratch);
    });
    return {q_gradient, kv_gradient, at::Tensor()};
  }
};

}  // namespace

at::Tensor kernel_attention(const at::Tensor& q, const at::Tensor& kv, const AttentionOptions& options) {
  return AttentionFunction::apply(q.defined() ? std::optional(q.contiguous()) : std::nullopt, kv.contiguous(), options);
}

}  // namespace wootz::ops
