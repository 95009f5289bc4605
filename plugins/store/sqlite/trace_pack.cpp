#include "trace_pack.hpp"

namespace onechat::store_sqlite {
namespace {

constexpr std::uint32_t kEmptied = UINT32_MAX;  // as the first length
constexpr std::size_t kNumberBytes = 4, kDirectoryBytes = 4 * kNumberBytes;
constexpr std::size_t kKeptBytes = 1u << 20;  // of memory, from pack to pack

std::uint8_t* write_number(std::uint8_t* at, std::uint32_t n) noexcept {
  for (std::size_t i = 0; i < kNumberBytes; ++i) *at++ = static_cast<std::uint8_t>(n >> (8 * i));
  return at;
}

std::uint32_t number_at(const std::uint8_t* at) noexcept {
  return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24;
}

oc_bytes bytes_of(oc_str text) noexcept { return {reinterpret_cast<const std::uint8_t*>(text.ptr), text.len}; }

}  // namespace

Said Said::of(const oc_trace& trace) noexcept {
  return {bytes_of(trace.turns_json), bytes_of(trace.meta_json), trace.request_body, trace.response_body};
}

void PackWriter::append(oc_bytes text) {
  if (text.len != 0) bytes_.insert(bytes_.end(), text.ptr, text.ptr + text.len);
}

void PackWriter::add(const Said& said) {
  bytes_.reserve(bytes_.size() + said.bytes());
  const auto length = [](oc_bytes text) { return static_cast<std::uint32_t>(text.len); };
  directory_.push_back({length(said.turns_json), length(said.meta_json), length(said.request), length(said.response)});
  append(said.turns_json);
  append(said.meta_json);
  append(said.request);
  append(said.response);
}

void PackWriter::add_nothing() { directory_.push_back({kEmptied, 0, 0, 0}); }

void PackWriter::clear() noexcept {
  directory_.clear();
  bytes_.clear();
  if (bytes_.capacity() > kKeptBytes) bytes_ = {};
}

oc_bytes PackWriter::finish() {
  const std::size_t texts = bytes_.size();
  bytes_.resize(texts + directory_.size() * kDirectoryBytes + kNumberBytes);
  std::uint8_t* at = bytes_.data() + texts;
  for (const Lengths& lengths : directory_)
    for (const std::uint32_t length : lengths) at = write_number(at, length);
  write_number(at, places());
  return {bytes_.data(), bytes_.size()};
}

bool PackReader::open(oc_bytes pack) noexcept {
  places_ = 0;
  if (pack.len < kNumberBytes) return false;
  const std::uint64_t room = pack.len - kNumberBytes;
  const std::uint32_t places = number_at(pack.ptr + room);
  if (places > room / kDirectoryBytes) return false;
  text_ = pack.ptr;
  lengths_ = pack.ptr + room - places * kDirectoryBytes;
  std::uint64_t bytes = 0;
  for (const std::uint8_t* at = lengths_; at != pack.ptr + room; at += kDirectoryBytes)
    if (number_at(at) != kEmptied)
      for (std::size_t i = 0; i < kDirectoryBytes; i += kNumberBytes) bytes += number_at(at + i);
  if (bytes != static_cast<std::uint64_t>(lengths_ - text_)) return false;
  places_ = places;
  return true;
}

bool PackReader::next(Said& said) noexcept {
  const std::uint8_t* at = lengths_;
  lengths_ += kDirectoryBytes;
  said = {};
  if (number_at(at) == kEmptied) return false;
  for (oc_bytes* into : {&said.turns_json, &said.meta_json, &said.request, &said.response}) {
    *into = {text_, number_at(at)};
    text_ += into->len;
    at += kNumberBytes;
  }
  return true;
}

}  // namespace onechat::store_sqlite
