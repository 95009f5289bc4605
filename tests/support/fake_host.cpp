#include "support/fake_host.hpp"

#include <algorithm>
#include <cstring>
#include <ostream>
#include <span>
#include <tuple>

namespace onechat::test {
namespace {

constexpr std::int64_t kUnixMs = 1'700'000'000'000;
constexpr int kTimerRunsMax = 1'000'000;

std::string own(oc_str s) { return std::string(oc::view(s)); }

}  // namespace

struct HostTable {
  static FakeHost& host(oc_host_ctx* ctx) { return *reinterpret_cast<FakeHost*>(ctx); }

  static const void* get_ext(oc_host_ctx*, const char*) { return nullptr; }
  static void log(oc_host_ctx* ctx, std::int32_t level, oc_str message) { host(ctx).logs.emplace_back(level, own(message)); }
  static std::uint64_t now_ns() { return 1; }
  static std::int64_t unix_ms() { return kUnixMs; }
  static void* alloc(oc_arena* arena, std::uint64_t size, std::uint64_t align) { return arena->allocate(size, align); }
  static oc_status fail(oc_call* call, oc_status status, std::uint32_t http, oc_str message, oc_str code, oc_str param) {
    FakeCall::of(call).failure = Failure{status, http, own(message), own(code), own(param)};
    return status;
  }
  static oc_status emit(oc_call* call, const oc_event* e) {
    FakeCall& c = FakeCall::of(call);
    c.events.push_back(Event::of(*e));
    return c.pause_every != 0 && c.events.size() % c.pause_every == 0 ? OC_PAUSE : OC_OK;
  }
  static void complete(oc_op* op, oc_status status, const void*) {
    auto* mine = reinterpret_cast<FakeOp*>(op);
    ++mine->completions;
    mine->status = status;
  }
  static oc_status offload(oc_host_ctx*, oc_fn work, oc_fn done, void* arg) {
    work(arg);
    done(arg);
    return OC_OK;
  }
  static oc_status timer(oc_host_ctx* ctx, std::uint64_t ms, oc_fn fn, void* arg) {
    FakeHost& h = host(ctx);
    h.timers_.push_back({h.now_ms_ + ms, h.timer_order_++, fn, arg});
    return OC_OK;
  }

  static const oc_json* json_parse(oc_arena* arena, oc_bytes text) { return json::parse(*arena, oc::view(text)); }
  static std::uint32_t json_type(const oc_json* v) { return v != nullptr ? v->type : std::uint32_t(OC_JSON_NULL); }
  static const oc_json* json_get(const oc_json* v, oc_str key) { return json::get(v, oc::view(key)); }
  static const oc_json* json_first(const oc_json* v) { return v != nullptr ? v->first : nullptr; }
  static const oc_json* json_next(const oc_json* v) { return v != nullptr ? v->next : nullptr; }
  static oc_str json_key(const oc_json* v) { return oc::str(v != nullptr ? v->key : std::string_view()); }
  static std::uint64_t json_size(const oc_json* v) { return v != nullptr ? v->size : 0; }
  static oc_str json_str(const oc_json* v) { return oc::str(v && v->type == OC_JSON_STRING ? v->text : std::string_view()); }
  static std::int64_t json_int(const oc_json* v, std::int64_t otherwise) { return json::integer(v, otherwise); }
  static double json_num(const oc_json* v, double otherwise) { return json::number(v, otherwise); }
  static std::uint32_t json_bool(const oc_json* v, std::uint32_t otherwise) {
    return v != nullptr && v->type == OC_JSON_BOOL ? v->raw == "true" : otherwise;
  }
  static oc_str json_raw(const oc_json* v) { return oc::str(v != nullptr ? v->raw : std::string_view()); }

  static void jw_key(oc_jsonw* w, oc_str k) { w->key(oc::view(k)); }
  static void jw_str(oc_jsonw* w, oc_str v) { w->string(oc::view(v)); }
  static void jw_int(oc_jsonw* w, std::int64_t v) { w->integer(v); }
  static void jw_num(oc_jsonw* w, double v) { w->number(v); }
  static void jw_bool(oc_jsonw* w, std::uint32_t v) { w->boolean(v != 0); }
  static void jw_null(oc_jsonw* w) { w->null(); }
  static void jw_raw(oc_jsonw* w, oc_str v) { w->raw(oc::view(v)); }
  static void jw_open(oc_jsonw* w, std::uint32_t array) { w->open(array != 0); }
  static void jw_close(oc_jsonw* w) { w->close(); }

