// What was said in several traces, in one piece: the texts of one place after the other, then a directory of four
// lengths for each place, then how many places there are. Numbers are 32 bits, little-endian.
//
// A place keeps its number when others are emptied, so that rows which name it need not change.
#pragma once
#include <onechat/store.h>

#include <array>
#include <cstdint>
#include <vector>

namespace onechat::store_sqlite {

constexpr std::uint64_t kTraceBytesMax = 512u << 20;  // of what one trace says

struct Said {
  oc_bytes turns_json{}, meta_json{}, request{}, response{};

  static Said of(const oc_trace& trace) noexcept;
  std::uint64_t bytes() const noexcept { return turns_json.len + meta_json.len + request.len + response.len; }
};

// Memory is kept from pack to pack, unless a pack was unusually large.
class PackWriter {
 public:
  void add(const Said& said);  // at the next place; requires said.bytes() <= kTraceBytesMax. All or nothing.
  void add_nothing();          // an emptied place
  void clear() noexcept;

  std::uint32_t places() const noexcept { return static_cast<std::uint32_t>(directory_.size()); }
  std::uint64_t bytes() const noexcept { return bytes_.size(); }  // of the texts
  oc_bytes finish();                                              // the pack; until clear(). Only clear() may follow.

 private:
  using Lengths = std::array<std::uint32_t, 4>;
  void append(oc_bytes text);

  std::vector<std::uint8_t> bytes_;
  std::vector<Lengths> directory_;
};

class PackReader {
 public:
  bool open(oc_bytes pack) noexcept;  // borrowed. false: not a pack
  std::uint32_t places() const noexcept { return places_; }
  // The places in their order, each once; false: emptied.
  bool next(Said& said) noexcept;

 private:
  const std::uint8_t* text_ = nullptr;
  const std::uint8_t* lengths_ = nullptr;
  std::uint32_t places_ = 0;
};

}  // namespace onechat::store_sqlite
