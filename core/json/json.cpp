#include "json/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "json/text_scan.hpp"

namespace onechat::json {

std::size_t utf8_length(const char* text, const char* end) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text);
  const auto left = static_cast<std::size_t>(end - text);
  const auto tail = [&](std::size_t i, unsigned lo = 0x80, unsigned hi = 0xBF) {
    return i < left && p[i] >= lo && p[i] <= hi;
  };
  if (p[0] < 0x80) return 1;
  if (p[0] >= 0xC2 && p[0] <= 0xDF) return tail(1) ? 2 : 0;
  if (p[0] >= 0xE0 && p[0] <= 0xEF) {
    const unsigned lo = p[0] == 0xE0 ? 0xA0 : 0x80, hi = p[0] == 0xED ? 0x9F : 0xBF;
    return tail(1, lo, hi) && tail(2) ? 3 : 0;
  }
  if (p[0] >= 0xF0 && p[0] <= 0xF4) {
    const unsigned lo = p[0] == 0xF0 ? 0x90 : 0x80, hi = p[0] == 0xF4 ? 0x8F : 0xBF;
    return tail(1, lo, hi) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

const oc_json* get(const oc_json* object, std::string_view key) noexcept {
  const oc_json* found = nullptr;
  const std::uint64_t bit = name_bit(key);
  if (object == nullptr || object->type != OC_JSON_OBJECT || (object->names & bit) == 0) return nullptr;
  for (const oc_json* m = object->first; m != nullptr; m = m->next)
    if (m->key_bit == bit && m->key == key) found = m;
  return found;
}

bool has_duplicate_keys(const oc_json* object) noexcept {
  if (object == nullptr || object->type != OC_JSON_OBJECT) return false;
  for (const oc_json* m = object->first; m != nullptr; m = m->next)
    for (const oc_json* other = m->next; other != nullptr; other = other->next)
      if (m->key == other->key) return true;
  return false;
}

std::int64_t integer(const oc_json* v, std::int64_t otherwise) noexcept {
  if (v == nullptr || v->type != OC_JSON_NUMBER) return otherwise;
  std::int64_t out = 0;
  const auto [end, code] = std::from_chars(v->raw.data(), v->raw.data() + v->raw.size(), out);
  return code == std::errc() && end == v->raw.data() + v->raw.size() ? out : otherwise;
}

double number(const oc_json* v, double otherwise) noexcept {
  if (v == nullptr || v->type != OC_JSON_NUMBER) return otherwise;
  double out = 0;
  const auto [end, code] = std::from_chars(v->raw.data(), v->raw.data() + v->raw.size(), out);
  return code == std::errc() ? out : otherwise;
}

namespace {

void append_escape(std::string& out, unsigned char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto pair = [&](char name) { out.push_back('\\'), out.push_back(name); };
  switch (c) {
    case '"': return pair('"');
    case '\\': return pair('\\');
    case '\n': return pair('n');
    case '\r': return pair('r');
    case '\t': return pair('t');
    case '\b': return pair('b');
    case '\f': return pair('f');
    default:
      out.append("\\u00");
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
  }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const char* kept = p;  // what is copied as it is begins here
  out.push_back('"');
  while ((p = skip_plain(p, end)) != end) {
    const auto c = static_cast<unsigned char>(*p);
    if (c >= 0x80) {
      if (const std::size_t n = utf8_length(p, end); n != 0) {
        p += n;
        continue;
      }
    }
    out.append(kept, p);
    if (c >= 0x80)
      out.append("\xEF\xBF\xBD");
    else
      append_escape(out, c);
    kept = ++p;
  }
  out.append(kept, end);
  out.push_back('"');
}

}  // namespace onechat::json

namespace {

// std::copy of at most 64 bytes without a call or a loop: in words that may overlap.
char* copy_short(const char* from, std::size_t n, char* to) noexcept {
  struct Sixteen {
    char bytes[16];
  };
  const auto word = [&]<class Word>(Word, std::size_t at) { std::memcpy(to + at, from + at, sizeof(Word)); };
  if (n >= 16) {
    word(Sixteen{}, 0);
    if (n > 32) word(Sixteen{}, 16);
    if (n > 48) word(Sixteen{}, 32);
    word(Sixteen{}, n - 16);
  } else if (n >= 8) {
    word(std::uint64_t{}, 0);
    word(std::uint64_t{}, n - 8);
  } else if (n >= 4) {
    word(std::uint32_t{}, 0);
    word(std::uint32_t{}, n - 4);
  } else if (n >= 2) {
    word(std::uint16_t{}, 0);
    word(std::uint16_t{}, n - 2);
  } else if (n == 1) {
    *to = *from;
  }
  return to + n;
}

}  // namespace

// Names and short values, with the comma and the quotes around them, go out in one piece. What is to be escaped is looked
// for in the copy, which whole steps fit into.
bool oc_jsonw::write_short(std::string_view text, bool name) {
  constexpr std::size_t kShortMax = 60;
  if (text.size() > kShortMax) return false;
  char piece[2 + kShortMax + onechat::json::kPlainStep];
  char* at = piece;
  if (comma_) *at++ = ',';
  *at++ = '"';
  const char* const begin = at;
  at = copy_short(text.data(), text.size(), at);
  std::memset(at, ' ', onechat::json::kPlainStep);
  for (const char* p = begin; p < at; p += onechat::json::kPlainStep)
    if (!onechat::json::plain_step(p)) return false;
  *at++ = '"';
  if (name) *at++ = ':';
  out_->append(piece, static_cast<std::size_t>(at - piece));
  comma_ = !name;
  return true;
}

oc_jsonw& oc_jsonw::key(std::string_view k) {
  if (write_short(k, true)) return *this;
  separate();
  onechat::json::append_string(*out_, k);
  out_->push_back(':');
  comma_ = false;
  return *this;
}

oc_jsonw& oc_jsonw::string(std::string_view v) {
  if (write_short(v, false)) return *this;
  separate();
  onechat::json::append_string(*out_, v);
  return *this;
}

oc_jsonw& oc_jsonw::integer(std::int64_t v) {
  char buffer[24];
  char* const digits = comma_ ? buffer + 1 : buffer;
  buffer[0] = ',';
  comma_ = true;
  const char* const end = std::to_chars(digits, buffer + sizeof buffer, v).ptr;
  out_->append(buffer, static_cast<std::size_t>(end - buffer));
  return *this;
}

oc_jsonw& oc_jsonw::number(double v) {
  if (!std::isfinite(v)) return null();
  separate();
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
  out_->append(buffer, end);
  return *this;
}

oc_jsonw& oc_jsonw::boolean(bool v) { return raw(v ? "true" : "false"); }
oc_jsonw& oc_jsonw::null() { return raw("null"); }

oc_jsonw& oc_jsonw::raw(std::string_view json) {
  separate();
  out_->append(json);
  return *this;
}

oc_jsonw& oc_jsonw::open(bool array) {
  constexpr std::size_t kFirstBytes = 256;  // a small text is allocated once instead of four times
  if (depth_ == 0 && out_->capacity() < kFirstBytes) out_->reserve(kFirstBytes);
  separate();
  out_->push_back(array ? '[' : '{');
  arrays_ = arrays_ << 1 | (array ? 1u : 0u);
  ++depth_;
  comma_ = false;
  return *this;
}

oc_jsonw& oc_jsonw::close() {
  out_->push_back((arrays_ & 1) != 0 ? ']' : '}');
  arrays_ >>= 1;
  if (depth_ > 0) --depth_;
  comma_ = true;
  return *this;
}
