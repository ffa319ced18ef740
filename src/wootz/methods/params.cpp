#include "wootz/methods/params.h"

#include <algorithm>

#include "wootz/core/check.h"

namespace wootz {

ParamSet::ParamSet(const std::vector<ParamSpec>& specs, std::vector<std::vector<double>> values)
    : specs_(&specs), values_(std::move(values)) {
  WOOTZ_CHECK(specs.size() == values_.size());
}

std::size_t ParamSet::index(std::string_view name) const {
  const auto found =
      std::find_if(specs_->begin(), specs_->end(), [&](const ParamSpec& spec) { return spec.name == name; });
  WOOTZ_CHECK(found != specs_->end());
  return static_cast<std::size_t>(found - specs_->begin());
}

bool ParamSet::has(std::string_view name) const {
  return std::any_of(specs_->begin(), specs_->end(), [&](const ParamSpec& spec) { return spec.name == name; });
}

double ParamSet::number(std::string_view name) const {
  const std::size_t i = index(name);
  WOOTZ_CHECK((*specs_)[i].scope == ParamScope::kGlobal);
  return values_[i].front();
}

double ParamSet::number(std::string_view name, std::size_t model) const { return numbers(name)[model]; }

const std::vector<double>& ParamSet::numbers(std::string_view name) const {
  const std::size_t i = index(name);
  WOOTZ_CHECK((*specs_)[i].scope == ParamScope::kModel);
  return values_[i];
}

double ParamSet::of_model(std::string_view name, std::size_t model) const {
  const std::size_t i = index(name);
  return (*specs_)[i].scope == ParamScope::kGlobal ? values_[i].front() : values_[i][model];
}

std::size_t ParamSet::count(std::string_view name) const { return values_[index(name)].size(); }

bool ParamSet::flag(std::string_view name) const { return number(name) != 0.0; }

std::string_view ParamSet::choice(std::string_view name) const {
  const std::size_t i = index(name);
  return (*specs_)[i].choices[static_cast<std::size_t>(number(name))];
}

}  // namespace wootz
