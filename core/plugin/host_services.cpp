#include "plugin/host_services.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "base/calendar.hpp"
#include "base/error.hpp"

namespace onechat::plugin {
namespace {

const void* get_ext(oc_host_ctx*, const char*) { return nullptr; }

void log(oc_host_ctx* ctx, std::int32_t level, oc_str message) {
  if (ctx->services->log) ctx->services->log(level, ctx->component_id, view(message));
}

std::uint64_t now_ns() { return system_clock().now_ns(); }
std::int64_t unix_ms() { return system_clock().unix_ms(); }

void* alloc(oc_arena* arena, std::uint64_t size, std::uint64_t align) {
  return arena->allocate(size, align == 0 ? alignof(std::max_align_t) : align);
}

oc_status fail(oc_call* call, oc_status status, std::uint32_t http_status, oc_str message, oc_str code, oc_str param) {
  return call->fail(status, http_status, view(message), view(code), view(param));
}

oc_status emit(oc_call* call, const oc_event* event) { return call->emit(*event); }

// An event with its own memory, on its way from another thread to the loop.
struct PostedEvent {
  explicit PostedEvent(const oc_event& from) : event(from) {
    const std::initializer_list<oc_str*> strings = {
        &event.id,   &event.model, &event.text,     &event.tool_id, &event.tool_name,
        &event.code, &event.param, &event.ext_json, &event.opaque,  &event.opaque_origin, &event.media_type};
    for (oc_str* s : strings) text.append(view(*s));
    const char* at = text.data();
    for (oc_str* s : strings) {
      s->ptr = at;
      at += s->len;
    }
    if (from.usage != nullptr) {
      usage = *from.usage;
      event.usage = &usage;
    }
  }
  PostedEvent(const PostedEvent&) = delete;
  oc_event event;
  oc_usage usage{};
  std::string text;
};

oc_status emit_from_any(oc_call* call, const oc_event* event) {
  auto copy = std::make_shared<PostedEvent>(*event);
  boost::asio::post(call->loop(), [call, copy] { call->emit(copy->event); });
  return OC_OK;
}

void complete(oc_op* op, oc_status status, const void*) { OperationPool::complete(op, status); }

oc_status offload(oc_host_ctx* ctx, oc_fn work, oc_fn done, void* arg) {
  const LoopServices& s = *ctx->services;
  if (s.blocking == nullptr || s.loop == nullptr) return OC_E_UNSUPPORTED;
  boost::asio::post(*s.blocking, [loop = s.loop, work, done, arg] {
    work(arg);
    if (done != nullptr) boost::asio::post(*loop, [done, arg] { done(arg); });
  });
  return OC_OK;
}

oc_status timer(oc_host_ctx* ctx, std::uint64_t ms, oc_fn fn, void* arg) {
  const LoopServices& s = *ctx->services;
  if (s.loop == nullptr) return OC_E_UNSUPPORTED;
  auto t = std::make_shared<boost::asio::steady_timer>(*s.loop, std::chrono::milliseconds(ms));
  t->async_wait([t, fn, arg](const boost::system::error_code& ec) {
    if (!ec) fn(arg);
  });
  return OC_OK;
}

const oc_json* json_parse(oc_arena* arena, oc_bytes text) { return json::parse(*arena, view(text)); }
std::uint32_t json_type(const oc_json* v) { return v == nullptr ? static_cast<std::uint32_t>(OC_JSON_NULL) : v->type; }
const oc_json* json_get(const oc_json* v, oc_str key) { return json::get(v, view(key)); }
const oc_json* json_first(const oc_json* v) { return v == nullptr ? nullptr : v->first; }
const oc_json* json_next(const oc_json* v) { return v == nullptr ? nullptr : v->next; }
oc_str json_key(const oc_json* v) { return v == nullptr ? oc_str{} : str(v->key); }
std::uint64_t json_size(const oc_json* v) { return v == nullptr ? 0 : v->size; }
oc_str json_str(const oc_json* v) { return v == nullptr ? oc_str{} : str(v->text); }
std::int64_t json_int(const oc_json* v, std::int64_t otherwise) { return json::integer(v, otherwise); }
double json_num(const oc_json* v, double otherwise) { return json::number(v, otherwise); }
std::uint32_t json_bool(const oc_json* v, std::uint32_t otherwise) {
  return v == nullptr || v->type != OC_JSON_BOOL ? otherwise : (v->raw == "true" ? 1u : 0u);
}
oc_str json_raw(const oc_json* v) { return v == nullptr ? oc_str{} : str(v->raw); }

void jw_key(oc_jsonw* w, oc_str k) { w->key(view(k)); }
void jw_str(oc_jsonw* w, oc_str v) { w->string(view(v)); }
void jw_int(oc_jsonw* w, std::int64_t v) { w->integer(v); }
void jw_num(oc_jsonw* w, double v) { w->number(v); }
void jw_bool(oc_jsonw* w, std::uint32_t v) { w->boolean(v != 0); }
void jw_null(oc_jsonw* w) { w->null(); }
void jw_raw(oc_jsonw* w, oc_str v) { w->raw(view(v)); }
void jw_open(oc_jsonw* w, std::uint32_t array) { w->open(array != 0); }
void jw_close(oc_jsonw* w) { w->close(); }

void out_head(oc_out* out, std::uint32_t http_status, oc_str content_type) { out->head(http_status, view(content_type)); }
void out_header(oc_out* out, oc_str name, oc_str value) { out->header(view(name), view(value)); }
oc_jsonw* out_json(oc_out* out) { return out->json(); }
oc_jsonw* out_event(oc_out* out, oc_str name) { return out->event(view(name)); }
void out_event_end(oc_out* out) { out->event_end(); }
void out_raw(oc_out* out, oc_str bytes) { out->raw(view(bytes)); }
void out_framing(oc_out* out, std::uint32_t how) { out->framing(how); }

oc_status dropped(oc_call* call, oc_str what) { return call->dropped(view(what)); }
oc_jsonw* jw_scratch(oc_call* call) { return call->scratch(); }
oc_str jw_text(const oc_jsonw* w) { return str(w->text()); }
oc_str request_id(oc_call* call) { return str(call->request_id()); }

oc_status calendar_window(oc_host_ctx*, std::uint32_t period, oc_str zone, std::int64_t unix_ms, std::int64_t* begin,
                          std::int64_t* end) {
  const auto window = system_calendar().window(period, view(zone), unix_ms);
  if (!window) return OC_E_INVALID;
  *begin = window->begin_ms;
  *end = window->end_ms;
  return OC_OK;
}

}  // namespace

oc_host make_host_table(oc_host_ctx& ctx) {
  oc_host h{};
  h.struct_size = sizeof h;
  h.abi_version = OC_ABI_VERSION;
  h.ctx = &ctx;
  h.get_ext = get_ext;
  h.log = log;
  h.now_ns = now_ns;
  h.unix_ms = unix_ms;
  h.alloc = alloc;
  h.fail = fail;
  h.emit = emit;
  h.emit_from_any = emit_from_any;
  h.complete = complete;
  h.offload = offload;
  h.timer = timer;
  h.json_parse = json_parse;
  h.json_type = json_type;
  h.json_get = json_get;
  h.json_first = json_first;
  h.json_next = json_next;
  h.json_key = json_key;
  h.json_size = json_size;
  h.json_str = json_str;
  h.json_int = json_int;
  h.json_num = json_num;
  h.json_bool = json_bool;
  h.json_raw = json_raw;
  h.jw_key = jw_key;
  h.jw_str = jw_str;
  h.jw_int = jw_int;
  h.jw_num = jw_num;
  h.jw_bool = jw_bool;
  h.jw_null = jw_null;
  h.jw_raw = jw_raw;
  h.jw_open = jw_open;
  h.jw_close = jw_close;
  h.out_head = out_head;
  h.out_header = out_header;
  h.out_json = out_json;
  h.out_event = out_event;
  h.out_event_end = out_event_end;
  h.out_raw = out_raw;
  h.dropped = dropped;
  h.out_framing = out_framing;
  h.jw_scratch = jw_scratch;
  h.jw_text = jw_text;
  h.request_id = request_id;
  h.calendar_window = calendar_window;
  return h;
}

}  // namespace onechat::plugin
