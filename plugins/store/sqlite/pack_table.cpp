#include "pack_table.hpp"

namespace onechat::store_sqlite {
namespace {

constexpr std::size_t kKeptBytes = 1u << 20;  // of memory, from pack to pack

void trim(std::vector<std::uint8_t>& scratch) noexcept {
  if (scratch.capacity() > kKeptBytes) scratch = {};
}

oc_str text_of(oc_bytes b) noexcept { return {reinterpret_cast<const char*>(b.ptr), b.len}; }

}  // namespace

PackTable::PackTable(Database& db, BodyCodec& codec)
    : codec_(codec),
      last_(db.handle(), "SELECT coalesce(max(pack), 0) FROM trace_pack"),
      get_(db.handle(), "SELECT encoding, content FROM trace_pack WHERE pack = ?"),
      put_(db.handle(), "INSERT INTO trace_pack (encoding, content, pack) VALUES (?, ?, ?)"),
      change_(db.handle(), "UPDATE trace_pack SET encoding = ?, content = ? WHERE pack = ?"),
      drop_(db.handle(), "DELETE FROM trace_pack WHERE pack = ?") {}

void PackTable::begin() noexcept {
  writer_.clear();
  open_ = 0;
}

PackPlace PackTable::add(const oc_trace& trace) {
  const Said said = Said::of(trace);
  if (writer_.places() == kPlacesMax || (writer_.places() != 0 && writer_.bytes() + said.bytes() > kBytesMax)) flush();
  if (open_ == 0) {
    Use use(last_);
    use->step();
    open_ = use->integer(0) + 1;
  }
  writer_.add(said);
  return {open_, writer_.places() - 1};
}

void PackTable::flush() {
  if (writer_.places() == 0) return;
  write(put_, open_);
  writer_.clear();
  ++open_;
}

void PackTable::write(Statement& into, std::int64_t pack) {
  const EncodedBody encoded = codec_.encode(writer_.finish(), packed_);
  into.bind(static_cast<int>(encoded.encoding)).bind(encoded.bytes).bind(pack).run();
  trim(packed_);
}

bool PackTable::open(Statement& row, PackReader& reader) {
  const EncodedBody stored{static_cast<Encoding>(row.integer(0)), row.blob(1)};
  if (stored.encoding == Encoding::kPlain) return reader.open(stored.bytes);
  std::uint64_t size = 0;
  if (!BodyCodec::decoded_size(stored, size)) return false;
  if (unpacked_.size() < size) unpacked_.resize(size);
  return codec_.decode(stored, unpacked_.data(), size) && reader.open({unpacked_.data(), size});
}

oc_status PackTable::read(PackPlace from, oc_trace& trace, Memory& memory) {
  Use use(get_);
  use->bind(from.pack);
  PackReader reader;
  if (!use->step() || !open(*use.operator->(), reader) || from.place >= reader.places()) return OC_E_INTERNAL;
  Said said;
  bool there = false;
  for (std::uint32_t i = 0; i <= from.place; ++i) there = reader.next(said);
  if (!there) return OC_E_INTERNAL;
  trace.turns_json = memory.copy(text_of(said.turns_json));
  trace.meta_json = memory.copy(text_of(said.meta_json));
  trace.request_body = memory.copy(said.request);
  trace.response_body = memory.copy(said.response);
  trim(unpacked_);
  return OC_OK;
}

void PackTable::erase(const PackPlace* places, std::size_t n) {
  const std::int64_t pack = places->pack;
  bool some_stay = false;
  {
    Use use(get_);
    use->bind(pack);
    PackReader reader;
    if (use->step() && !open(*use.operator->(), reader)) {
      use->reset();
      change_.bind(static_cast<int>(Encoding::kPlain)).bind(oc_bytes{}).bind(pack).run();
      return;
    }
    std::size_t erased = 0;
    for (std::uint32_t i = 0; i < reader.places(); ++i) {
      Said said;
      const bool there = reader.next(said);
      const bool goes = erased < n && places[erased].place == i;
      if (goes) ++erased;
      if (there && !goes) {
        writer_.add(said);
        some_stay = true;
      } else {
        writer_.add_nothing();
      }
    }
  }
  if (some_stay)
    write(change_, pack);
  else
    drop_.bind(pack).run();
  writer_.clear();
  trim(unpacked_);
}

}  // namespace onechat::store_sqlite
