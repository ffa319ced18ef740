#include "wootz/data/dataset.h"

#include <algorithm>

#include "wootz/core/nearest.h"
#include "wootz/data/format_table.h"

namespace wootz {
namespace {

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const DataFormat& format : data_formats()) names.push_back(format.name);
  return names;
}

Result<> check_options(const DataFormat& format, const DataSpec& spec) {
  for (const auto& [option, value] : spec.options) {
    if (std::find(format.options.begin(), format.options.end(), option) != format.options.end()) continue;
    if (format.options.empty())
      return fail(ErrorKind::kUsage, "data format '{}' takes no option '{}'; it takes none", format.name, option);
    return fail(ErrorKind::kUsage, "data format '{}' takes no option '{}'{}", format.name, option,
                suggestion(option, format.options));
  }
  return {};
}

}  // namespace

const std::vector<DataFormat>& data_formats() {
  static const FormatTable table = [] {
    FormatTable formats;
    register_data_formats(formats);
    std::sort(formats.begin(), formats.end(), [](const DataFormat& a, const DataFormat& b) { return a.name < b.name; });
    return formats;
  }();
  return table;
}

Result<std::unique_ptr<Dataset>> open_dataset(FileSystem& files, const DataSpec& spec) {
  for (const DataFormat& format : data_formats()) {
    if (format.name != spec.format) continue;
    WOOTZ_RETURN_IF_ERROR(check_options(format, spec));
    return format.open(files, spec);
  }
  return fail(ErrorKind::kUsage, "unknown data format '{}'{}", spec.format, suggestion(spec.format, format_names()));
}

Result<> check_labels(const Dataset& dataset) {
  const std::size_t classes = dataset.class_names().size();
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const int label = dataset.label(i);
    if (label < 0) return fail(ErrorKind::kInput, "{}: label {}; labels count from 0", dataset.place(i), label);
    if (classes > 0 && static_cast<std::size_t>(label) >= classes)
      return fail(ErrorKind::kInput, "{}: label {}, but there are {} class names (labels 0 to {})", dataset.place(i),
                  label, classes, classes - 1);
  }
  return {};
}

}  // namespace wootz
