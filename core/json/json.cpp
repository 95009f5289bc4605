#include "json/json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <new>

namespace onechat::json {
namespace {

// Length of the valid UTF-8 sequence at `p`, 0 if there is none (RFC 3629: no surrogates, no overlong forms).
std::size_t utf8_length(const unsigned char* p, std::size_t left) noexcept {
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

// Eight bytes at a time (SWAR): most text is plain ASCII.
constexpr std::uint64_t kOnes = 0x0101010101010101u, kHighs = 0x8080808080808080u;

std::uint64_t eight_at(const char* p) noexcept {
  std::uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// High bit set in some byte when a byte of v is not ASCII, a control character, '"' or '\\'.
std::uint64_t needs_care(std::uint64_t v) noexcept {
  const std::uint64_t quote = v ^ (kOnes * '"'), slash = v ^ (kOnes * '\\');
  return (v | (v - kOnes * 0x20) | (quote - kOnes) | (slash - kOnes)) & kHighs;
}

// Offset of the first byte that is not valid UTF-8, or npos.
std::size_t find_invalid_utf8(std::string_view text) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    if (text.size() - i >= 8 && (eight_at(text.data() + i) & kHighs) == 0) {
      i += 8;
      continue;
    }
    const std::size_t n = utf8_length(p + i, text.size() - i);
    if (n == 0) return i;
    i += n;
  }
  return std::string_view::npos;
}

// Builds the tree while RapidJSON reads. The start of a value is found by skipping what may stand between two tokens.
class TreeBuilder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, TreeBuilder> {
 public:
  TreeBuilder(Arena& arena, std::string_view text, rapidjson::MemoryStream& stream)
      : arena_(arena), text_(text), stream_(stream) {}

  const oc_json* root() const { return root_; }
  bool too_deep() const { return too_deep_; }
  bool lone_surrogate() const { return lone_surrogate_; }  // an escape that no UTF-8 can say; the reader lets it pass

  bool Null() { return scalar(OC_JSON_NULL); }
  bool Bool(bool) { return scalar(OC_JSON_BOOL); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return scalar(OC_JSON_NUMBER); }
  bool String(const char* s, rapidjson::SizeType n, bool) {
    oc_json* v = add(OC_JSON_STRING);
    v->raw = token();
    v->text = decoded(v->raw, s, n);
    return !lone_surrogate_;
  }
  bool Key(const char* s, rapidjson::SizeType n, bool) {
    levels_[depth_ - 1].key = decoded(token(), s, n);
    return !lone_surrogate_;
  }
  bool StartObject() { return open(OC_JSON_OBJECT); }
  bool StartArray() { return open(OC_JSON_ARRAY); }
  bool EndObject(rapidjson::SizeType n) { return close(n); }
  bool EndArray(rapidjson::SizeType n) { return close(n); }

 private:
  struct Level {
    oc_json* container = nullptr;
    oc_json* last = nullptr;
    std::string_view key;
    std::size_t start = 0;
  };

  std::string_view token() {
    std::size_t begin = end_;
    while (begin < text_.size() && std::string_view(" \t\r\n,:").find(text_[begin]) != std::string_view::npos) ++begin;
    end_ = stream_.Tell();
    return text_.substr(begin, end_ - begin);
  }
  // The iterative reader tells of a bracket before it takes it.
  std::size_t pass_bracket() { return end_ = stream_.Tell() + 1; }
  std::string_view decoded(std::string_view raw, const char* s, std::size_t n) {
    if (raw.size() == n + 2) return raw.substr(1, n);  // no escapes: the text is there already
    lone_surrogate_ = lone_surrogate_ || find_invalid_utf8({s, n}) != std::string_view::npos;
    return arena_.copy({s, n});
  }
  oc_json* add(std::uint32_t type) {
    auto* v = arena_.make<oc_json>();
    v->type = type;
    if (depth_ == 0) {
      root_ = v;
      return v;
    }
    Level& level = levels_[depth_ - 1];
    v->key = level.key;
    (level.last != nullptr ? level.last->next : level.container->first) = v;
    level.last = v;
    return v;
  }
  bool scalar(std::uint32_t type) {
    add(type)->raw = token();
    return true;
  }
  bool open(std::uint32_t type) {
    if (depth_ == kDepthMax) {
      too_deep_ = true;
      return false;
    }
    oc_json* v = add(type);
    levels_[depth_++] = Level{v, nullptr, {}, pass_bracket() - 1};
    return true;
  }
  bool close(rapidjson::SizeType n) {
    pass_bracket();
    const Level& level = levels_[--depth_];
    level.container->size = n;
    level.container->raw = text_.substr(level.start, end_ - level.start);
    return true;
  }

