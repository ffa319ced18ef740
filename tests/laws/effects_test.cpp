// What methods promise of their parameters' effects (methods/params.h). tests/cases holds the promises against merges.
#include <gtest/gtest.h>

#include <algorithm>

#include "wootz/methods/registry.h"

namespace wootz::testing {
namespace {

TEST(Promises, AreMadeWhereSearchesNeedThem) {
  const auto effect = [](const char* method, const char* name) {
    for (const ParamSpec& param : builtin_methods().find(MethodKind::kMerge, method)->parameters)
      if (param.name == name) return param.effect;
    return Effect::kGeneral;
  };
  for (const char* method : {"task_arithmetic", "ties", "dare_ties", "dare_linear", "della", "della_linear",
                             "breadcrumbs", "breadcrumbs_ties"})
    EXPECT_EQ(effect(method, "lambda"), Effect::kScales) << method;
  for (const char* method : {"task_arithmetic", "linear", "dare_linear", "della_linear", "breadcrumbs"})
    EXPECT_EQ(effect(method, "weight"), Effect::kAdds) << method;
  // A vote decides which values count.
  EXPECT_EQ(effect("ties", "weight"), Effect::kGeneral);
  EXPECT_EQ(effect("slerp", "t"), Effect::kGeneral);
}

TEST(Promises, NameFlagsOfTheMethod) {
  for (const MethodKind kind : {MethodKind::kMerge, MethodKind::kTransform})
    for (const MethodSpec* spec : builtin_methods().all(kind))
      for (const ParamSpec& param : spec->parameters)
        EXPECT_TRUE(param.effect_without.empty() || std::any_of(spec->parameters.begin(), spec->parameters.end(),
                                                                [&](const ParamSpec& other) {
                                                                  return other.name == param.effect_without &&
                                                                         other.type == ParamType::kFlag;
                                                                }))
            << spec->name << " " << param.name;
}

}  // namespace
}  // namespace wootz::testing
