// What the demo model is going to say: decided when the request comes, a pure function of it.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::demo {

// Everything lies in the arena of the call.
struct Script {
  oc_str text;                  // the answer, or the arguments of the call of `tool_name`
  oc_str tool_name;             // "" = no tool is called
  std::uint64_t input_tokens;   // of the request
  std::uint64_t output_tokens;  // of one choice
  std::uint32_t finish;         // OC_FIN_*
};

Script write_script(const oc::Call& call, const oc_request& request);

// The first piece of `text`: a word with the space after it, at most kPieceMax bytes and never half a character. One piece
// is one token.
std::string_view first_piece(std::string_view text) noexcept;
inline constexpr std::size_t kPieceMax = 16;

}  // namespace onechat::demo
