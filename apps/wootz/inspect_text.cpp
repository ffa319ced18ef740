#include "inspect_text.h"

#include <cmath>
#include <set>

#include "format.h"
#include "table.h"
#include "wootz/engine/inspect/inspection_groups.h"

namespace wootz::cli {
namespace {

// More notes than this are counted, not listed.
constexpr std::size_t kListedNotes = 8;

std::string cosine_text(double cosine) { return fmt::format("{:.3f}", cosine); }

std::string percent(double share) { return fmt::format("{:.1f} %", 100.0 * share); }

double mean_cosine(const TensorStatistics& statistics, std::size_t lanes) {
  double sum = 0.0;
  std::size_t pairs = 0;
  for (std::size_t a = 0; a < lanes; ++a)
    for (std::size_t b = a + 1; b < lanes; ++b, ++pairs) sum += statistics.cosine(a, b, lanes);
  return pairs == 0 ? 0.0 : sum / static_cast<double>(pairs);
}

class Report {
 public:
  explicit Report(const Inspection& inspection)
      : inspection_(inspection), lanes_(inspection.models.size()), names_(short_names(inspection.models)) {}

  std::string tensors() const {
    Table table;
    table.add_column("tensor", Table::Align::kLeft);
    table.add_column("dtype", Table::Align::kLeft);
    table.add_column("shape", Table::Align::kLeft);
    add_statistics_columns(table);
    for (const InspectedTensor& tensor : inspection_.tensors) {
      std::vector<std::string> cells{tensor.name, std::string(dtype_name(tensor.dtype)), to_string(tensor.shape)};
      if (tensor.compared) add_statistics(cells, tensor.statistics);
      table.add_row(std::move(cells));
    }
    return table.text();
  }

  std::string layers() const {
    Table table;
    table.add_column("layer", Table::Align::kLeft);
    table.add_column("tensors");
    table.add_column("values");
    add_statistics_columns(table);
    for (const InspectedGroup& layer : layers_of(inspection_)) {
      std::vector<std::string> cells{layer.name, format_count(layer.tensors), format_count(layer.elements)};
      if (layer.compared != 0) add_statistics(cells, layer.statistics);
      table.add_row(std::move(cells));
    }
    return table.text();
  }

  std::string totals() const {
    const InspectedGroup total = total_of(inspection_);
    std::set<Dtype> dtypes;
    for (const InspectedTensor& tensor : inspection_.tensors) dtypes.insert(tensor.dtype);
    std::string text = fmt::format("{} of {}, {} (", count_of(total.tensors, "tensor"),
                                   count_of(total.elements, "value"), format_bytes(total.bytes));
    for (Dtype dtype : dtypes) text += fmt::format("{}{}", dtype == *dtypes.begin() ? "" : " ", dtype_name(dtype));
    text += ")\n";
    if (total.compared == 0) return text;
    if (inspection_.base)
      text += fmt::format("Norm of the base ({}): {}\n", *inspection_.base,
                          format_number(std::sqrt(total.statistics.base_square)));
    else if (lanes_ == 1)
      text += fmt::format("Norm: {}\n", format_number(total.statistics.norm(0, lanes_)));
    if (inspection_.base || lanes_ > 1) text += relations(total.statistics);
    const std::uint64_t nonfinite = total.statistics.base_nonfinite + total.statistics.lane_nonfinite;
    if (nonfinite != 0) text += fmt::format("Not finite (NaN or infinite): {}\n", count_of(nonfinite, "value"));
    return text;
  }

  std::string notes() const {
    std::string text;
    const std::size_t listed = std::min(inspection_.notes.size(), kListedNotes);
    for (std::size_t i = 0; i < listed; ++i) text += fmt::format("Not compared: {}\n", inspection_.notes[i]);
    if (listed < inspection_.notes.size())
      text += fmt::format("Not compared: {} more\n", inspection_.notes.size() - listed);
    return text;
  }

 private:
  // Norms and the cosine matrix.
  std::string relations(const TensorStatistics& statistics) const {
    Table table;
    table.add_column(inspection_.base ? "task vector" : "model", Table::Align::kLeft);
    table.add_column("norm");
    if (inspection_.base) table.add_column("of base");
    if (lanes_ > 1) table.add_column("  cosine:");
    if (lanes_ > 1)
      for (const std::string& name : names_) table.add_column(name);
    for (std::size_t a = 0; a < lanes_; ++a) {
      std::vector<std::string> cells{names_[a], format_number(statistics.norm(a, lanes_))};
      if (inspection_.base) cells.push_back(percent(statistics.norm(a, lanes_) / std::sqrt(statistics.base_square)));
      cells.emplace_back();
      for (std::size_t b = 0; b < lanes_; ++b)
        cells.push_back(a == b ? "1" : cosine_text(statistics.cosine(a, b, lanes_)));
      table.add_row(std::move(cells));
    }
    std::string text = "\n" + table.text(2);
    if (lanes_ > 1)
      text += fmt::format("\nSign conflicts: {} of the positions have {} of both signs\n",
                          percent(statistics.conflict_rate()), inspection_.base ? "changes" : "values");
    return text;
  }

  void add_statistics_columns(Table& table) const {
    if (inspection_.base) table.add_column("|base|");
    for (const std::string& name : names_)
      table.add_column(lanes_ == 1 && !inspection_.base ? "norm" : fmt::format("|{}|", name));
    if (lanes_ > 1) {
      table.add_column(lanes_ == 2 ? "cosine" : "mean cos");
      table.add_column("conflicts");
    }
  }

  void add_statistics(std::vector<std::string>& cells, const TensorStatistics& statistics) const {
    if (inspection_.base) cells.push_back(format_number(std::sqrt(statistics.base_square)));
    for (std::size_t lane = 0; lane < lanes_; ++lane) cells.push_back(format_number(statistics.norm(lane, lanes_)));
    if (lanes_ == 1) return;
    cells.push_back(cosine_text(mean_cosine(statistics, lanes_)));
    cells.push_back(percent(statistics.conflict_rate()));
  }

  const Inspection& inspection_;
  std::size_t lanes_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> short_names(const std::vector<std::string>& references) {
  std::vector<std::string> names;
  for (std::string path : references) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    names.push_back(file_name(path));
  }
  const std::set<std::string> distinct(names.begin(), names.end());
  return distinct.size() == names.size() ? names : references;
}

std::string inspection_text(const Inspection& inspection, InspectCommand::View view) {
  const Report report(inspection);
  const bool single = inspection.models.size() == 1 && !inspection.base;
  std::string text;
  if (view == InspectCommand::View::kLayers)
    text = report.layers() + "\n";
  else if (view == InspectCommand::View::kTensors || single)
    text = report.tensors() + "\n";
  return text + report.totals() + report.notes();
}

}  // namespace wootz::cli
