// Parameters of methods: what they are, and the values one tensor gets.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wootz {

enum class ParamType {
  kNumber,   ///< a finite number in [minimum, maximum]
  kInteger,  ///< a whole number in [minimum, maximum]
  kFlag,     ///< true or false
  kChoice,   ///< one of `choices`
};

enum class ParamScope {
  kModel,   ///< one value a model; may be set at the model or for all
  kGlobal,  ///< one value for all models
};

/// How the merged values follow a parameter while all others stay: what lets a search try many values after few merges.
/// The origin is the base for methods on task vectors, and 0 for those on the models' own values.
enum class Effect {
  kGeneral,  ///< nothing is promised
  kScales,   ///< merged - origin is proportional to the value
  kAdds,     ///< per model: merged - origin is a sum over the models of value times something that no value changes
};

struct ParamSpec {
  std::string name;
  ParamType type = ParamType::kNumber;
  ParamScope scope = ParamScope::kGlobal;
  std::optional<double> fallback = {};  ///< the default (flags: 0 or 1; choices: index); none means required
  std::string description;              ///< one sentence for the reference page
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};
  Effect effect = Effect::kGeneral;
  std::string effect_without = {};  ///< a flag of the method that must be off for `effect` to hold; "": none
};

/// The values of one method's parameters for one tensor. Cheap to copy for the sizes that occur (tens of numbers).
class ParamSet {
 public:
  /// `values[p]` holds one number (global) or `models` numbers (per model) for specs[p]. `specs` must outlive the set.
  ParamSet(const std::vector<ParamSpec>& specs, std::vector<std::vector<double>> values);

  /// Requires (all): the name is declared with that type and scope.
  double number(std::string_view name) const;
  double number(std::string_view name, std::size_t model) const;
  bool flag(std::string_view name) const;
  std::string_view choice(std::string_view name) const;
  /// A number for one model, whichever its scope.
  double of_model(std::string_view name, std::size_t model) const;
  /// How many values a parameter has: one a model, or 1 when it is global.
  std::size_t count(std::string_view name) const;
  /// All models' values of a per-model number.
  const std::vector<double>& numbers(std::string_view name) const;
  bool has(std::string_view name) const;

 private:
  std::size_t index(std::string_view name) const;
  const std::vector<ParamSpec>* specs_;
  std::vector<std::vector<double>> values_;
};

}  // namespace wootz
