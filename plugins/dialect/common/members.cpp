#include "common/members.hpp"

#include <algorithm>

namespace onechat::dialect {
namespace {

// Appends to memory that is known to be large enough.
struct Pen {
  char* at;
  void put(std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
  }
};

constexpr std::size_t kEscapeMax = 6;  // \u0000

void put_quoted(Pen& pen, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  pen.put("\"");
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20) {
      const char escape[kEscapeMax] = {'\\', 'u', '0', '0', kHex[u >> 4], kHex[u & 15]};
      pen.put({escape, kEscapeMax});
    } else {
      if (c == '"' || c == '\\') pen.put("\\");
      pen.put({&c, 1});
    }
  }
  pen.put("\"");
}

}  // namespace

std::string_view quoted(const oc::Call& call, std::string_view text) {
  char* begin = static_cast<char*>(call.allocate(text.size() * kEscapeMax + 2, 1));
  Pen pen{begin};
  put_quoted(pen, text);
  return {begin, static_cast<std::size_t>(pen.at - begin)};
}

std::string_view members_except(const oc::Call& call, oc::Json object, std::initializer_list<std::string_view> modelled) {
  const auto extra = [&](oc::Json m) { return std::find(modelled.begin(), modelled.end(), m.key()) == modelled.end(); };
  std::size_t bytes = 2;
  for (const oc::Json m : object)
    if (extra(m)) bytes += m.key().size() * kEscapeMax + m.raw().size() + 4;
  if (bytes == 2) return {};
  char* begin = static_cast<char*>(call.allocate(bytes, 1));
  Pen pen{begin};
  for (const oc::Json m : object) {
    if (!extra(m)) continue;
    pen.put(pen.at == begin ? "{" : ",");
    put_quoted(pen, m.key());
    pen.put(":");
    pen.put(m.raw());
  }
  pen.put("}");
  return {begin, static_cast<std::size_t>(pen.at - begin)};
}

std::string_view one_line(const oc::Call& call, std::string_view json) {
  if (json.find_first_of("\r\n") == std::string_view::npos) return json;
  char* const flat = static_cast<char*>(call.allocate(json.size(), 1));
  std::replace_copy_if(json.begin(), json.end(), flat, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return {flat, json.size()};
}

std::string_view object_of(const oc::Call& call, std::string_view name, std::string_view value_json) {
  return call.concat({"{", quoted(call, name), ":", value_json, "}"});
}

void write_members(const oc::Call& call, oc::Writer& out, std::string_view object_json) {
  if (object_json.empty()) return;
  for (const oc::Json m : call.parse(object_json)) out.key(m.key()).raw(m.raw());
}

}  // namespace onechat::dialect
