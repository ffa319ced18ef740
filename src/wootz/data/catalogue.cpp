#include "wootz/data/catalogue.h"

#include <algorithm>

#include "wootz/core/nearest.h"
#include "wootz/yaml/mapping_reader.h"

namespace wootz {
namespace {

constexpr std::uint64_t kMaxBytes = 16 << 20;
constexpr std::size_t kFewestTokens = 3;  // the two special ones, and one of the text

// `path` as it is found from the directory of `file`.
std::string beside(const std::string& file, const std::string& path) {
  const std::string directory = parent_path(file);
  return directory == "." && !file.starts_with("./") ? path : join_path(directory, path);
}

class CatalogueReader {
 public:
  CatalogueReader(Catalogue& catalogue, Reporter& report) : catalogue_(catalogue), report_(report) {}

  void read(const YamlNode& root) {
    MappingReader reader(root, "a task catalogue", report_);
    const YamlNode* tasks = reader.node("tasks");
    if (tasks == nullptr)
      report_.error(reader.place("tasks"), "'tasks' is missing: list the tasks, one '- name: ...' each");
    else if (!tasks->is_sequence() || tasks->items.empty())
      report_.error(tasks->place, "'tasks' must be a list of at least one task");
    else
      for (const YamlNode* task : tasks->items) read_task(*task);
    reader.finish();
  }

 private:
  void read_task(const YamlNode& node) {
    MappingReader reader(node, "a task", report_);
    Task task;
    task.name = reader.required_text("name");
    if (node.is_mapping() && !task.name.empty()) check_name(task.name, reader.place("name"));
    if (const YamlNode* data = reader.node("data"))
      read_data(*data, task.data);
    else if (node.is_mapping())
      report_.error(reader.place("data"), "{} needs 'data', such as {{format: idx, path: data/mnist}}",
                    task.name.empty() ? "a task" : "task " + shown(task.name));
    if (const auto head = reader.text("head")) task.head = beside(catalogue_.file, *head);
    task.data.class_names = reader.texts("classes").value_or(std::vector<std::string>());
    task.max_tokens = reader.integer("max_tokens", kFewestTokens).value_or(0);
    task.expert = reader.text("expert").value_or("");
    if (const YamlNode* held_out = reader.node("held_out")) read_held_out(*held_out, task.held_out);
    reader.finish();
    catalogue_.tasks.push_back(std::move(task));
  }

  // A name is also that of a column, and of a file.
  void check_name(const std::string& name, TextPlace place) {
    if (name.find('/') != name.npos || name.starts_with('.'))
      report_.error(place, "task name {} cannot be a file's: no '/', and no '.' at the start", shown(name));
    for (const Task& task : catalogue_.tasks)
      if (task.name == name) report_.error(place, "two tasks are named {}", shown(name));
  }

  void read_data(const YamlNode& node, DataSpec& data) {
    MappingReader reader(node, "'data'", report_);
    data.format = reader.required_text("format");
    const std::string path = reader.required_text("path");
    if (!path.empty()) data.path = beside(catalogue_.file, path);
    if (const auto split = reader.text("split")) data.split = *split;

    std::vector<std::string> formats;
    bool known = false;
    for (const DataFormat& format : data_formats()) {
      formats.push_back(format.name);
      known = known || format.name == data.format;
    }
    if (!known && !data.format.empty())
      report_.error(reader.place("format"), "unknown format {}{}", shown(data.format),
                    suggestion(data.format, formats));
    for (const DataFormat& format : data_formats()) {
      if (known && format.name != data.format) continue;  // of an unknown format, every option may be one
      for (const std::string& option : format.options)
        if (const auto value = reader.text(option)) data.options[option] = *value;
    }
    reader.finish();
  }

  void read_held_out(const YamlNode& node, HeldOut& held_out) {
    MappingReader reader(node, "'held_out'", report_);
    held_out.from = reader.text("from").value_or(held_out.from);
    held_out.validation = reader.number("validation", 0, 1).value_or(held_out.validation);
    held_out.adaptation = reader.number("adaptation", 0, 1).value_or(held_out.adaptation);
    held_out.at_most = reader.integer("at_most", 1).value_or(held_out.at_most);
    held_out.seed = reader.integer("seed").value_or(held_out.seed);
    if (held_out.validation + held_out.adaptation > 1)
      report_.error(node.place, "'validation' and 'adaptation' are shares of one split: {} and {} are more than all",
                    held_out.validation, held_out.adaptation);
    reader.finish();
  }

  Catalogue& catalogue_;
  Reporter& report_;
};

void read_catalogue(std::string_view text, Catalogue& catalogue, Reporter& report) {
  if (const auto tree = read_mapping(text, "the task catalogue", "list the tasks under 'tasks'", report))
    CatalogueReader(catalogue, report).read(*tree->root);
}

}  // namespace

Result<const Task*> Catalogue::find(std::string_view name) const {
  std::vector<std::string> names;
  for (const Task& task : tasks) {
    if (task.name == name) return &task;
    names.push_back(task.name);
  }
  return fail(ErrorKind::kUsage, "{}: no task '{}'{}", file, name, suggestion(name, names));
}

Result<Catalogue> load_catalogue(FileSystem& files, const std::string& path) {
  WOOTZ_TRY(const std::string text, read_text(files, path, kMaxBytes));
  Catalogue catalogue;
  catalogue.file = path;
  Diagnostics diagnostics;
  Reporter report(path, diagnostics);
  read_catalogue(text, catalogue, report);
  if (diagnostics.has_errors()) return tl::unexpected(diagnostics.to_error());
  return catalogue;
}

}  // namespace wootz
