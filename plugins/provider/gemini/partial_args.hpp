// Arguments of a function call that arrive value by value, each with its place:
// {"jsonPath":"$.items[0].name","stringValue":"app","willContinue":true}. Put together to one JSON object.
//
// Lives in the state of one attempt. What makes no sense is left out; sizes are bounded.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onechat::gemini {

class PartialArgs {
 public:
  void clear() { root_ = Node(); }
  void add(oc::Json partial_arg);
  // Members of a whole `args` object that came beside the pieces.
  void add_object(oc::Json args);
  void write(oc::Writer& out) const;

 private:
  struct Node {
    enum class Kind { nothing, object, array, string, raw } kind = Kind::nothing;
    std::string text;  // of a string, decoded; or a scalar's JSON
    std::string name;  // of a member
    std::vector<Node> members, items;
  };
  static Node* child(Node& at, std::string_view name);
  static Node* element(Node& at, std::uint64_t index);
  Node* find(std::string_view path);
  static void write(const Node& n, oc::Writer& out);

  Node root_;
};

}  // namespace onechat::gemini
