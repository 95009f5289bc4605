// Why an answer ended: the dialect's finish_reason words and OC_FIN_*.
#pragma once
#include <cstdint>
#include <string_view>

namespace onechat::openai_chat {

// An unknown word is a stop: every vendor invents some, and the answer did end.
std::uint32_t finish_from_wire(std::string_view word) noexcept;
// `refusal_told`: the message has a refusal, which with "stop" says all that is to say.
std::string_view finish_to_wire(std::uint32_t finish, bool refusal_told = false) noexcept;

}  // namespace onechat::openai_chat
