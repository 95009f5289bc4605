// The reader: one pass over the text, values straight into the arena, strings without escapes left where they are.
#include <cstring>
#include <new>

#include "json/json.hpp"
#include "json/text_scan.hpp"

namespace onechat::json {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Value of a hexadecimal digit, or above 15.
unsigned hex_value(char c) noexcept {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 16;
}

char* put_utf8(char* out, unsigned point) noexcept {
  const auto byte = [&](unsigned v) { *out++ = static_cast<char>(v); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | point >> 6);
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
  return out;
}

class Reader {
 public:
  Reader(Arena& arena, std::string_view text)
      : arena_(arena), begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  const oc_json* read() {
    if (!document()) return nullptr;
    return root_;
  }
  ParseError error() const noexcept { return {static_cast<std::size_t>(at_ - begin_), what_}; }

 private:
  struct Level {  // no initial values: most texts use few of the levels
    oc_json* container;
    oc_json* last;
  };

  bool fail(std::string_view what) noexcept {
    what_ = what;
    return false;
  }
  void skip_space() noexcept {
    while (at_ != end_ && is_space(*at_)) ++at_;
  }
  bool take(char c) noexcept {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  std::string_view since(const char* start) const noexcept {
    return {start, static_cast<std::size_t>(at_ - start)};
  }

  // Containers that are open lie in levels_; no recursion, so that depth costs no stack.
  bool document() {
    skip_space();
    if (!value({})) return false;
    while (depth_ > 0) {
      skip_space();
      Level& level = levels_[depth_ - 1];
      const bool object = level.container->type == OC_JSON_OBJECT;
      if (take(object ? '}' : ']')) {
        close();
        continue;
      }
      if (level.last != nullptr) {
        if (!take(',')) return fail("a comma or a closing bracket is missing");
        skip_space();
      }
      if (!(object ? member() : value({}))) return false;
    }
    skip_space();
    return at_ == end_ || fail("something follows the value");
  }

  bool member() {
    if (at_ == end_ || *at_ != '"') return fail("a member has no name");
    std::string_view key;
    if (!string(key)) return false;
    skip_space();
    if (!take(':')) return fail("a colon is missing");
    skip_space();
    return value(key);
  }

  bool value(std::string_view key) {
    if (at_ == end_) return fail("the text ends early");
    const char* const start = at_;
    switch (*at_) {
      case '{': return open(OC_JSON_OBJECT, key);
      case '[': return open(OC_JSON_ARRAY, key);
      case '"': {
        oc_json* v = add(OC_JSON_STRING, key);
        if (!string(v->text)) return false;
        v->raw = since(start);
        return true;
      }
      case 't': return word("true", OC_JSON_BOOL, key);
      case 'f': return word("false", OC_JSON_BOOL, key);
      case 'n': return word("null", OC_JSON_NULL, key);
      default: break;
    }
    if (!number()) return fail("not a value");
    add(OC_JSON_NUMBER, key)->raw = since(start);
    return true;
  }

  bool word(std::string_view w, std::uint32_t type, std::string_view key) {
    if (static_cast<std::size_t>(end_ - at_) < w.size() || std::memcmp(at_, w.data(), w.size()) != 0)
      return fail("not a value");
    add(type, key)->raw = {at_, w.size()};
    at_ += w.size();
    return true;
  }

  bool digits() noexcept {
    const char* const start = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != start;
  }
  bool number() noexcept {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  // At the opening quote; ends behind the closing one.
  bool string(std::string_view& out) {
    const char* const start = ++at_;
    bool escaped = false;
    for (;;) {
      at_ = skip_plain(at_, end_);
      if (at_ == end_) return fail("a string does not end");
      const auto c = static_cast<unsigned char>(*at_);
      if (c == '"') break;
      if (c == '\\') {
        if (end_ - at_ < 2) return fail("a string does not end");
        escaped = true;
        at_ += 2;
      } else if (c < 0x20) {
        return fail("a control character in a string");
      } else if (const std::size_t n = utf8_length(at_, end_); n != 0) {
        at_ += n;
      } else {
        return fail("invalid UTF-8");
      }
    }
    out = since(start);
    ++at_;
    return !escaped || decode(out);
  }

  // Replaces `text` by a copy without escapes, which is never longer.
  bool decode(std::string_view& text) {
    char* const copy = static_cast<char*>(arena_.allocate(text.size(), 1));
    if (copy == nullptr) throw std::bad_alloc();
    char* out = copy;
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
      const void* hit = std::memchr(p, '\\', static_cast<std::size_t>(end - p));
      const char* const slash = hit != nullptr ? static_cast<const char*>(hit) : end;
      std::memcpy(out, p, static_cast<std::size_t>(slash - p));
      out += slash - p;
      p = slash;
      if (p != end && !escape(p, end, out)) {
        at_ = p;
        return false;
      }
    }
    text = {copy, static_cast<std::size_t>(out - copy)};
    return true;
  }

  bool escape(const char*& p, const char* end, char*& out) noexcept {
    const char c = p[1];
    if (c == 'u') {
      unsigned point = 0;
      if (!unit(p, end, point)) return fail("a malformed escape");
      if (point >= 0xD800 && point < 0xE000) {
        unsigned low = 0;
        if (point >= 0xDC00 || !unit(p, end, low) || low < 0xDC00 || low >= 0xE000) return fail("a lone surrogate");
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
      }
      out = put_utf8(out, point);
      return true;
    }
    static constexpr std::string_view kNames = "\"\\/bfnrt", kBytes = "\"\\/\b\f\n\r\t";
    const std::size_t i = kNames.find(c);
    if (i == std::string_view::npos) return fail("a malformed escape");
    *out++ = kBytes[i];
    p += 2;
    return true;
  }

  // One \uXXXX; `p` moves behind it.
  static bool unit(const char*& p, const char* end, unsigned& out) noexcept {
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return false;
    out = 0;
    for (int i = 2; i < 6; ++i) {
      const unsigned digit = hex_value(p[i]);
      if (digit > 15) return false;
      out = out << 4 | digit;
    }
    p += 6;
    return true;
  }

  oc_json* add(std::uint32_t type, std::string_view key) {
    void* const place = arena_.allocate(sizeof(oc_json), alignof(oc_json));
    if (place == nullptr) throw std::bad_alloc();
    auto* const v = new (place) oc_json{.type = type, .key = key, .key_bit = name_bit(key)};
    if (depth_ == 0) return root_ = v;
    Level& level = levels_[depth_ - 1];
    (level.last != nullptr ? level.last->next : level.container->first) = v;
    level.last = v;
    level.container->names |= v->key_bit;
    ++level.container->size;
    return v;
  }
  bool open(std::uint32_t type, std::string_view key) {
    if (depth_ == kDepthMax) return fail("nested too deeply");
    oc_json* v = add(type, key);
    v->raw = {at_++, 1};  // its length is known when it closes
    levels_[depth_++] = Level{v, nullptr};
    return true;
  }
  void close() noexcept {
    oc_json* v = levels_[--depth_].container;
    v->raw = since(v->raw.data());
  }

  Arena& arena_;
  const char* const begin_;
  const char* at_;
  const char* const end_;
  std::string_view what_;
  oc_json* root_ = nullptr;
  unsigned depth_ = 0;
  Level levels_[kDepthMax];
};

}  // namespace

const oc_json* parse(Arena& arena, std::string_view text, ParseError* error) {
  Reader reader(arena, text);
  ParseError failure;
  try {
    if (const oc_json* root = reader.read()) return root;
    failure = reader.error();
  } catch (const std::bad_alloc&) {
    failure = {reader.error().offset, "too large"};
  }
  if (error != nullptr) *error = failure;
  return nullptr;
}

}  // namespace onechat::json