  static void out_head(oc_out* o, std::uint32_t status, oc_str type) {
    FakeOut::of(o).status = status;
    FakeOut::of(o).content_type = own(type);
  }
  static void out_header(oc_out* o, oc_str name, oc_str value) { FakeOut::of(o).headers.emplace_back(own(name), own(value)); }
  static oc_jsonw* out_json(oc_out* o) {
    FakeOut& out = FakeOut::of(o);
    out.writer.bind(&out.body);
    return &out.writer;
  }
  static oc_jsonw* out_event(oc_out* o, oc_str name) {
    FakeOut& out = FakeOut::of(o);
    const bool array = out.framing == OC_OUT_JSON_ARRAY;
    const char* const newline = out.framing == OC_OUT_SSE_CRLF ? "\r\n" : "\n";
    if (array)
      out.body += out.events == 0 ? "[" : ",\r\n";
    else
      out.body += (name.len != 0 ? "event: " + own(name) + newline : std::string()) + "data: ";
    ++out.events;
    out.data_begins = out.body.size();
    out.writer.bind(&out.body);
    return &out.writer;
  }
  static void out_event_end(oc_out* o) {
    FakeOut& out = FakeOut::of(o);
    for (char& c : std::span(out.body).subspan(out.data_begins))
      if (c == '\n' || c == '\r') c = ' ';  // as the gateway does: an event's data is one line
    if (out.framing != OC_OUT_JSON_ARRAY) out.body += out.framing == OC_OUT_SSE_CRLF ? "\r\n\r\n" : "\n\n";
  }
  static void out_framing(oc_out* o, std::uint32_t framing) { FakeOut::of(o).framing = framing; }
  static oc_status dropped(oc_call* call, oc_str what) {
    FakeCall& c = FakeCall::of(call);
    c.dropped.push_back(own(what));
    if (!c.strict) return OC_OK;
    c.failure = Failure{OC_E_UNSUPPORTED, 400, own(what), "unsupported", {}};
    return OC_E_UNSUPPORTED;
  }
  static oc_jsonw* jw_scratch(oc_call* call) {
    FakeCall& c = FakeCall::of(call);
    c.scratch.clear();
    c.scratch_writer.bind(&c.scratch);
    return &c.scratch_writer;
  }
  static oc_str jw_text(const oc_jsonw* w) { return oc::str(w->text()); }
  static oc_str request_id(oc_call*) { return oc::str("req_1"); }
  static void out_raw(oc_out* o, oc_str bytes) { FakeOut::of(o).body += oc::view(bytes); }
};

FakeHost::FakeHost() {
  using T = HostTable;
  table_.struct_size = sizeof table_;
  table_.abi_version = OC_ABI_VERSION;
  table_.ctx = reinterpret_cast<oc_host_ctx*>(this);
  table_.get_ext = T::get_ext, table_.log = T::log, table_.now_ns = T::now_ns, table_.unix_ms = T::unix_ms;
  table_.alloc = T::alloc, table_.fail = T::fail, table_.emit = T::emit, table_.emit_from_any = T::emit;
  table_.complete = T::complete, table_.offload = T::offload, table_.timer = T::timer;
  table_.json_parse = T::json_parse, table_.json_type = T::json_type, table_.json_get = T::json_get;
  table_.json_first = T::json_first, table_.json_next = T::json_next, table_.json_key = T::json_key;
  table_.json_size = T::json_size, table_.json_str = T::json_str, table_.json_int = T::json_int;
  table_.json_num = T::json_num, table_.json_bool = T::json_bool, table_.json_raw = T::json_raw;
  table_.jw_key = T::jw_key, table_.jw_str = T::jw_str, table_.jw_int = T::jw_int, table_.jw_num = T::jw_num;
  table_.jw_bool = T::jw_bool, table_.jw_null = T::jw_null, table_.jw_raw = T::jw_raw;
  table_.jw_open = T::jw_open, table_.jw_close = T::jw_close;
  table_.out_head = T::out_head, table_.out_header = T::out_header, table_.out_json = T::out_json;
  table_.out_event = T::out_event, table_.out_event_end = T::out_event_end, table_.out_raw = T::out_raw;
  table_.dropped = T::dropped, table_.out_framing = T::out_framing;
  table_.jw_scratch = T::jw_scratch, table_.jw_text = T::jw_text, table_.request_id = T::request_id;
}

void FakeHost::advance(std::uint64_t ms) {
  const std::uint64_t until = now_ms_ + ms;
  for (int runs = 0;; ++runs) {
    const auto next = std::min_element(timers_.begin(), timers_.end(), [](const Timer& a, const Timer& b) {
      return std::tie(a.due_ms, a.order) < std::tie(b.due_ms, b.order);
    });
    if (next == timers_.end() || next->due_ms > until) break;
    if (runs == kTimerRunsMax) throw std::runtime_error("a timer re-arms itself without end");
    const Timer due = *next;
    timers_.erase(next);
    now_ms_ = due.due_ms;
    due.fn(due.arg);
  }
  now_ms_ = until;
}

Event Event::of(const oc_event& e) {
  Event out;
  out.type = e.type, out.choice = e.choice, out.index = e.index, out.finish = e.finish, out.http_status = e.http_status;
  out.id = own(e.id), out.model = own(e.model), out.text = own(e.text);
  out.tool_id = own(e.tool_id), out.tool_name = own(e.tool_name);
  out.code = own(e.code), out.param = own(e.param), out.ext_json = own(e.ext_json);
  out.opaque = own(e.opaque), out.opaque_origin = own(e.opaque_origin), out.media_type = own(e.media_type);
  if (e.usage != nullptr) out.usage = *e.usage;
  out.flags = e.flags;
  out.status = e.status, out.retry_after_ms = e.retry_after_ms;
  return out;
}

oc_event Event::view() const {
  oc_event e = oc::Call::event(type, choice, index);
  e.finish = finish, e.http_status = http_status;
  e.id = oc::str(id), e.model = oc::str(model), e.text = oc::str(text);
  e.tool_id = oc::str(tool_id), e.tool_name = oc::str(tool_name);
  e.code = oc::str(code), e.param = oc::str(param), e.ext_json = oc::str(ext_json);
  e.opaque = oc::str(opaque), e.opaque_origin = oc::str(opaque_origin), e.media_type = oc::str(media_type);
  if (type == OC_EV_USAGE) e.usage = &usage;
  e.flags = flags;
  e.status = status, e.retry_after_ms = retry_after_ms;
  return e;
}

bool Event::operator==(const Event& o) const {
  const auto values = [](const Event& e) {
    return std::tie(e.type, e.choice, e.index, e.finish, e.http_status, e.flags, e.id, e.model, e.text, e.tool_id, e.tool_name,
                    e.code, e.param, e.ext_json, e.opaque, e.opaque_origin, e.media_type, e.status, e.retry_after_ms);
  };
  return values(*this) == values(o) &&
         std::memcmp(&usage, &o.usage, sizeof usage) == 0;
}

std::ostream& operator<<(std::ostream& out, const Event& e) {
  return out << "{type " << e.type << " choice " << e.choice << " index " << e.index << " finish " << e.finish << " id '" << e.id
             << "' text '" << e.text << "' tool '" << e.tool_id << "' '" << e.tool_name << "' code '" << e.code << "' status "
             << e.status << "}";
}

std::string FakeCall::text(std::uint32_t type, std::uint32_t choice) const {
  std::string all;
  for (const Event& e : events)
    if (e.type == type && e.choice == choice) all += e.text;
  return all;
}

const Event* FakeCall::last(std::uint32_t type) const {
  for (auto e = events.rbegin(); e != events.rend(); ++e)
    if (e->type == type) return &*e;
  return nullptr;
}

std::string_view FakeOut::header(std::string_view name) const {
  for (const auto& [n, v] : headers)
    if (n == name) return v;
  return {};
}

std::string apply(std::string_view text, const oc_splice* splices, std::uint64_t n) {
  std::string out;
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    const oc_splice& s = splices[i];
    if (s.offset < at || s.offset > text.size() || s.length > text.size() - s.offset)
      throw std::runtime_error("splices overlap, descend or leave the text");
    out.append(text.substr(at, s.offset - at)).append(oc::view(s.with));
    at = s.offset + s.length;
  }
  return out.append(text.substr(at));
}

