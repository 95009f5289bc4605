#include "control/yaml_node.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <sstream>

#include "json/json.hpp"

namespace onechat::control {
namespace {

using Kind = YamlNode::Kind;

struct Stop {  // ends a reading that makes no sense to go on with
  int line;
  std::string text;
};

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

// JSON's number grammar: what can be handed on as a JSON number without changing a character.
bool is_number(std::string_view s) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < s.size() && std::isdigit(static_cast<unsigned char>(s[i]))) ++i;
    return i - from;
  };
  if (i < s.size() && s[i] == '-') ++i;
  const std::size_t first = i;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && s[first] == '0')) return false;
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == s.size();
}

bool is_true(std::string_view s) { return s == "true" || s == "True" || s == "TRUE"; }
bool is_false(std::string_view s) { return s == "false" || s == "False" || s == "FALSE"; }

void resolve_plain(YamlNode& node) {
  if (is_true(node.text) || is_false(node.text)) {
    node.kind = Kind::boolean;
    node.text = is_true(node.text) ? "true" : "false";
  } else {
    node.kind = is_number(node.text) ? Kind::number : Kind::string;
  }
}

bool is_variable_name(std::string_view s) {
  if (s.empty() || std::isdigit(static_cast<unsigned char>(s[0]))) return false;
  return std::all_of(s.begin(), s.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

// Replaces ${...} in a scalar. True when there was any.
bool substitute(YamlNode& node, const Environment& env) {
  const std::string source = std::move(node.text);
  std::string& out = node.text;
  out.clear();
  bool any = false;
  for (std::size_t i = 0; i < source.size();) {
    if (source.compare(i, 3, "$${") == 0) {
      out += "${";
      i += 3;
      continue;
    }
    if (source.compare(i, 2, "${") != 0) {
      out += source[i++];
      continue;
    }
    const std::size_t end = source.find('}', i);
    const std::string body = end == source.npos ? std::string() : source.substr(i + 2, end - i - 2);
    const std::size_t colon = body.find(":-");
    const std::string name = body.substr(0, colon);
    if (!is_variable_name(name))
      throw Stop{node.line,
                 "'${' must be followed by a variable's name and '}', as in ${OPENAI_API_KEY} "
                 "or ${REGION:-eu}; write $${ for the characters themselves"};
    any = true;
    i = end + 1;
    const auto value = env(name);
    if (value && !value->empty()) {
      out += *value;
      node.from_env.push_back(*value);
    } else if (colon != body.npos) {
      out += body.substr(colon + 2);
    } else {
      node.missing_env.push_back(name);
    }
  }
  return any;
}

// Builds the tree from yaml-cpp's events: they carry marks, and anchors can be counted before anything is copied.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, const Environment& env, std::vector<Problem>& problems)
      : file_(file), env_(env), problems_(problems) {}

  bool has_root() const { return has_root_; }
  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Stop{line_of(mark), "a second YAML document; one file holds one"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.line = line_of(mark);
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Stop{line_of(mark), "an alias inside of what it stands for"};
    count(found->second, mark.line + 1);
    add(YamlNode(found->second), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = Kind::string;
    node.line = line_of(mark);
    node.text = value;
    if (!expecting_key()) {
      const bool plain = is_plain(tag, node.line);
      substitute(node, env_);
      if (plain) resolve_plain(node);
    }
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Kind::array, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Kind::object, mark, anchor);
  }
  void OnMapEnd() override {
    apply_merge_key(stack_.back().node);
    close();
  }

 private:
  struct Level {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    int key_line = 0;
  };

  static bool is_plain(const std::string& tag, int line) {
    if (tag == "?" || tag.empty()) return true;
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return false;
    for (const char* known : {"int", "float", "bool"})
      if (tag == std::string("tag:yaml.org,2002:") + known) return true;
    throw Stop{line, "unknown YAML tag '" + tag + "'"};
  }

  bool expecting_key() const {
    return !stack_.empty() && stack_.back().node.is(Kind::object) && !stack_.back().has_key;
  }

  void count_one(int line) {
    if (++nodes_ > kYamlNodesMax)
      throw Stop{line, "more than " + std::to_string(kYamlNodesMax) + " values (aliases count as what they copy)"};
  }
  void count(const YamlNode& node, int line) {
    count_one(line);
    for (const auto& item : node.items) count(item, line);
    for (const auto& member : node.members) count(member.value, line);
  }

  void open(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    const int line = line_of(mark);
    if (expecting_key()) throw Stop{line, "a key must be a plain word"};
    if (stack_.size() >= kYamlDepthMax)
      throw Stop{line, "nested deeper than " + std::to_string(kYamlDepthMax) + " levels"};
    count_one(line);
    Level level;
    level.node.kind = kind;
    level.node.line = line;
    level.anchor = anchor;
    stack_.push_back(std::move(level));
  }
  void close() {
    Level level = std::move(stack_.back());
    stack_.pop_back();
    attach(std::move(level.node), level.anchor);
  }
  void add(YamlNode node, YAML::anchor_t anchor) {
    count_one(node.line);
    if (!expecting_key()) return attach(std::move(node), anchor);
    if (!node.is(Kind::string)) throw Stop{node.line, "a key must be a plain word"};
    Level& level = stack_.back();
    level.has_key = true;
    level.key = std::move(node.text);
    level.key_line = node.line;
  }
  void attach(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      count(node, node.line);  // the copy kept for aliases
      anchors_[anchor] = node;
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      has_root_ = true;
      return;
    }
    Level& level = stack_.back();
    if (level.node.is(Kind::array)) {
      level.node.items.push_back(std::move(node));
      return;
    }
    level.has_key = false;
    if (const YamlNode* first = level.node.get(level.key)) {
      problems_.push_back(
          {file_, level.key_line,
           "key '" + level.key + "' is given twice (first in line " + std::to_string(first->line) + ")"});
      return;
    }
    if (level.node.members.size() >= kYamlMembersMax)
      throw Stop{level.key_line, "more than " + std::to_string(kYamlMembersMax) + " keys in one mapping"};
    level.node.members.push_back({std::move(level.key), level.key_line, std::move(node)});
  }

  // `<<: *defaults` adds the members that are not there yet.
  static void apply_merge_key(YamlNode& node) {
    const auto at = std::find_if(node.members.begin(), node.members.end(), [](const auto& m) { return m.key == "<<"; });
    if (at == node.members.end()) return;
    const YamlNode merged = std::move(at->value);
    node.members.erase(at);
    const auto add_from = [&](const YamlNode& source) {
      if (!source.is(Kind::object)) throw Stop{merged.line, "'<<' takes a mapping or a list of mappings"};
      for (const auto& m : source.members)
        if (!node.get(m.key)) node.members.push_back(m);
    };
    if (!merged.is(Kind::array)) return add_from(merged);
    for (const auto& source : merged.items) add_from(source);
  }

  const std::string& file_;
  const Environment& env_;
  std::vector<Problem>& problems_;
  std::vector<Level> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
  bool has_root_ = false;
  unsigned documents_ = 0;
  std::size_t nodes_ = 0;
};

