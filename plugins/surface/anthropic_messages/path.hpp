// Names a place in the request as the dialect does: "messages.2.content.0.type". Built only when something is wrong.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

#include "common/headers.hpp"

namespace onechat::anthropic_messages {

// A link of the chain from a member up to the top; lives on the stack of the parser.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;
  std::int64_t index = -1;  // >= 0: an element, then `name` is unused

  Path member(std::string_view n) const { return {this, n, -1}; }
  Path element(std::uint64_t i) const { return {this, {}, static_cast<std::int64_t>(i)}; }

  std::string_view text(const oc::Call& call) const {
    const dialect::Digits digits(index < 0 ? 0 : static_cast<std::uint64_t>(index));
    const std::string_view own = index < 0 ? name : digits.view();
    return parent != nullptr ? call.concat({parent->text(call), ".", own}) : call.copy(own);
  }
};

}  // namespace onechat::anthropic_messages
