// One vector of an embeddings answer.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::openai_chat {

// As a JSON array of numbers: an array as it is, or base64 of little-endian float32. "" when it is neither.
std::string_view numbers_of(const oc::Call& call, oc::Json embedding);

}  // namespace onechat::openai_chat
