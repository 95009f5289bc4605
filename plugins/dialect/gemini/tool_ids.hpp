// Ids of tool calls. Gemini mostly gives none and pairs calls and results by name and order; everyone else needs them,
// so they are made up on both sides and recognised again before they would reach Google.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::gemini {

// Made from the ordinal of the call in its conversation, so the same history gives the same ids in every request.
std::string_view id_in_history(const oc::Call& call, std::string_view tool_name, std::uint64_t ordinal);
// Made from the id of the answer that has the call, so that no two answers of a conversation share one.
std::string_view id_in_answer(const oc::Call& call, std::string_view answer_id, std::uint64_t choice,
                              std::uint64_t ordinal);
bool is_made_up(std::string_view id) noexcept;

}  // namespace onechat::gemini