bool same_json(const oc_json* a, const oc_json* b) {
  if (a == nullptr || b == nullptr || a->type != b->type) return a == b;
  switch (a->type) {
    case OC_JSON_NULL: return true;
    case OC_JSON_BOOL: return a->raw == b->raw;
    case OC_JSON_NUMBER: return a->raw == b->raw || json::number(a, 0) == json::number(b, 0);
    case OC_JSON_STRING: return a->text == b->text;
    case OC_JSON_ARRAY: {
      if (a->size != b->size) return false;
      for (const oc_json *x = a->first, *y = b->first; x != nullptr; x = x->next, y = y->next)
        if (!same_json(x, y)) return false;
      return true;
    }
    default: {
      for (const oc_json* x = a->first; x != nullptr; x = x->next)
        if (!same_json(json::get(a, x->key), json::get(b, x->key))) return false;
      for (const oc_json* y = b->first; y != nullptr; y = y->next)
        if (json::get(a, y->key) == nullptr) return false;
      return true;
    }
  }
}

bool same_json(std::string_view a, std::string_view b) {
  Arena arena;
  const oc_json* x = json::parse(arena, a);
  const oc_json* y = json::parse(arena, b);
  return x != nullptr && y != nullptr && same_json(x, y);
}

std::vector<Event> merged(const std::vector<Event>& events) {
  std::vector<Event> out;
  for (const Event& e : events) {
    const bool joins = e.type == OC_EV_TEXT || e.type == OC_EV_REASONING || e.type == OC_EV_REFUSAL || e.type == OC_EV_TOOL_ARGS;
    const auto same = [&](const Event& o) { return o.type == e.type && o.choice == e.choice && o.index == e.index; };
    const auto before = joins ? std::find_if(out.begin(), out.end(), same) : out.end();
    if (before != out.end())
      before->text += e.text;
    else
      out.push_back(e);
  }
  return out;
}

}  // namespace onechat::test
