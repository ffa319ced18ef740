#include "wootz/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "wootz/core/check.h"
#include "wootz/core/rng.h"

namespace wootz {
namespace {

// How many items of each class a share takes, at most `at_most` in all.
std::vector<std::size_t> quotas(const std::vector<std::size_t>& sizes, double share, std::size_t at_most) {
  std::vector<std::size_t> taken;
  for (const std::size_t size : sizes)
    taken.push_back(std::min(size, static_cast<std::size_t>(std::llround(share * static_cast<double>(size)))));
  const std::size_t total = std::accumulate(taken.begin(), taken.end(), std::size_t{0});
  if (total > at_most)
    for (std::size_t& count : taken) count = count * at_most / total;
  return taken;
}

class Subset : public Dataset {
 public:
  Subset(std::shared_ptr<const Dataset> whole, std::vector<std::size_t> indices)
      : whole_(std::move(whole)), indices_(std::move(indices)) {
    for (const std::size_t index : indices_) WOOTZ_CHECK(index < whole_->size());
  }

  InputKind kind() const override { return whole_->kind(); }
  std::size_t size() const override { return indices_.size(); }
  const std::vector<std::string>& class_names() const override { return whole_->class_names(); }
  int label(std::size_t index) const override { return whole_->label(indices_[index]); }
  Result<Image> image(std::size_t index) const override { return whole_->image(indices_[index]); }
  Result<std::string> text(std::size_t index) const override { return whole_->text(indices_[index]); }
  std::string place(std::size_t index) const override { return whole_->place(indices_[index]); }

 private:
  std::shared_ptr<const Dataset> whole_;
  std::vector<std::size_t> indices_;
};

}  // namespace

std::vector<std::size_t> held_out_indices(const std::vector<int>& labels, const HeldOut& held_out, Portion portion) {
  std::map<int, std::vector<std::size_t>> by_class;
  for (std::size_t index = 0; index < labels.size(); ++index) by_class[labels[index]].push_back(index);
  std::vector<std::size_t> sizes;
  for (const auto& [label, members] : by_class) sizes.push_back(members.size());
  const std::vector<std::size_t> validation = quotas(sizes, held_out.validation, held_out.at_most);
  const std::vector<std::size_t> adaptation = quotas(sizes, held_out.adaptation, held_out.at_most);

  const RngKey key = rng_key(held_out.seed, "held out", 0);
  std::vector<std::size_t> chosen;
  std::size_t number = 0;
  for (auto& [label, members] : by_class) {
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (const std::size_t index : members) order.emplace_back(random_word(key, index), index);
    std::sort(order.begin(), order.end());
    const std::size_t first_end = validation[number];
    // Both shares may have been rounded up.
    const std::size_t second_end = std::min(first_end + adaptation[number], order.size());
    const std::size_t begin = portion == Portion::kValidation   ? 0
                              : portion == Portion::kAdaptation ? first_end
                                                                : second_end;
    const std::size_t end = portion == Portion::kValidation   ? first_end
                            : portion == Portion::kAdaptation ? second_end
                                                              : order.size();
    for (std::size_t i = begin; i < end; ++i) chosen.push_back(order[i].second);
    ++number;
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::unique_ptr<Dataset> subset(std::shared_ptr<const Dataset> whole, std::vector<std::size_t> indices) {
  return std::make_unique<Subset>(std::move(whole), std::move(indices));
}

}  // namespace wootz
