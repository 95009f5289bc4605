// Packs in the file: what traces said, put together as they come and read one trace at a time.
//
// A pack takes the traces of one transaction, up to 64 of them and 64 KiB; one that says more has a pack of its own.
// Whoever reads a trace unpacks the whole pack, whoever erases one writes it anew.
#pragma once
#include <compare>
#include <vector>

#include "body_codec.hpp"
#include "database.hpp"
#include "memory.hpp"
#include "trace_pack.hpp"

namespace onechat::store_sqlite {

struct PackPlace {
  std::int64_t pack = 0;
  std::uint32_t place = 0;
  auto operator<=>(const PackPlace&) const = default;
};

class PackTable {
 public:
  static constexpr std::uint32_t kPlacesMax = 64;
  static constexpr std::uint64_t kBytesMax = 64u << 10;

  PackTable(Database& db, BodyCodec& codec);  // borrowed

  void begin() noexcept;  // a new transaction: what was not flush()ed before is forgotten
  PackPlace add(const oc_trace& trace);
  void flush();               // the open pack into its row. Before the commit, and before anything else is called.

  oc_status read(PackPlace from, oc_trace& trace, Memory& memory);  // OC_E_INTERNAL: it cannot be read
  // Each of `places` once, all of one pack, in order. A pack that cannot be read is emptied: nothing can be read from it
  // any more, and what shall be erased must be gone. Its row stays, because the number of a pack that traces still name
  // must not be given to another.
  void erase(const PackPlace* places, std::size_t n);

 private:
  bool open(Statement& row, PackReader& reader);
  void write(Statement& into, std::int64_t pack);

  BodyCodec& codec_;
  PackWriter writer_;
  std::vector<std::uint8_t> packed_, unpacked_;
  std::int64_t open_ = 0;  // the pack that is being written; 0: not yet known
  Statement last_, get_, put_, change_, drop_;
};

}  // namespace onechat::store_sqlite