void write_json(const YamlNode& node, std::string& out) {
  switch (node.kind) {
    case Kind::null: out += "null"; return;
    case Kind::boolean:
    case Kind::number: out += node.text; return;
    case Kind::string: json::append_string(out, node.text); return;
    case Kind::array:
      out += '[';
      for (const auto& item : node.items) {
        if (&item != &node.items.front()) out += ',';
        write_json(item, out);
      }
      out += ']';
      return;
    case Kind::object:
      out += '{';
      for (const auto& member : node.members) {
        if (&member != &node.members.front()) out += ',';
        json::append_string(out, member.key);
        out += ':';
        write_json(member.value, out);
      }
      out += '}';
      return;
  }
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
}

const YamlNode* YamlNode::get(std::string_view key) const noexcept {
  for (const auto& m : members)
    if (m.key == key) return &m.value;
  return nullptr;
}

std::optional<YamlNode> read_yaml(const std::string& file, const std::string& text, const Environment& env,
                                  std::vector<Problem>& problems) {
  const auto refuse = [&](int line, std::string why) {
    problems.push_back({file, line, std::move(why)});
    return std::nullopt;
  };
  if (text.size() > kYamlBytesMax) return refuse(0, "larger than " + std::to_string(kYamlBytesMax >> 20) + " MiB");
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    TreeBuilder builder(file, env, problems);
    while (parser.HandleNextDocument(builder)) {
    }
    if (!builder.has_root()) return refuse(0, "is empty");
    return builder.take_root();
  } catch (const Stop& stop) {
    return refuse(stop.line, stop.text);
  } catch (const YAML::Exception& e) {
    return refuse(e.mark.is_null() ? 0 : line_of(e.mark), "not valid YAML: " + e.msg);
  }
}

std::string to_json(const YamlNode& node) {
  std::string out;
  write_json(node, out);
  return out;
}

}  // namespace onechat::control
