#include "wootz/data/catalogue.h"

#include <gtest/gtest.h>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

class CatalogueTest : public ::testing::Test {
 protected:
  Result<Catalogue> load(std::string_view yaml) {
    write_file(directory_ / "tasks.yml", yaml);
    return load_catalogue(posix_file_system(), directory_ / "tasks.yml");
  }
  // Without the directory's path.
  std::string errors(std::string_view yaml) {
    const auto loaded = load(yaml);
    std::string message = loaded ? "" : loaded.error().message;
    const std::string prefix = directory_.path() + "/";
    for (std::size_t at; (at = message.find(prefix)) != message.npos;) message.erase(at, prefix.size());
    return message;
  }
  TempDir directory_;
};

TEST_F(CatalogueTest, ReadsEverything) {
  const auto catalogue = load(R"(
tasks:
  - name: sst2
    data: {format: text, path: data/sst2, split: dev, text_column: sentence}
    head: /heads/sst2.safetensors
    classes: [negative, positive]
    held_out: {from: train2, validation: 0.2, adaptation: 0, at_most: 7, seed: 3}
    max_tokens: 32
    expert: models/sst2
  - name: trec
    data: {format: text, path: ../trec}
)");
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().message;
  ASSERT_EQ(catalogue->tasks.size(), 2u);
  const Task& task = catalogue->tasks[0];
  EXPECT_EQ(task.name, "sst2");
  EXPECT_EQ(task.data.format, "text");
  EXPECT_EQ(task.data.path, directory_ / "data/sst2");
  EXPECT_EQ(task.data.split, "dev");
  EXPECT_EQ(task.data.options, (std::map<std::string, std::string>{{"text_column", "sentence"}}));
  EXPECT_THAT(task.data.class_names, ElementsAre("negative", "positive"));
  EXPECT_EQ(task.head, "/heads/sst2.safetensors");
  EXPECT_EQ(task.held_out.from, "train2");
  EXPECT_EQ(task.held_out.validation, 0.2);
  EXPECT_EQ(task.held_out.adaptation, 0.0);
  EXPECT_EQ(task.held_out.at_most, 7u);
  EXPECT_EQ(task.held_out.seed, 3u);
  EXPECT_EQ(task.max_tokens, 32u);
  EXPECT_EQ(task.expert, "models/sst2");
  EXPECT_EQ(catalogue->tasks[1].data.path, directory_ / "../trec");
  EXPECT_EQ(catalogue->tasks[1].data.split, "test");
  EXPECT_EQ(catalogue->tasks[1].head, "");
  EXPECT_EQ(catalogue->find("trec").value(), &catalogue->tasks[1]);
  EXPECT_THAT(catalogue->find("tree").error().message, HasSubstr("no task 'tree' (did you mean 'trec'?)"));
}

TEST_F(CatalogueTest, ReportsAllErrorsAtOnce) {
  EXPECT_EQ(errors(R"(tasks:
  - name: a
    data: {format: txt, path: data/a}
    hed: heads/a.safetensors
  - data: {format: text, path: data/b, split: [x], pth: y}
    max_tokens: 2
  - name: a
    held_out: {validation: 0.7, adaptation: 0.4, sed: 1}
  - name: ../c
    data: {format: text}
extra: 1
)"),
            "tasks.yml:3:20: error: unknown format 'txt' (did you mean 'text'?)\n"
            "tasks.yml:4:5: error: unknown key 'hed' in a task (did you mean 'head'?)\n"
            "tasks.yml:5:5: error: a task needs 'name'\n"
            "tasks.yml:5:47: error: 'split' must be a single value\n"
            "tasks.yml:5:52: error: unknown key 'pth' in 'data' (did you mean 'path'?)\n"
            "tasks.yml:6:17: error: 'max_tokens' must be a whole number of at least 3, not '2'\n"
            "tasks.yml:7:11: error: two tasks are named 'a'\n"
            "tasks.yml:7:5: error: task 'a' needs 'data', such as {format: idx, path: data/mnist}\n"
            "tasks.yml:8:15: error: 'validation' and 'adaptation' are shares of one split: 0.7 and 0.4 are more than "
            "all\n"
            "tasks.yml:8:50: error: unknown key 'sed' in 'held_out' (did you mean 'seed'?)\n"
            "tasks.yml:9:11: error: task name '../c' cannot be a file's: no '/', and no '.' at the start\n"
            "tasks.yml:10:11: error: 'data' needs 'path'\n"
            "tasks.yml:11:1: error: unknown key 'extra' in a task catalogue (valid: tasks)");
}

TEST_F(CatalogueTest, MustListTasks) {
  EXPECT_THAT(errors(""), HasSubstr("tasks.yml: error: the task catalogue is empty"));
  EXPECT_THAT(errors("tasks: []"), HasSubstr("'tasks' must be a list of at least one task"));
  EXPECT_THAT(errors("- name: a"), HasSubstr("the task catalogue must be a mapping"));
  EXPECT_THAT(errors("models: 1"), HasSubstr("'tasks' is missing"));
  EXPECT_EQ(load_catalogue(posix_file_system(), directory_ / "none.yml").error().kind, ErrorKind::kInput);
}

class OpenTaskTest : public ::testing::Test {
 protected:
  OpenTaskTest() {
    task_.name = "t";
    task_.data.format = "text";
    task_.data.path = directory_.path();
    std::string train;
    for (int i = 0; i < 40; ++i) train += fmt::format("{}\ttext {}\n", i % 2, i);
    write_file(directory_ / "train.tsv", train);
    write_file(directory_ / "test.tsv", "1\ta\n");
  }
  Result<std::unique_ptr<Dataset>> open(const std::string& split) {
    return open_task(posix_file_system(), task_, split);
  }
  TempDir directory_;
  Task task_;
};

TEST_F(OpenTaskTest, HoldsOutOfTrain) {
  EXPECT_EQ((*open(""))->size(), 1u);
  EXPECT_EQ((*open("train"))->size(), 40u);
  EXPECT_EQ((*open("validation"))->size(), 4u);
  EXPECT_EQ((*open("adaptation"))->size(), 4u);
  EXPECT_EQ((*open("rest"))->size(), 32u);
  write_file(directory_ / "validation.tsv", "0\tstored\n");
  EXPECT_EQ(*(*open("validation"))->text(0), "stored");
}

// Or a test file would be taken for the split that validation is cut from.
TEST_F(OpenTaskTest, OneFileIsOneSplit) {
  task_.data.path = directory_ / "test.tsv";
  EXPECT_TRUE(open("").has_value());
  EXPECT_TRUE(open("test").has_value());
  for (const char* split : {"train", "validation", "rest"})
    EXPECT_THAT(open(split).error().message, HasSubstr("test.tsv' is one file, with the split 'test'")) << split;
}

TEST_F(OpenTaskTest, NamesTheTaskInErrors) {
  EXPECT_THAT(open("dev").error().message, HasSubstr("task 't': "));
  task_.held_out.from = "adaptation";
  EXPECT_THAT(open("validation").error().message, HasSubstr("which is held out itself"));
  task_.held_out.from = "test";
  EXPECT_THAT(open("validation").error().message, HasSubstr("no items are left for the split 'validation'"));
}

}  // namespace
}  // namespace wootz
