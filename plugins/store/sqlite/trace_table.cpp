#include "trace_table.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "answer.hpp"
#include "trace_facts.hpp"

namespace onechat::store_sqlite {
namespace {

constexpr std::string_view kPutHeads =
    "INSERT OR IGNORE INTO trace (id, body, " OC_TRACE_FACTS ", pack, place) SELECT * FROM incoming_trace";
constexpr std::string_view kGetHead = "SELECT id, " OC_TRACE_FACTS ", body, pack, place FROM trace WHERE id = ?";
constexpr std::string_view kGetBody =
    "SELECT turns_json, meta_json, request_encoding, request, response_encoding, response FROM trace_body WHERE body = "
    "?";
constexpr std::string_view kListAll = "SELECT id, " OC_TRACE_FACTS
                                      " FROM trace WHERE id < ?1 AND unix_ms >= ?2 AND unix_ms < ?3 AND (?4 = '' OR "
                                      "model = ?4) AND (?5 = '' OR status = ?5)"
                                      " ORDER BY id DESC LIMIT ?6";
constexpr std::string_view kListProject = "SELECT id, " OC_TRACE_FACTS
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

constexpr int kBody = 1 + static_cast<int>(kFacts.size());  // where kGetHead has it; pack and place follow

// Of all that goes into the row of a trace and into its pack.
std::uint64_t bytes_of(const oc_trace& trace) noexcept {
  std::uint64_t bytes = Said::of(trace).bytes();
  for (const Fact& fact : kFacts)
    if (fact.kind == FactKind::kText) bytes += fact_at<oc_str>(fact, trace).len;
  return bytes;
}

std::string_view project_of(const IncomingTrace& t) noexcept { return {t.trace->project.ptr, t.trace->project.len}; }

}  // namespace

TraceTable::TraceTable(Database& db)
    : packs_(db, codec_),
      incoming_(db),
      put_heads_(db.handle(), kPutHeads),
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
  else if (bytes_of(*op.trace) > kTraceBytesMax)
    result.status = OC_E_TOO_LARGE;
  else
    waiting_.push_back({op.trace, &result, bytes_of(op.trace->id), {}});
}

// By project, so that retention, which erases by project, mostly finds packs that go as a whole; then by id, so that
// most rows go to the end of the tree that the row before them went to.
void TraceTable::write() {
  if (waiting_.empty()) return;
  std::stable_sort(waiting_.begin(), waiting_.end(), [](const IncomingTrace& a, const IncomingTrace& b) {
    const auto order = project_of(a) <=> project_of(b);
    return order != 0 ? order < 0 : a.id < b.id;
  });
  for (IncomingTrace& t : waiting_) answer(*t.result, [&] { t.at = packs_.add(*t.trace); });
  std::erase_if(waiting_, [](const IncomingTrace& t) { return t.at.pack == 0; });
  packs_.flush();
  incoming_.show(waiting_);
  if (put_heads_.run() != static_cast<std::int64_t>(waiting_.size())) refuse_repeated();
  waiting_.clear();
}

// A trace of which the row tells of another place was there before.
void TraceTable::refuse_repeated() {
  erased_.clear();
  for (const IncomingTrace& t : waiting_) {
    Use use(id_places_);
    use->bind(oc_bytes{t.id.data(), t.id.size()});
    if (use->step() && PackPlace{use->integer(0), static_cast<std::uint32_t>(use->integer(1))} == t.at) continue;
    t.result->status = OC_DUPLICATE;
    erased_.push_back(t.at);
  }
  erase_packed();
}

void TraceTable::get(const oc_store_op& op, oc_store_result& result, Memory& memory) {
  const IdBytes id = bytes_of(op.id);
  Use use(get_head_);
  use->bind(oc_bytes{id.data(), id.size()});
  if (!use->step()) {
    result.status = OC_E_NOT_FOUND;
    return;
  }
  oc_trace* trace = read_facts(*use.operator->(), memory);
  const std::int64_t body = use->integer(kBody);
  const PackPlace place{use->integer(kBody + 1), static_cast<std::uint32_t>(use->integer(kBody + 2))};
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
  while (use->step()) found.push_back(read_facts(*use.operator->(), memory));
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
void TraceTable::erase_said(Statement& places) {
  erased_.clear();
  {
    const Use use(places);
    while (places.step())
      if (const std::int64_t pack = places.integer(0); pack != 0)
        erased_.push_back({pack, static_cast<std::uint32_t>(places.integer(1))});
  }
  erase_packed();
}

void TraceTable::erase_packed() try {
  std::sort(erased_.begin(), erased_.end());
  for (std::size_t from = 0, to = 0; from < erased_.size(); from = to) {
    while (to < erased_.size() && erased_[to].pack == erased_[from].pack) ++to;
    packs_.erase(&erased_[from], to - from);
  }
} catch (const std::bad_alloc&) {
  throw DatabaseError(SQLITE_NOMEM, "no memory to write packs anew");  // half an erasure must not be committed
}

}  // namespace onechat::store_sqlite
