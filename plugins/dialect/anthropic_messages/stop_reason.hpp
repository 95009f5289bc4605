// Why an answer ended: OC_FIN_* and the words of the dialect.
#pragma once
#include <cstdint>
#include <string_view>

namespace onechat::anthropic_messages {

// OC_FIN_STOP for a word nobody knows.
std::uint32_t finish_from_wire(std::string_view word) noexcept;
std::string_view finish_to_wire(std::uint32_t finish) noexcept;

}  // namespace onechat::anthropic_messages
