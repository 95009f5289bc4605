// Text that arrives in pieces and is wanted as a whole at the end. Zeroed memory is an empty rope; it lives in an arena.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::dialect {

struct Rope {
  struct Piece {
    Piece* next;
    oc_str text;
  };
  Piece *first, *last;
  std::uint64_t size;

  // Copies the text into `keep`'s arena.
  void append(const oc::Call& keep, std::string_view text);
  std::string_view joined(const oc::Call& keep) const;
  bool empty() const { return size == 0; }
};

}  // namespace onechat::dialect