  Arena& arena_;
  std::string_view text_;
  rapidjson::MemoryStream& stream_;
  Level levels_[kDepthMax];
  unsigned depth_ = 0;
  std::size_t end_ = 0;
  oc_json* root_ = nullptr;
  bool too_deep_ = false;
  bool lone_surrogate_ = false;
};

}  // namespace

const oc_json* parse(Arena& arena, std::string_view text, ParseError* error) {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  // Checked here and not by the reader, which goes byte by byte: a third of the time of a parse.
  if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    if (error != nullptr) *error = {bad, "invalid UTF-8"};
    return nullptr;
  }
  rapidjson::MemoryStream stream(text.data(), text.size());
  TreeBuilder builder(arena, text, stream);
  rapidjson::Reader reader;
  try {
    if (reader.Parse<kFlags>(stream, builder)) return builder.root();
  } catch (const std::bad_alloc&) {
    if (error != nullptr) *error = {stream.Tell(), "too large"};
    return nullptr;
  }
  if (error != nullptr)
    *error = {reader.GetErrorOffset(), builder.lone_surrogate() ? "a lone surrogate"
                                       : builder.too_deep()     ? "nested too deeply"
                                                            : rapidjson::GetParseError_En(reader.GetParseErrorCode())};
  return nullptr;
}

const oc_json* get(const oc_json* object, std::string_view key) noexcept {
  const oc_json* found = nullptr;
  if (object == nullptr || object->type != OC_JSON_OBJECT) return nullptr;
  for (const oc_json* m = object->first; m != nullptr; m = m->next)
    if (m->key == key) found = m;
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

void append_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t plain = 0, i = 0;
  const auto flush = [&] { out.append(text.substr(plain, i - plain)); };
  while (i < text.size()) {
    if (text.size() - i >= 8 && needs_care(eight_at(text.data() + i)) == 0) {
      i += 8;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      const std::size_t n = utf8_length(reinterpret_cast<const unsigned char*>(text.data()) + i, text.size() - i);
      if (n != 0) {
        i += n;
        continue;
      }
      flush();
      out.append("\xEF\xBF\xBD");
    } else {
      flush();
      out.push_back('\\');
      switch (c) {
        case '"': out.push_back('"'); break;
        case '\\': out.push_back('\\'); break;
        case '\n': out.push_back('n'); break;
        case '\r': out.push_back('r'); break;
        case '\t': out.push_back('t'); break;
        case '\b': out.push_back('b'); break;
        case '\f': out.push_back('f'); break;
        default:
          out.append("u00");
          out.push_back(kHex[c >> 4]);
          out.push_back(kHex[c & 15]);
      }
    }
    plain = ++i;
  }
  flush();
  out.push_back('"');
}

}  // namespace onechat::json

oc_jsonw& oc_jsonw::key(std::string_view k) {
  separate();
  onechat::json::append_string(*out_, k);
  out_->push_back(':');
  comma_ = false;
  return *this;
}

oc_jsonw& oc_jsonw::string(std::string_view v) {
  separate();
  onechat::json::append_string(*out_, v);
  return *this;
}

oc_jsonw& oc_jsonw::integer(std::int64_t v) {
  separate();
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
  out_->append(buffer, end);
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
