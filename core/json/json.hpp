// JSON with limits: a parser into an arena and a writer into a string.
//
// The parser keeps, beside each value, where its text lies: codecs splice bodies at those places instead of writing
// them anew.
#pragma once
#include <onechat/host.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.hpp"

// A parsed value. `raw` points into the parsed text; `text` too, unless it had escapes.
struct oc_json {
  std::uint32_t type = OC_JSON_NULL;
  std::uint32_t size = 0;           // elements or members
  std::string_view raw, text, key;  // text: decoded string
  const oc_json* first = nullptr;
  const oc_json* next = nullptr;
  std::uint64_t key_bit = 0;  // name_bit() of `key`
  std::uint64_t names = 0;    // of an object: the bits of its members, so that what is absent is seen at once
};

namespace onechat::json {

inline constexpr unsigned kDepthMax = 64;

constexpr std::uint64_t name_bit(std::string_view name) noexcept {
  if (name.empty()) return 1;
  const auto first = static_cast<unsigned char>(name.front()), last = static_cast<unsigned char>(name.back());
  return std::uint64_t{1} << ((name.size() * 11 + first * 5u + last) & 63);
}

struct ParseError {
  std::size_t offset = 0;
  std::string_view what;  // static text, nullptr-like empty when fine
};

// One whole value, UTF-8 checked, at most kDepthMax deep; nullptr on error. `text` must outlive the result.
const oc_json* parse(Arena& arena, std::string_view text, ParseError* error = nullptr);

const oc_json* get(const oc_json* object, std::string_view key) noexcept;  // last of that name
bool has_duplicate_keys(const oc_json* object) noexcept;                   // looks one level deep
std::int64_t integer(const oc_json* v, std::int64_t otherwise) noexcept;
double number(const oc_json* v, double otherwise) noexcept;

// Appends `text` as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD.
void append_string(std::string& out, std::string_view text);

}  // namespace onechat::json

// Writes into a string of the caller's; commas come by themselves. Not checked: pairing is the caller's duty.
struct oc_jsonw {
 public:
  explicit oc_jsonw(std::string* out = nullptr) : out_(out) {}
  void bind(std::string* out) noexcept {
    out_ = out;
    depth_ = 0;
    comma_ = false;
  }
  std::string_view text() const noexcept { return out_ != nullptr ? std::string_view(*out_) : std::string_view(); }
  bool empty() const noexcept { return out_ == nullptr || (depth_ == 0 && !comma_); }

  oc_jsonw& key(std::string_view k);
  oc_jsonw& string(std::string_view v);
  oc_jsonw& integer(std::int64_t v);
  oc_jsonw& number(double v);
  oc_jsonw& boolean(bool v);
  oc_jsonw& null();
  oc_jsonw& raw(std::string_view json);
  oc_jsonw& object() { return open(false); }
  oc_jsonw& array() { return open(true); }
  oc_jsonw& open(bool array);
  oc_jsonw& close();

 private:
  void separate() {
    if (comma_) out_->push_back(',');
    comma_ = true;
  }
  bool write_short(std::string_view text, bool name);  // false: too long, or something in it is to be escaped

  std::string* out_;
  std::uint64_t arrays_ = 0;  // bit per level: 1 = array
  unsigned depth_ = 0;
  bool comma_ = false;
};
