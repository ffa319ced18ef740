#include <gtest/gtest.h>

#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/data/dataset.h"

namespace wootz {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::TempDir;
using testing::write_file;

class TextFormat : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Dataset>> open(std::map<std::string, std::string> options = {}) {
    DataSpec spec;
    spec.format = "text";
    spec.path = directory_.path();
    spec.options = std::move(options);
    spec.class_names = class_names_;
    return open_dataset(posix_file_system(), spec);
  }
  std::string error(std::map<std::string, std::string> options = {}) {
    const auto opened = open(std::move(options));
    return opened ? "" : opened.error().message;
  }
  void write(const std::string& name, std::string_view text) { write_file(directory_ / name, text); }

  static std::vector<std::string> rows(const Dataset& data) {
    std::vector<std::string> list;
    for (std::size_t i = 0; i < data.size(); ++i) list.push_back(fmt::format("{}|{}", data.label(i), *data.text(i)));
    return list;
  }

  TempDir directory_;
  std::vector<std::string> class_names_;
};

TEST_F(TextFormat, TsvHasNoQuotes) {
  write("test.tsv", "1\tsay \"no\", twice\r\n\n0\t\"open\n2\t\n");
  write("classes.txt", "bad\ngood\nother\n");
  const auto data = open().value();
  EXPECT_EQ(data->kind(), InputKind::kText);
  EXPECT_THAT(rows(*data), ElementsAre("1|say \"no\", twice", "0|\"open", "2|"));
  EXPECT_THAT(data->class_names(), ElementsAre("bad", "good", "other"));
  EXPECT_THAT(data->place(1), EndsWith("/test.tsv:3"));
}

TEST_F(TextFormat, TsvWithAHeader) {
  write("test.tsv", "id\tsentence\tlabel\n7\tfine\t1\n");
  EXPECT_THAT(rows(**open({{"text_column", "sentence"}})), ElementsAre("1|fine"));
  EXPECT_THAT(rows(**open({{"text_column", "1"}, {"label_column", "2"}, {"header", "true"}})), ElementsAre("1|fine"));
}

TEST_F(TextFormat, CsvIsQuotedAsInRfc4180) {
  write("test.csv",
        "\xEF\xBB\xBFtext,label\r\n\"a, \"\"b\"\"\nc\",0\r\nplain \"d\",1\r\n\"\",1\r\n\"unterminated? no\",\"0\"");
  const auto data = open().value();
  EXPECT_THAT(rows(*data), ElementsAre("0|a, \"b\"\nc", "1|plain \"d\"", "1|", "0|unterminated? no"));
  EXPECT_THAT(data->place(1), EndsWith("/test.csv:4"));
}

TEST_F(TextFormat, CsvWithoutAHeader) {
  write("test.csv", "3,title,\"body, more\"\n");
  EXPECT_THAT(rows(**open({{"header", "false"}, {"text_column", "2"}})), ElementsAre("3|body, more"));
}

TEST_F(TextFormat, JsonLines) {
  class_names_ = {"no", "yes"};
  write("test.jsonl", R"({"text": "caf\u00e9", "label": 1})"
                      "\n\n"
                      R"({"label": "no", "text": "tab\there"})");
  const auto data = open().value();
  EXPECT_THAT(rows(*data), ElementsAre("1|caf\u00e9", "0|tab\there"));
  EXPECT_THAT(data->place(1), EndsWith("/test.jsonl:3"));
  EXPECT_THAT(rows(**open({{"text_column", "text"}})), ElementsAre("1|caf\u00e9", "0|tab\there"));
}

TEST_F(TextFormat, LabelsAreNamesBeforeTheyAreNumbers) {
  class_names_ = {"1", "2"};
  write("test.tsv", "1\ta\n2\tb\n0\tc\n");
  EXPECT_THAT(rows(**open()), ElementsAre("0|a", "1|b", "0|c"));
}

