#include "gemini/tool_ids.hpp"

#include "common/headers.hpp"

namespace onechat::gemini {
namespace {

constexpr std::string_view kPrefix = "gemini_";
constexpr std::size_t kIdMax = 64;  // what every dialect takes

bool portable(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

std::string_view id_in_history(const oc::Call& call, std::string_view tool_name, std::uint64_t ordinal) {
  const dialect::Digits number(ordinal);
  const std::size_t room = kIdMax - kPrefix.size() - number.size - 1;
  const auto id = call.concat({kPrefix, number.view(), "_", tool_name.substr(0, room)});
  char* const text = const_cast<char*>(id.data());  // the copy in the arena
  for (std::size_t i = 0; i < id.size(); ++i)
    if (!portable(text[i])) text[i] = '_';
  return id;
}

std::string_view id_in_answer(const oc::Call& call, std::string_view answer_id, std::uint64_t choice,
                              std::uint64_t ordinal) {
  std::uint64_t h = 0xCBF29CE484222325u;  // FNV-1a
  for (const char c : answer_id) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  char hash[16];
  for (char& digit : hash) {
    digit = "0123456789abcdef"[h & 15];
    h >>= 4;
  }
  return call.concat(
      {kPrefix, {hash, sizeof hash}, "_", dialect::Digits(choice).view(), "_", dialect::Digits(ordinal).view()});
}

bool is_made_up(std::string_view id) noexcept { return id.substr(0, kPrefix.size()) == kPrefix; }

}  // namespace onechat::gemini
