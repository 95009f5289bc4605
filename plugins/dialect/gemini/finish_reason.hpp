// Why an answer ended: the dialect's finishReason words and OC_FIN_*. The dialect has no word for "it called a tool".
#pragma once
#include <cstdint>
#include <string_view>

namespace onechat::gemini {

// An unknown word is a stop: new ones keep coming, and the answer did end.
std::uint32_t finish_from_wire(std::string_view word) noexcept;
std::string_view finish_to_wire(std::uint32_t finish) noexcept;
// A word that says "no reason yet".
bool is_no_reason(std::string_view word) noexcept;

}  // namespace onechat::gemini
