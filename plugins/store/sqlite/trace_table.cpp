#include "trace_table.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "answer.hpp"

namespace onechat::store_sqlite {
namespace {

// The columns of facts, in the order of bind_head() and read_head().
#define OC_TRACE_COLUMNS                                                                                             \
  "unix_ms, project, key_id, surface, operation, model, provider, target_model, status, http_status, route_reason, " \
  "finish, "                                                                                                         \
  "stream, attempts, first_byte_us, total_us, upstream_us, usage_flags, input_tokens, cache_read_tokens, "           \
  "cache_write_tokens, cache_write_1h_tokens, audio_input_tokens, output_tokens, reasoning_tokens, "                 \
  "audio_output_tokens, images, searches, requests, held_nano, cost_nano, fee_nano"

constexpr std::string_view kPutHead =
    "INSERT INTO trace (id, body, pack, place, " OC_TRACE_COLUMNS
    ") VALUES (?, 0, ?, ?,"
    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO NOTHING";
constexpr std::string_view kGetHead = "SELECT id, " OC_TRACE_COLUMNS ", body, pack, place FROM trace WHERE id = ?";
constexpr std::string_view kGetBody =
    "SELECT turns_json, meta_json, request_encoding, request, response_encoding, response FROM trace_body WHERE body = "
    "?";
constexpr std::string_view kListAll = "SELECT id, " OC_TRACE_COLUMNS
                                      " FROM trace WHERE id < ?1 AND unix_ms >= ?2 AND unix_ms < ?3 AND (?4 = '' OR "
                                      "model = ?4) AND (?5 = '' OR status = ?5)"
                                      " ORDER BY id DESC LIMIT ?6";
constexpr std::string_view kListProject = "SELECT id, " OC_TRACE_COLUMNS
                                          " FROM trace WHERE id < ?1 AND unix_ms >= ?2 AND unix_ms < ?3 AND (?4 = '' "
                                          "OR model = ?4) AND (?5 = '' OR status = ?5)"
                                          " AND project = ?7 ORDER BY id DESC LIMIT ?6";
constexpr std::string_view kEraseIdBodies =
    "DELETE FROM trace_body WHERE body IN (SELECT body FROM trace WHERE id = ?)";
constexpr std::string_view kIdPlaces = "SELECT pack, place FROM trace WHERE id = ?";
constexpr std::string_view kEraseId = "DELETE FROM trace WHERE id = ?";
#define OC_TRACES_BEFORE "FROM trace WHERE project = ? AND unix_ms < ? ORDER BY id LIMIT ?"
constexpr std::string_view kEraseProjectBodies =
    "DELETE FROM trace_body WHERE body IN (SELECT body " OC_TRACES_BEFORE ")";
constexpr std::string_view kEraseProject = "DELETE FROM trace WHERE id IN (SELECT id " OC_TRACES_BEFORE ")";
constexpr std::string_view kProjectPlaces = "SELECT pack, place " OC_TRACES_BEFORE;
#undef OC_TRACES_BEFORE
#undef OC_TRACE_COLUMNS

constexpr int kFactColumns = 32;

using IdBytes = std::array<std::uint8_t, 16>;

IdBytes bytes_of(oc_id128 id) noexcept {
  IdBytes out{};
  for (int i = 0; i < 8; ++i) {
    out[static_cast<std::size_t>(7 - i)] = static_cast<std::uint8_t>(id.hi >> (8 * i));
    out[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(id.lo >> (8 * i));
  }
  return out;
}

oc_id128 id_of(oc_bytes b) noexcept {
  oc_id128 id{};
  if (b.len != 16) return id;
  for (int i = 0; i < 8; ++i) {
    id.hi = id.hi << 8 | b.ptr[i];
    id.lo = id.lo << 8 | b.ptr[8 + i];
  }
  return id;
}

std::string_view project_of(const oc_trace* t) noexcept { return {t->project.ptr, t->project.len}; }

void bind_head(Statement& s, const oc_trace& t) {
  const oc_usage& u = t.usage;
  s.bind(t.unix_ms).bind(t.project).bind(t.key_id).bind(t.surface).bind(t.operation).bind(t.model).bind(t.provider);
  s.bind(t.target_model).bind(t.status).bind(t.http_status).bind(t.route_reason).bind(t.finish).bind(t.stream);
  s.bind(t.attempts).bind(t.first_byte_us).bind(t.total_us).bind(t.upstream_us).bind(u.flags).bind(u.input);
  s.bind(u.cache_read).bind(u.cache_write).bind(u.cache_write_1h).bind(u.audio_input).bind(u.output).bind(u.reasoning);
  s.bind(u.audio_output).bind(u.images).bind(u.searches).bind(u.requests);
  s.bind(t.held_nano).bind(t.cost_nano).bind(t.fee_nano);
}

oc_trace* read_head(const Statement& s, Memory& memory) {
  auto* t = memory.make_sized<oc_trace>();
  int column = 1;
  const auto text = [&] { return memory.copy(s.text(column++)); };
  const auto number = [&] { return s.integer(column++); };
  const auto small = [&] { return static_cast<std::uint32_t>(number()); };
  const auto count = [&] { return static_cast<std::uint64_t>(number()); };
  t->id = id_of(s.blob(0));
  t->unix_ms = number();
  for (oc_str* into :
       {&t->project, &t->key_id, &t->surface, &t->operation, &t->model, &t->provider, &t->target_model, &t->status})
    *into = text();
  t->http_status = small();
  t->route_reason = text();
  t->finish = text();
  t->stream = small();
  t->attempts = small();
  for (std::uint64_t* into : {&t->first_byte_us, &t->total_us, &t->upstream_us}) *into = count();
  oc_usage& u = t->usage;
  u.struct_size = sizeof u;
  u.flags = small();
  for (std::uint64_t* into : {&u.input, &u.cache_read, &u.cache_write, &u.cache_write_1h, &u.audio_input, &u.output,
                              &u.reasoning, &u.audio_output, &u.images, &u.searches, &u.requests})
    *into = count();
  for (std::int64_t* into : {&t->held_nano, &t->cost_nano, &t->fee_nano}) *into = number();
  return t;
}

}  // namespace

TraceTable::TraceTable(Database& db)
    : packs_(db, codec_),
      put_head_(db.handle(), kPutHead),
      get_head_(db.handle(), kGetHead),
      get_body_(db.handle(), kGetBody),
      list_all_(db.handle(), kListAll),
      list_project_(db.handle(), kListProject),
      id_places_(db.handle(), kIdPlaces),
      erase_id_bodies_(db.handle(), kEraseIdBodies),
      erase_id_(db.handle(), kEraseId),
      project_places_(db.handle(), kProjectPlaces),
      erase_project_bodies_(db.handle(), kEraseProjectBodies),
      erase_project_(db.handle(), kEraseProject) {}

void TraceTable::begin() noexcept {
  waiting_.clear();
  packs_.begin();
}

void TraceTable::put(const oc_store_op& op, oc_store_result& result) {
  if (op.trace == nullptr || !OC_HAS(op.trace, oc_trace, response_body))
    result.status = OC_E_INVALID;
  else if (Said::of(*op.trace).bytes() > kTraceBytesMax)
    result.status = OC_E_TOO_LARGE;
  else
    waiting_.push_back({op.trace, &result});
}

// By project, so that retention, which erases by project, mostly finds packs that go as a whole.
void TraceTable::write() {
  if (waiting_.empty()) return;
  std::stable_sort(waiting_.begin(), waiting_.end(),
                   [](const Waiting& a, const Waiting& b) { return project_of(a.trace) < project_of(b.trace); });
  for (const Waiting& w : waiting_)
    answer(*w.result, [&] {
      if (!insert(*w.trace)) w.result->status = OC_DUPLICATE;
    });
  waiting_.clear();
  packs_.flush();
}

bool TraceTable::insert(const oc_trace& trace) {
  const PackPlace at = packs_.add(trace);
  try {
    const IdBytes id = bytes_of(trace.id);
    put_head_.bind(oc_bytes{id.data(), id.size()}).bind(at.pack).bind(at.place);
    bind_head(put_head_, trace);
    if (put_head_.run() == 1) return true;
  } catch (...) {
    packs_.take_back();
    throw;
  }
  packs_.take_back();
  return false;
}

void TraceTable::get(const oc_store_op& op, oc_store_result& result, Memory& memory) {
  const IdBytes id = bytes_of(op.id);
  Use use(get_head_);
  use->bind(oc_bytes{id.data(), id.size()});
  if (!use->step()) {
    result.status = OC_E_NOT_FOUND;
    return;
  }
  oc_trace* trace = read_head(*use.operator->(), memory);
  const int at = 1 + kFactColumns;
  const std::int64_t body = use->integer(at);
  const PackPlace place{use->integer(at + 1), static_cast<std::uint32_t>(use->integer(at + 2))};
  result.status = body != 0 ? read_body(body, *trace, memory) : packs_.read(place, *trace, memory);
  if (result.status == OC_OK) memory.publish(std::array{trace}, result.traces, result.n_traces);
}

oc_status TraceTable::read_body(std::int64_t body, oc_trace& trace, Memory& memory) {
  Use use(get_body_);
  use->bind(body);
  if (!use->step()) return OC_E_INTERNAL;
  trace.turns_json = memory.copy(use->text(0));
  trace.meta_json = memory.copy(use->text(1));
  for (const auto& [column, into] : {std::pair{2, &trace.request_body}, std::pair{4, &trace.response_body}}) {
    const EncodedBody stored{static_cast<Encoding>(use->integer(column)), use->blob(column + 1)};
    std::uint64_t size = 0;
    if (!BodyCodec::decoded_size(stored, size)) return OC_E_INTERNAL;
    if (size == 0) continue;
    std::uint8_t* out = memory.bytes(size);
    if (!codec_.decode(stored, out, size)) return OC_E_INTERNAL;
    *into = {out, size};
  }
  return OC_OK;
}

void TraceTable::list(const oc_store_op& op, oc_store_result& result, Memory& memory) {
  if (op.filter == nullptr || !OC_HAS(op.filter, oc_trace_filter, before)) {
    result.status = OC_E_INVALID;
    return;
  }
  const oc_trace_filter& f = *op.filter;
  const IdBytes before = bytes_of(f.before);
  std::array<std::uint8_t, 17> beyond_all{};
  beyond_all.fill(0xff);
  const bool from_newest = f.before.hi == 0 && f.before.lo == 0;

  Use use(f.project.len == 0 ? list_all_ : list_project_);
  use->bind(from_newest ? oc_bytes{beyond_all.data(), beyond_all.size()} : oc_bytes{before.data(), before.size()});
  use->bind(f.from_unix_ms == 0 ? INT64_MIN : f.from_unix_ms).bind(f.to_unix_ms == 0 ? INT64_MAX : f.to_unix_ms);
  use->bind(f.model).bind(f.status).bind(f.limit);
  if (f.project.len != 0) use->bind(f.project);
  std::vector<oc_trace*> found;
  while (use->step()) found.push_back(read_head(*use.operator->(), memory));
  memory.publish(found, result.traces, result.n_traces);
}

void TraceTable::erase(const oc_store_op& op, oc_store_result& result) {
  if (op.id.hi != 0 || op.id.lo != 0) {
    const IdBytes id = bytes_of(op.id);
    const oc_bytes key{id.data(), id.size()};
    erase_said(id_places_.bind(key));
    erase_id_bodies_.bind(key).run();
    result.version = static_cast<std::uint64_t>(erase_id_.bind(key).run());
    if (result.version == 0) result.status = OC_E_NOT_FOUND;
    return;
  }
  if (op.filter == nullptr || !OC_HAS(op.filter, oc_trace_filter, to_unix_ms) || op.filter->project.len == 0) {
    result.status = OC_E_INVALID;
    return;
  }
  const std::int64_t to = op.filter->to_unix_ms == 0 ? INT64_MAX : op.filter->to_unix_ms;
  const std::int64_t most = op.limit == 0 || op.limit > INT64_MAX ? -1 : static_cast<std::int64_t>(op.limit);
  const auto bound = [&](Statement& s) -> Statement& { return s.bind(op.filter->project).bind(to).bind(most); };
  erase_said(bound(project_places_));
  bound(erase_project_bodies_).run();
  result.version = static_cast<std::uint64_t>(bound(erase_project_).run());
}

// What the traces of `places` said; those from before packs have none there.
void TraceTable::erase_said(Statement& places) try {
  erased_.clear();
  {
    const Use use(places);
    while (places.step())
      if (const std::int64_t pack = places.integer(0); pack != 0)
        erased_.push_back({pack, static_cast<std::uint32_t>(places.integer(1))});
  }
  std::sort(erased_.begin(), erased_.end());
  for (std::size_t from = 0, to = 0; from < erased_.size(); from = to) {
    while (to < erased_.size() && erased_[to].pack == erased_[from].pack) ++to;
    packs_.erase(&erased_[from], to - from);
  }
} catch (const std::bad_alloc&) {
  throw DatabaseError(SQLITE_NOMEM, "no memory to write packs anew");  // half an erasure must not be committed
}

}  // namespace onechat::store_sqlite
