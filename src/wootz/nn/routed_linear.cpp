#include "wootz/nn/routed_linear.h"

#include <torch/csrc/autograd/custom_function.h>

#include <utility>

#include "wootz/core/check.h"
#include "wootz/nn/routed_tiles.h"
#include "wootz/nn/torch_headers.h"

namespace wootz::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using Experts = std::shared_ptr<const ExpertRows>;

// [K + 1, out, in] in the dtype and on the device of x.
at::Tensor all_experts(const ExpertRows& experts, const at::Tensor& x) {
  const at::Tensor kept = experts.on_device();
  return (kept.defined() ? kept : all_rows(experts)).to(x.options());
}

at::Tensor definition(const at::Tensor& x, const at::Tensor& coefficients, const ExpertRows& experts) {
  const at::Tensor all = all_experts(experts, x).flatten(1);
  const at::Tensor merged = all.slice(0, 0, 1) + at::matmul(coefficients, all.slice(0, 1));
  return at::bmm(x, merged.unflatten(1, {experts.out(), experts.in()}).transpose(1, 2));
}

// The experts as tensors that keep their owner alive.
std::vector<at::Tensor> expert_tensors(const Experts& experts, const at::Tensor& x) {
  if (experts->dense(0) == nullptr || x.scalar_type() != at::kFloat || !x.is_cpu())
    return all_experts(*experts, x).unbind(0);
  std::vector<at::Tensor> tensors;
  for (std::int64_t e = 0; e <= experts->experts(); ++e)
    tensors.push_back(at::from_blob(
        const_cast<float*>(experts->dense(e)), {experts->out(), experts->in()}, [experts](void*) {}, x.options()));
  return tensors;
}

at::Tensor factored(const at::Tensor& x, const at::Tensor& coefficients, const Experts& experts) {
  const std::vector<at::Tensor> tensors = expert_tensors(experts, x);
  at::Tensor y = at::linear(x, tensors[0]);
  for (std::size_t k = 1; k < tensors.size(); ++k) {
    const auto column = static_cast<std::int64_t>(k) - 1;
    y = at::addcmul(y, coefficients.slice(1, column, column + 1).unsqueeze(2), at::linear(x, tensors[k]));
  }
  return y;
}

// The experts as autograd's context keeps them.
struct KeptExperts : torch::CustomClassHolder {
  Experts experts;
  explicit KeptExperts(Experts given) : experts(std::move(given)) {}
};

// What the way back of a routed map needs.
void keep(AutogradContext* context, const at::Tensor& x, const at::Tensor& coefficients, const Experts& experts) {
  context->save_for_backward({x, coefficients});
  context->saved_data["experts"] = c10::IValue::make_capsule(c10::make_intrusive<KeptExperts>(experts));
  context->saved_data["wants_x"] = x.requires_grad();
  context->saved_data["wants_coefficients"] = coefficients.requires_grad();
}

Experts kept_experts(AutogradContext* context) {
  return c10::static_intrusive_pointer_cast<KeptExperts>(context->saved_data["experts"].toCapsule())->experts;
}

RoutedGroups groups_of(const at::Tensor& coefficients, bool grouped) {
  return grouped ? equal_groups(coefficients) : single_groups(coefficients);
}

struct TiledFunction : torch::autograd::Function<TiledFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& coefficients,
                            const Experts& experts, bool grouped) {
    keep(context, x, coefficients, experts);
    context->saved_data["grouped"] = grouped;
    return tiled_forward(x, groups_of(coefficients, grouped), *experts);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    auto& data = context->saved_data;
    const Experts experts = kept_experts(context);
    const RoutedGradients found =
        tiled_backward(saved[0], groups_of(saved[1], data["grouped"].toBool()), *experts, gradients[0].contiguous(),
                       data["wants_x"].toBool(), data["wants_coefficients"].toBool());
    return {found.x, found.coefficients, at::Tensor(), at::Tensor()};
  }
};

// Bytes of merged weights that are in memory together; the way back takes as much again twice.
constexpr std::int64_t kMergedBytes = kMergedMemory / 3;

// Calls body(first, last, W [last - first, out, in]) for some samples at a time.
template <typename Body>
void for_merged(const at::Tensor& coefficients, const at::Tensor& all, const Body& body) {
  const at::Tensor flat = all.flatten(1);
  const std::int64_t bytes = flat.size(1) * flat.element_size();
  const std::int64_t most = std::max<std::int64_t>(1, kMergedBytes / std::max<std::int64_t>(1, bytes));
  for (std::int64_t first = 0; first < coefficients.size(0); first += most) {
    const std::int64_t last = std::min(first + most, coefficients.size(0));
    const at::Tensor merged = at::addmm(flat.slice(0, 0, 1), coefficients.slice(0, first, last), flat.slice(0, 1));
    body(first, last, merged.unflatten(1, {all.size(1), all.size(2)}));
  }
}

