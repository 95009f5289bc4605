#include "upstream/splice.hpp"

#include "base/error.hpp"

namespace onechat::upstream {
namespace {

template <class Take>
void walk(std::string_view text, std::span<const oc_splice> splices, Take take) {
  std::size_t at = 0;
  for (const oc_splice& s : splices) {
    take(text.substr(at, s.offset - at));
    take(view(s.with));
    at = s.offset + s.length;
  }
  take(text.substr(at));
}

}  // namespace

bool valid_splices(std::string_view text, std::span<const oc_splice> splices) noexcept {
  std::uint64_t at = 0;
  for (const oc_splice& s : splices) {
    if (s.offset < at || s.offset > text.size() || s.length > text.size() - s.offset) return false;
    at = s.offset + s.length;
  }
  return true;
}

void splice_pieces(std::string_view text, std::span<const oc_splice> splices, Pieces& pieces) {
  walk(text, splices, [&](std::string_view piece) {
    if (!piece.empty()) pieces.push_back(piece);
  });
}

void append_spliced(std::string& out, std::string_view text, std::span<const oc_splice> splices) {
  walk(text, splices, [&](std::string_view piece) { out.append(piece); });
}

}  // namespace onechat::upstream
