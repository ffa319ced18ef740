// The bridge to yaml-cpp: its events become our tree, its exceptions our errors.
#include "wootz/yaml/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "wootz/yaml/yaml_text.h"

namespace wootz {
namespace {

constexpr std::size_t kMaxDepth = 32;       // a recipe needs 8
constexpr std::size_t kMaxNodes = 250'000;  // after aliases: 20 models with a value for each of 4000 tensors

// Thrown through yaml-cpp to end the parse; caught in read_yaml.
struct Stop {
  TextPlace place;
  std::string message;
};

TextPlace place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Tags that only say what YAML 1.1 would find by itself, or that a scalar is text.
const std::unordered_set<std::string> kPlainTags = {"",
                                                    "?",
                                                    "!",
                                                    "tag:yaml.org,2002:str",
                                                    "tag:yaml.org,2002:int",
                                                    "tag:yaml.org,2002:float",
                                                    "tag:yaml.org,2002:bool",
                                                    "tag:yaml.org,2002:null",
                                                    "tag:yaml.org,2002:map",
                                                    "tag:yaml.org,2002:seq"};

struct Explanation {
  std::string_view message;
  std::string_view meaning;
};

// yaml-cpp's commonest complaints, for people who do not know YAML's grammar.
constexpr std::array<Explanation, 11> kExplanations{{
    {"end of map flow not found", "a '{' is not closed, or a comma is missing"},
    {"end of sequence flow not found", "a '[' is not closed, or a comma is missing"},
    {"illegal flow end", "this bracket does not fit the one that is open: is a '}' or ']' missing before it?"},
    {"end of map not found", "the indentation of this line fits none of the lines above"},
    {"end of sequence not found", "the indentation of this line fits none of the lines above"},
    {"illegal block entry", "a list entry ('- ') cannot stand here: check the indentation"},
    {"illegal map key", "a 'key: value' cannot stand here: check the indentation"},
    {"illegal map value", "a second ': ' on one line: put a value that contains ': ' in quotes"},
    {"illegal EOF in scalar", "a quote is not closed"},
    {"illegal document indicator in scalar", "a quote opened above is not closed"},
    {"the referenced anchor is not defined", "this alias ('*name') has no anchor ('&name') before it"},
}};

// What yaml-cpp says of a line, in plain words.
std::string explain(const YAML::Exception& exception, std::string_view text) {
  std::size_t begin = 0;
  for (int line = 0; line < exception.mark.line; ++line) begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  const std::string_view rest = text.substr(std::min(begin, text.size()));
  const std::string_view indentation = rest.substr(0, rest.find_first_not_of(" \t"));
  if (!text.empty() && indentation.find('\t') != std::string_view::npos)
    return "a tab in the indentation: indent with spaces";
  for (const Explanation& row : kExplanations)
    if (exception.msg.starts_with(row.message)) return std::string(row.meaning);
  return exception.msg;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Reporter& report) : report_(report) {}