struct MergedFunction : torch::autograd::Function<MergedFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& coefficients,
                            const Experts& experts) {
    keep(context, x, coefficients, experts);
    at::Tensor y = at::empty({x.size(0), x.size(1), experts->out()}, x.options());
    for_merged(coefficients, all_experts(*experts, x), [&](std::int64_t first, std::int64_t last, const at::Tensor& w) {
      at::Tensor part = y.slice(0, first, last);
      at::bmm_out(part, x.slice(0, first, last), w.transpose(1, 2));
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &coefficients = saved[1], y_gradient = gradients[0].contiguous();
    auto& data = context->saved_data;
    const Experts experts = kept_experts(context);
    const at::Tensor all = all_experts(*experts, x);
    at::Tensor x_gradient = data["wants_x"].toBool() ? at::empty_like(x) : at::Tensor();
    at::Tensor c_gradient = data["wants_coefficients"].toBool() ? at::empty_like(coefficients) : at::Tensor();
    const at::Tensor taus = all.flatten(1).slice(0, 1).transpose(0, 1);
    for_merged(coefficients, all, [&](std::int64_t first, std::int64_t last, const at::Tensor& w) {
      const at::Tensor given = y_gradient.slice(0, first, last);
      if (x_gradient.defined()) {
        at::Tensor part = x_gradient.slice(0, first, last);
        at::bmm_out(part, given, w);
      }
      if (!c_gradient.defined()) return;
      const at::Tensor of_weights = at::bmm(given.transpose(1, 2), x.slice(0, first, last));
      at::Tensor part = c_gradient.slice(0, first, last);
      at::mm_out(part, of_weights.flatten(1), taus);
    });
    return {x_gradient, c_gradient, at::Tensor()};
  }
};

}  // namespace

RoutedPath choose_path(const RoutedShape& shape) {
  // Measured for K = 8 on a processor, where both need about the same time.
  constexpr std::int64_t kFewTokens = 1, kFewInAll = 32;
  const bool is_few = shape.tokens <= kFewTokens || shape.samples * shape.tokens <= kFewInAll;
  if (shape.is_wide) return RoutedPath::kDefinition;
  if (!shape.has_kernels) return is_few ? RoutedPath::kFactored : RoutedPath::kMerged;
  if (shape.groups < shape.samples || shape.experts == 0) return RoutedPath::kGrouped;
  if (is_few && shape.is_dense) return RoutedPath::kFactored;
  return RoutedPath::kTiled;
}

at::Tensor routed_linear(const at::Tensor& x, const at::Tensor& coefficients, std::shared_ptr<const ExpertRows> experts,
                         RoutedPath path) {
  WOOTZ_CHECK(x.dim() == 3 && x.size(2) == experts->in());
  WOOTZ_CHECK(coefficients.dim() == 2 && coefficients.size(0) == x.size(0));
  WOOTZ_CHECK(coefficients.size(1) == experts->experts() && coefficients.scalar_type() == x.scalar_type());
  const bool has_kernels = x.is_cpu() && x.scalar_type() == at::kFloat;
  if (path == RoutedPath::kAuto) {
    RoutedShape shape{x.size(0), x.size(1), experts->experts(), 0, has_kernels, experts->dense(0) != nullptr};
    shape.is_wide = x.scalar_type() == at::kDouble;
    shape.groups = has_kernels ? equal_groups(coefficients.detach()).size() : shape.samples;
    path = choose_path(shape);
  }
  if (path == RoutedPath::kDefinition) return definition(x, coefficients, *experts);
  if (path == RoutedPath::kFactored) return factored(x, coefficients, experts);
  if (path == RoutedPath::kMerged) {
    if (coefficients.stride(0) != 0 || x.size(0) == 0)
      return MergedFunction::apply(x.contiguous(), coefficients, experts);
    // One row for all samples: one merged weight.
    return definition(x.flatten(0, 1).unsqueeze(0), coefficients.slice(0, 0, 1), *experts)
        .unflatten(1, {x.size(0), x.size(1)})
        .squeeze(0);
  }
  WOOTZ_CHECK(has_kernels);
  return TiledFunction::apply(x.contiguous(), coefficients, experts, path == RoutedPath::kGrouped);
}

}  // namespace wootz::ops
