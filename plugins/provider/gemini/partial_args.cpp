#include "partial_args.hpp"

#include <charconv>

#include "gemini/names.hpp"

namespace onechat::gemini {
namespace {

constexpr int kDepthMax = 48;
constexpr std::uint64_t kItemsMax = 4096;

}  // namespace

PartialArgs::Node* PartialArgs::child(Node& at, std::string_view name) {
  if (at.kind == Node::Kind::nothing) at.kind = Node::Kind::object;
  if (at.kind != Node::Kind::object || name.empty()) return nullptr;
  for (Node& member : at.members)
    if (member.name == name) return &member;
  if (at.members.size() == kItemsMax) return nullptr;
  Node& made = at.members.emplace_back();
  made.name = name;
  return &made;
}

PartialArgs::Node* PartialArgs::element(Node& at, std::uint64_t index) {
  if (at.kind == Node::Kind::nothing) at.kind = Node::Kind::array;
  if (at.kind != Node::Kind::array || index >= kItemsMax) return nullptr;
  if (at.items.size() <= index) at.items.resize(index + 1);
  return &at.items[index];
}

PartialArgs::Node* PartialArgs::find(std::string_view path) {
  if (path.empty() || path[0] != '$') return nullptr;
  path.remove_prefix(1);
  Node* at = &root_;
  for (int depth = 0; at != nullptr && !path.empty(); ++depth) {
    if (depth == kDepthMax) return nullptr;
    if (path[0] == '.') {
      const auto end = path.find_first_of(".[", 1);
      at = child(*at, path.substr(1, end == std::string_view::npos ? end : end - 1));
      path = end == std::string_view::npos ? std::string_view() : path.substr(end);
      continue;
    }
    if (path[0] != '[' || path.size() < 3) return nullptr;
    const bool quoted = path[1] == '\'' || path[1] == '"';
    const auto end = quoted ? path.find(std::string{path[1], ']'}, 2) : path.find(']');
    if (end == std::string_view::npos) return nullptr;
    if (quoted) {
      at = child(*at, path.substr(2, end - 2));
    } else {
      std::uint64_t index = 0;
      const auto read = std::from_chars(path.data() + 1, path.data() + end, index);
      if (read.ec != std::errc() || read.ptr != path.data() + end) return nullptr;
      at = element(*at, index);
    }
    path.remove_prefix(end + (quoted ? 2 : 1));
  }
  return at;
}

void PartialArgs::add(oc::Json arg) {
  Node* const n = find(member(arg, "jsonPath").str());
  if (n == nullptr || n == &root_) return;
  if (const oc::Json text = member(arg, "stringValue"); text.is_string()) {
    n->kind = Node::Kind::string;
    n->text += text.str();
    return;
  }
  for (const std::string_view name : {"numberValue", "boolValue", "nullValue"}) {
    const oc::Json value = member(arg, name);
    if (!value) continue;
    n->kind = Node::Kind::raw;
    n->text = name == "nullValue" ? std::string_view("null") : value.raw();
  }
}

void PartialArgs::add_object(oc::Json args) {
  if (!args.is_object()) return;
  for (const oc::Json m : args) {
    Node* const n = child(root_, m.key());
    if (n == nullptr) continue;
    *n = Node();
    n->name = m.key();
    n->kind = Node::Kind::raw;
    n->text = m.raw();
  }
}

void PartialArgs::write(oc::Writer& out) const {
  if (root_.kind == Node::Kind::object)
    write(root_, out);
  else
    out.object().close();
}

void PartialArgs::write(const Node& n, oc::Writer& out) {
  switch (n.kind) {
    case Node::Kind::nothing: out.null(); break;
    case Node::Kind::string: out.str(n.text); break;
    case Node::Kind::raw: out.raw(n.text); break;
    case Node::Kind::array:
      out.array();
      for (const Node& item : n.items) write(item, out);
      out.close();
      break;
    case Node::Kind::object:
      out.object();
      for (const Node& member : n.members) {
        out.key(member.name);
        write(member, out);
      }
      out.close();
      break;
  }
}

}  // namespace onechat::gemini
