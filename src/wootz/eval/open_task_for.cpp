// Whether a task's data, its head and a model go together.
#include "wootz/eval/evaluate.h"

namespace wootz {
namespace {

std::string_view items_word(InputKind kind) { return kind == InputKind::kImage ? "images" : "texts"; }

Result<> check_kind(const Dataset& data, const Task& task, const ModelInfo& model) {
  if (data.kind() == model.input) return {};
  return fail(ErrorKind::kIncompatible,
              "task '{}' has {} ('{}'), but the model '{}' ({}) takes {}: leave the task out, or take "
              "another model",
              task.name, items_word(data.kind()), task.data.path, model.directory, model.architecture,
              items_word(model.input));
}

Result<Head> open_head(FileSystem& files, const Task& task, const ModelInfo& model) {
  if (!files.exists(task.head))
    return fail(ErrorKind::kInput, "task '{}': no head at '{}'; 'wootz heads' makes one", task.name, task.head);
  WOOTZ_TRY(Head head, load_head(files, task.head));
  if (head.feature_size == model.feature_size) return head;
  return fail(ErrorKind::kIncompatible,
              "task '{}': the head '{}' is for features of {} numbers, but the model '{}' has {}: make a head for this "
              "model with 'wootz heads'",
              task.name, task.head, head.feature_size, model.directory, model.feature_size);
}

// Where the classes are counted: the head's file, or the model with a classifier of its own.
std::string classifier_name(const OpenTask& open, const ModelInfo& model) {
  return open.head ? fmt::format("the head '{}'", open.head->path)
                   : fmt::format("the classifier of '{}'", model.directory);
}

Result<> check_classes(const OpenTask& open, const ModelInfo& model) {
  const Task& task = open.task;
  if (!open.class_names.empty() && open.class_names.size() != open.classes)
    return fail(ErrorKind::kIncompatible,
                "task '{}': {} tells {} classes apart, but {} are named {}: use the head that was made for these "
                "classes",
                task.name, classifier_name(open, model), open.classes, open.class_names.size(),
                task.data.class_names.empty() ? fmt::format("by the data in '{}'", task.data.path)
                                              : "under 'classes' in the task catalogue");
  for (std::size_t i = 0; i < open.data->size(); ++i) {
    const int label = open.data->label(i);
    if (label < 0 || static_cast<std::size_t>(label) >= open.classes)
      return fail(ErrorKind::kIncompatible, "task '{}': {}: label {}, but {} tells {} classes apart, numbered from 0",
                  task.name, open.data->place(i), label, classifier_name(open, model), open.classes);
  }
  return {};
}

}  // namespace

Result<OpenTask> open_task_for(FileSystem& files, const Task& task, const ModelInfo& model, const std::string& split) {
  OpenTask open;
  open.task = task;
  open.split = split.empty() ? task.data.split : split;
  WOOTZ_TRY(open.data, open_task(files, task, open.split));
  return reopen_for(files, open, model);
}

Result<OpenTask> reopen_for(FileSystem& files, const OpenTask& open, const ModelInfo& model) {
  const Task& task = open.task;
  OpenTask opened{task, open.split, open.data, std::nullopt, open.data->class_names(), model.classes};
  WOOTZ_RETURN_IF_ERROR(check_kind(*open.data, task, model));
  if (task.head.empty() && model.classes == 0)
    return fail(ErrorKind::kUsage,
                "task '{}' has no 'head', and the model '{}' has no classifier of its own: make a head with 'wootz "
                "heads' and name it in the task catalogue",
                task.name, model.directory);
  if (!task.head.empty()) {
    WOOTZ_TRY(opened.head, open_head(files, task, model));
    opened.classes = opened.head->classes;
  }
  WOOTZ_RETURN_IF_ERROR(check_classes(opened, model));
  return opened;
}

}  // namespace wootz
