// onechat/json.hpp: texts of the ABI as string_views, and the host's JSON reader and writer as C++17 values. A part of the
// comfort layer; onechat.hpp includes it.
#ifndef ONECHAT_JSON_HPP
#define ONECHAT_JSON_HPP

#include <cstdint>
#include <string_view>

#include "host.h"

namespace oc {

constexpr oc_str str(std::string_view v) noexcept { return {v.data(), v.size()}; }
constexpr std::string_view view(oc_str v) noexcept { return v.len != 0 ? std::string_view(v.ptr, v.len) : std::string_view(); }
inline std::string_view view(oc_bytes v) noexcept {
  return v.len != 0 ? std::string_view(reinterpret_cast<const char*>(v.ptr), v.len) : std::string_view();
}
inline oc_bytes bytes(std::string_view v) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(v.data()), v.size()};
}

// A zeroed growable struct with its size set.
template <class T>
constexpr T sized() noexcept {
  T t{};
  t.struct_size = sizeof(T);
  return t;
}

// A value of parsed JSON, or nothing: every question to "nothing" has a harmless answer, so paths can be chained:
// `json["choices"].first()["delta"]["content"].str()`.
class Json {
 public:
  Json() = default;
  Json(const oc_host* host, const oc_json* node) : host_(host), node_(node) {}

  explicit operator bool() const { return node_ != nullptr; }
  bool absent_or_null() const { return node_ == nullptr || type() == OC_JSON_NULL; }
  bool is_bool() const { return is(OC_JSON_BOOL); }
  bool is_number() const { return is(OC_JSON_NUMBER); }
  bool is_string() const { return is(OC_JSON_STRING); }
  bool is_array() const { return is(OC_JSON_ARRAY); }
  bool is_object() const { return is(OC_JSON_OBJECT); }
  std::uint32_t type() const { return node_ != nullptr ? host_->json_type(node_) : std::uint32_t(OC_JSON_NULL); }

  Json operator[](std::string_view key) const { return {host_, node_ ? host_->json_get(node_, oc::str(key)) : nullptr}; }
  Json first() const { return {host_, node_ != nullptr ? host_->json_first(node_) : nullptr}; }
  Json next() const { return {host_, node_ != nullptr ? host_->json_next(node_) : nullptr}; }
  std::uint64_t size() const { return node_ != nullptr ? host_->json_size(node_) : 0; }
  std::string_view key() const { return node_ != nullptr ? oc::view(host_->json_key(node_)) : std::string_view(); }

  std::string_view str() const { return node_ != nullptr ? oc::view(host_->json_str(node_)) : std::string_view(); }
  std::string_view raw() const { return node_ != nullptr ? oc::view(host_->json_raw(node_)) : std::string_view(); }
  std::int64_t integer(std::int64_t otherwise = 0) const { return node_ ? host_->json_int(node_, otherwise) : otherwise; }
  double number(double otherwise = 0) const { return node_ != nullptr ? host_->json_num(node_, otherwise) : otherwise; }
  bool boolean(bool otherwise = false) const {
    return node_ != nullptr ? host_->json_bool(node_, otherwise ? 1 : 0) != 0 : otherwise;
  }

  // Elements of an array, members of an object (with key()): `for (oc::Json item : array)`.
  class Iterator {
   public:
    explicit Iterator(const Json& at);
    Json operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return node_ != other.node_; }

   private:
    const oc_host* host_;
    const oc_json* node_;
  };
  Iterator begin() const { return Iterator(first()); }
  Iterator end() const { return Iterator(Json(host_, nullptr)); }

 private:
  bool is(std::uint32_t wanted) const { return node_ != nullptr && host_->json_type(node_) == wanted; }

  const oc_host* host_ = nullptr;
  const oc_json* node_ = nullptr;
};

inline Json::Iterator::Iterator(const Json& at) : host_(at.host_), node_(at.node_) {}
inline Json Json::Iterator::operator*() const { return {host_, node_}; }
inline Json::Iterator& Json::Iterator::operator++() {
  node_ = host_->json_next(node_);
  return *this;
}

// Writes JSON into a buffer of the host's. Commas and escapes come by themselves; pairing is yours.
class Writer {
 public:
  Writer(const oc_host* host, oc_jsonw* out) : host_(host), out_(out) {}

  Writer& key(std::string_view name) { return host_->jw_key(out_, oc::str(name)), *this; }
  Writer& str(std::string_view v) { return host_->jw_str(out_, oc::str(v)), *this; }
  Writer& integer(std::int64_t v) { return host_->jw_int(out_, v), *this; }
  Writer& number(double v) { return host_->jw_num(out_, v), *this; }
  Writer& boolean(bool v) { return host_->jw_bool(out_, v ? 1 : 0), *this; }
  Writer& null() { return host_->jw_null(out_), *this; }
  Writer& raw(std::string_view json) { return host_->jw_raw(out_, oc::str(json)), *this; }
  Writer& object() { return host_->jw_open(out_, 0), *this; }
  Writer& array() { return host_->jw_open(out_, 1), *this; }
  Writer& close() { return host_->jw_close(out_), *this; }

  Writer& member(std::string_view name, std::string_view v) { return key(name).str(v); }
  Writer& member(std::string_view name, std::int64_t v) { return key(name).integer(v); }

 private:
  const oc_host* host_;
  oc_jsonw* out_;
};

}  // namespace oc

#endif