  YamlTree take() { return std::move(tree_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode& node = make(YamlNode::Kind::kNull, mark, "", anchor);
    if (!open_.empty() && open_.back().key) node.place = open_.back().key->place;
    attach(node, node.place);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode& node = make(YamlNode::Kind::kScalar, mark, tag, anchor);
    node.text = value;
    plain_ = tag == "?";
    attach(node, node.place);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const YamlNode* target = anchors_.at(anchor);
    const bool inside = std::any_of(open_.begin(), open_.end(), [&](const Open& open) { return open.node == target; });
    if (inside) throw Stop{place_of(mark), "this alias refers to the value that it is part of"};
    plain_ = false;
    attach(*target, place_of(mark));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kSequence, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kMapping, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override {
    carry_out_merges();
    close();
  }

 private:
  struct Key {
    std::string text;
    TextPlace place;
    bool merge = false;
  };
  struct Open {
    YamlNode* node = nullptr;
    std::optional<Key> key;                      // of a mapping: read, its value not yet
    std::unordered_map<std::string, int> lines;  // of a mapping: where a key was first seen
    std::vector<const YamlNode*> merges;         // of a mapping: the values of `<<`
  };

  YamlNode& make(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (!kPlainTags.contains(tag))
      throw Stop{place_of(mark), fmt::format("the tag {} is not supported: remove it", shown(tag))};
    YamlNode& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.place = place_of(mark);
    if (anchor != 0) anchors_[anchor] = &node;
    return node;
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() >= kMaxDepth)
      throw Stop{place_of(mark), fmt::format("nested deeper than {} levels: nothing here needs that", kMaxDepth)};
    if (!open_.empty() && open_.back().node->is_mapping() && !open_.back().key)
      throw Stop{place_of(mark), "a list or mapping cannot be a key: is a quote or a line break missing?"};
    open_.push_back({&make(kind, mark, tag, anchor), {}, {}, {}});
  }

  void close() {
    const YamlNode& node = *open_.back().node;
    open_.pop_back();
    attach(node, node.place);
  }

  // Hands a finished node to the collection around it. `place` is where it is used.
  void attach(const YamlNode& node, TextPlace place) {
    if (open_.empty()) {
      tree_.root = &node;
      return;
    }
    Open& parent = open_.back();
    if (parent.node->is_sequence()) {
      grow(parent, node.weight, place);
      parent.node->items.push_back(&node);
    } else if (!parent.key) {
      if (!node.is_scalar()) throw Stop{place, "a key must be a word"};
      parent.key = Key{node.text, place, plain_ && node.text == "<<"};
    } else if (parent.key->merge) {
      add_merge(parent, node);
    } else {
      grow(parent, node.weight, place);
      add_entry(parent, node);
    }
  }

  void grow(Open& parent, std::size_t weight, TextPlace place) {
    parent.node->weight += weight;
    if (parent.node->weight > kMaxNodes)
      throw Stop{place, fmt::format("more than {} values when the aliases are written out", kMaxNodes)};
  }

  void add_entry(Open& parent, const YamlNode& value) {
    Key key = *std::exchange(parent.key, std::nullopt);
    const auto [first, is_new] = parent.lines.emplace(key.text, key.place.line);
    if (!is_new) {
      report_.error(key.place, "{} is set twice (first on line {}): keep one", shown(key.text), first->second);
      return;
    }
    parent.node->entries.push_back({std::move(key.text), key.place, &value});
  }

  void add_merge(Open& parent, const YamlNode& value) {
    const TextPlace place = std::exchange(parent.key, std::nullopt)->place;
    const auto is_mapping = [](const YamlNode* node) { return node->is_mapping(); };
    if (value.is_mapping())
      parent.merges.push_back(&value);
    else if (value.is_sequence() && std::all_of(value.items.begin(), value.items.end(), is_mapping))
      parent.merges.insert(parent.merges.end(), value.items.begin(), value.items.end());
    else
      throw Stop{place, "'<<' takes an alias of a mapping, or a list of such aliases"};
  }

  // YAML 1.1 merge keys: own keys first, then those of the merged mappings in order.
  void carry_out_merges() {
    Open& mapping = open_.back();
    for (const YamlNode* source : mapping.merges) {
      for (const YamlEntry& entry : source->entries) {
        grow(mapping, entry.value->weight, mapping.node->place);
        if (mapping.lines.emplace(entry.key, entry.place.line).second) mapping.node->entries.push_back(entry);
      }
    }
  }

  Reporter& report_;
  YamlTree tree_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, const YamlNode*> anchors_;
  bool plain_ = false;  // whether the last scalar was written without quotes
};

// Sees whether a second document starts.
class SecondDocument : public TreeBuilder {
 public:
  using TreeBuilder::TreeBuilder;
  void OnDocumentStart(const YAML::Mark& mark) override {
    throw Stop{place_of(mark), "a second document starts here ('---'): a file holds one; split it"};
  }
};

}  // namespace

const YamlEntry* YamlNode::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const YamlEntry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

std::optional<YamlTree> read_yaml(std::string_view text, Reporter& report) {
  if (!check_text(text, report)) return std::nullopt;
  try {
    // yaml-cpp takes the end of the file for a closing quote, but not the end of the document: a file cut short inside
    // a quoted value must not pass.
    std::istringstream stream{std::string(text) + "\n...\n"};
    YAML::Parser parser(stream);
    TreeBuilder builder(report);
    parser.HandleNextDocument(builder);
    SecondDocument second(report);
    parser.HandleNextDocument(second);
    return builder.take();
  } catch (const Stop& stop) {
    report.error(stop.place, "{}", stop.message);
  } catch (const YAML::Exception& exception) {
    TextPlace place = exception.mark.is_null() ? TextPlace{} : place_of(exception.mark);
    const auto last_line = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
    if (place.line > last_line) place = {last_line, 1};  // in the end mark that was added
    report.error(place, "not valid YAML: {}", explain(exception, text));
  }
  return std::nullopt;
}

std::optional<YamlTree> read_mapping(std::string_view text, std::string_view what, std::string_view needs,
                                     Reporter& report) {
  std::optional<YamlTree> tree = read_yaml(text, report);
  if (!tree) return std::nullopt;
  if (tree->root == nullptr || tree->root->is_null())
    report.error({}, "{} is empty: {}", what, needs);
  else if (!tree->root->is_mapping())
    report.error(tree->root->place, "{} must be a mapping, one 'key: value' a line: {}", what, needs);
  else
    return tree;
  return std::nullopt;
}

}  // namespace wootz
