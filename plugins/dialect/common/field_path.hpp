// Names a place in the request for an error: "messages[2].content[0].type". Built only when something is wrong.
#pragma once
#include <onechat/onechat.hpp>

#include <charconv>
#include <cstdint>
#include <string_view>

namespace onechat::dialect {

// A link of the chain from a member up to the top; lives on the stack of the parser.
struct FieldPath {
  const FieldPath* parent = nullptr;
  std::string_view name;
  std::int64_t index = -1;  // >= 0: an element, then `name` is unused

  FieldPath member(std::string_view n) const { return {this, n, -1}; }
  FieldPath element(std::uint64_t i) const { return {this, {}, static_cast<std::int64_t>(i)}; }

  std::string_view text(const oc::Call& call) const {
    std::string_view above = parent != nullptr ? parent->text(call) : std::string_view();
    if (index < 0) return above.empty() ? name : call.concat({above, ".", name});
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, index).ptr;
    return call.concat({above, "[", {digits, static_cast<std::size_t>(end - digits)}, "]"});
  }
};

}  // namespace onechat::dialect
