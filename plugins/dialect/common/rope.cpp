#include "common/rope.hpp"

namespace onechat::dialect {

void Rope::append(const oc::Call& keep, std::string_view text) {
  if (text.empty()) return;
  auto* piece = keep.make<Piece>();
  piece->text = oc::str(keep.copy(text));
  (last != nullptr ? last->next : first) = piece;
  last = piece;
  size += text.size();
}

std::string_view Rope::joined(const oc::Call& keep) const {
  if (first == last) return first != nullptr ? oc::view(first->text) : std::string_view();
  char* const begin = static_cast<char*>(keep.allocate(size, 1));
  char* at = begin;
  for (const Piece* p = first; p != nullptr; p = p->next) {
    std::memcpy(at, p->text.ptr, p->text.len);
    at += p->text.len;
  }
  return {begin, static_cast<std::size_t>(size)};
}

}  // namespace onechat::dialect