TEST_F(TextFormat, WrongRowsAreNamed) {
  write("test.tsv", "0\tfine\nno tab here\n");
  EXPECT_THAT(error(), HasSubstr("test.tsv:2: 1 column, but column 1 is wanted"));
  write("test.tsv", "good\tfine\n");
  EXPECT_THAT(error(), HasSubstr("test.tsv:1: label 'good' is no number, and the classes have no names"));
  write("classes.txt", "bad\ngood\n");
  write("test.tsv", "good\tfine\ngod\tfine\n");
  EXPECT_THAT(error(),
              HasSubstr("test.tsv:2: label 'god' is neither a class name nor a number (did you mean 'good'?)"));
  write("test.tsv", "2\tfine\n");
  EXPECT_THAT(error(), HasSubstr("test.tsv:1: label 2 is out of range: there are 2 classes"));
  write("test.tsv", "\n");
  EXPECT_THAT(error(), HasSubstr("test.tsv': holds no texts"));
  write("classes.txt", "bad\n\ngood\n");
  EXPECT_THAT(error(), HasSubstr("classes.txt:2: an empty line"));
  write("classes.txt", "bad\ngood\nbad\n");
  EXPECT_THAT(error(), HasSubstr("classes.txt:3: class 'bad' is on line 1 already"));
}

TEST_F(TextFormat, WrongCsvIsNamed) {
  write("test.csv", "text,label\n\"never\nclosed,0\n");
  EXPECT_THAT(error(), HasSubstr("test.csv:2: a quote is opened and never closed"));
  write("test.csv", "text,label\n\"a\"b,0\n");
  EXPECT_THAT(error(), HasSubstr("test.csv:2: text after a closing quote"));
  write("test.csv", "txt,label\na,0\n");
  EXPECT_THAT(error(), HasSubstr("test.csv:1: no column 'text' in the header (did you mean 'txt'?)"));
  EXPECT_THAT(error({{"header", "false"}, {"text_column", "x"}}), HasSubstr("the file has no header"));
  EXPECT_THAT(error({{"header", "maybe"}}), HasSubstr("'header' must be true or false"));
}

TEST_F(TextFormat, WrongJsonLinesAreNamed) {
  write("test.jsonl", "{\"text\": \"a\", \"label\": 0}\n{\"text\": \"a\", \"label\": 0\n");
  EXPECT_THAT(error(), HasSubstr("test.jsonl:2: not valid JSON"));
  write("test.jsonl", "[1]");
  EXPECT_THAT(error(), HasSubstr("test.jsonl:1: not a JSON object"));
  write("test.jsonl", R"({"txt": "a", "label": 0})");
  EXPECT_THAT(error(), HasSubstr("no key 'text' (did you mean 'txt'?)"));
  write("test.jsonl", R"({"text": 1, "label": 0})");
  EXPECT_THAT(error(), HasSubstr("'text' must be a string"));
  write("test.jsonl", R"({"text": "a", "label": -1})");
  EXPECT_THAT(error(), HasSubstr("'label' must be a class name or a whole number from 0, not '-1'"));
}

TEST_F(TextFormat, FindsTheSplit) {
  EXPECT_THAT(error(), HasSubstr("no split 'test' there: neither test.tsv nor test.csv nor test.jsonl"));
  write("test.tsv", "0\ta\n");
  write("test.csv", "text,label\na,0\n");
  EXPECT_THAT(error(), HasSubstr("two files for one split"));

  DataSpec spec;
  spec.format = "text";
  spec.path = directory_ / "test.csv";
  EXPECT_TRUE(open_dataset(posix_file_system(), spec).has_value());
  spec.split = "train";
  EXPECT_THAT(open_dataset(posix_file_system(), spec).error().message, HasSubstr("is not the split 'train'"));
  spec.path = directory_ / "nowhere";
  EXPECT_THAT(open_dataset(posix_file_system(), spec).error().message, HasSubstr("no such file or directory"));
}

}  // namespace
}  // namespace wootz
