// Experts in memory: as they are given, and as tiles are read.
#include <algorithm>
#include <cstring>
#include <utility>

#include "wootz/core/check.h"
#include "wootz/kernels/routed.h"
#include "wootz/nn/kernel_tensors.h"
#include "wootz/nn/large_buffer.h"
#include "wootz/nn/routed_linear.h"
#include "wootz/nn/torch_headers.h"

namespace wootz::ops {
namespace {

constexpr std::int64_t kPanelRows = kernels::kPanel;

class DenseExperts : public ExpertRows {
 public:
  explicit DenseExperts(std::vector<at::Tensor> tensors) : tensors_(std::move(tensors)) {
    for (at::Tensor& tensor : tensors_) {
      WOOTZ_CHECK(tensor.dim() == 2 && tensor.sizes() == tensors_[0].sizes() && tensor.is_cpu());
      tensor = tensor.detach().to(at::kFloat).contiguous();
      data_.push_back(tensor.const_data_ptr<float>());
    }
  }
  std::int64_t experts() const override { return static_cast<std::int64_t>(data_.size()) - 1; }
  std::int64_t out() const override { return tensors_[0].size(0); }
  std::int64_t in() const override { return tensors_[0].size(1); }
  void rows(std::int64_t first, std::int64_t rows, float* out) const override {
    const std::int64_t size = rows * in();
    for (const float* expert : data_) {
      std::memcpy(out, expert + first * in(), size_of(size) * sizeof(float));
      out += size;
    }
  }
  const float* dense(std::int64_t expert) const override { return data_[size_of(expert)]; }

 private:
  std::vector<at::Tensor> tensors_;
  std::vector<const float*> data_;
};

class BlockedExperts : public ExpertRows {
 public:
  explicit BlockedExperts(const ExpertRows& source)
      : all_(source.experts() + 1),
        out_(source.out()),
        in_(source.in()),
        panels_((out_ + kPanelRows - 1) / kPanelRows),
        values_(make_buffer(panels_ * panel_size())) {
    at::parallel_for(0, panels_, 1, [&](std::int64_t begin, std::int64_t end) {
      const Buffer fetched = make_buffer(panel_size());
      for (std::int64_t panel = begin; panel < end; ++panel) fill(source, panel, fetched.get());
    });
  }
  std::int64_t experts() const override { return all_ - 1; }
  std::int64_t out() const override { return out_; }
  std::int64_t in() const override { return in_; }
  void rows(std::int64_t first, std::int64_t rows, float* out) const override {
    for (std::int64_t e = 0; e < all_; ++e)
      for (std::int64_t row = first; row < first + rows; ++row) {
        const float* from = values_.get() + row / kPanelRows * panel_size() + e * kPanelRows + row % kPanelRows;
        for (std::int64_t column = 0; column < in_; ++column) *out++ = from[column * all_ * kPanelRows];
      }
  }
  const float* blocks() const override { return values_.get(); }

 private:
  std::int64_t panel_size() const { return in_ * all_ * kPanelRows; }

  void fill(const ExpertRows& source, std::int64_t panel, float* fetched) const {
    const std::int64_t first = panel * kPanelRows, rows = std::min(kPanelRows, out_ - first);
    source.rows(first, rows, fetched);
    std::vector<const float*> corners;
    for (std::int64_t e = 0; e < all_; ++e) corners.push_back(fetched + e * rows * in_);
    const kernels::RoutedTile tile{size_of(all_), size_of(in_), size_of(rows)};
    kernels::pack_tile(tile, corners.data(), 1, size_of(in_), 0, size_of(in_), values_.get() + panel * panel_size());
  }

  std::int64_t all_, out_, in_, panels_;
  Buffer values_;
};

class DeviceExperts : public ExpertRows {
 public:
  DeviceExperts(const ExpertRows& source, at::Device device) : all_(all_rows(source).to(device)) {}
  std::int64_t experts() const override { return all_.size(0) - 1; }
  std::int64_t out() const override { return all_.size(1); }
  std::int64_t in() const override { return all_.size(2); }
  void rows(std::int64_t first, std::int64_t rows, float* out) const override {
    const at::Tensor part = all_.slice(1, first, first + rows).to(at::kCPU).contiguous();
    std::copy_n(part.const_data_ptr<float>(), part.numel(), out);
  }
  at::Tensor on_device() const override { return all_; }

 private:
  at::Tensor all_;
};

}  // namespace

std::shared_ptr<ExpertRows> dense_experts(const at::Tensor& base, const std::vector<at::Tensor>& task_vectors) {
  std::vector<at::Tensor> tensors = {base};
  tensors.insert(tensors.end(), task_vectors.begin(), task_vectors.end());
  return std::make_shared<DenseExperts>(std::move(tensors));
}

std::shared_ptr<ExpertRows> blocked_experts(const ExpertRows& source) {
  return std::make_shared<BlockedExperts>(source);
}

std::shared_ptr<ExpertRows> device_experts(const ExpertRows& source, at::Device device) {
  return std::make_shared<DeviceExperts>(source, device);
}

at::Tensor all_rows(const ExpertRows& experts) {
  at::Tensor all = at::empty({experts.experts() + 1, experts.out(), experts.in()}, at::kFloat);
  experts.rows(0, experts.out(), all.mutable_data_ptr<float>());
  return all;
}

}  // namespace wootz::ops
