// onechat/onechat.hpp: the comfort layer for plugins in C++17. Compiled INTO the plugin; it has no ABI of its own.
//
// Write a class, name it in one macro:
//
//   class Acme {
//    public:
//     struct State { bool done = false; };                        // one per attempt, zeroed, then constructed
//     static constexpr std::string_view kDialect = "acme";        // what it speaks upstream
//     Acme(const oc_host* host, oc::Json config);                 // throw std::exception to refuse the settings
//     oc_status build(oc::Call&, State&, const oc_request&, bool straight_ok, oc::Http&);
//     oc_status frame(oc::Call&, State&, const oc_frame&, oc_relay*);
//   };
//   ONECHAT_PROVIDER(Acme, "provider.acme", "1.0.0", "Acme Cloud", kSchema, OC_PROV_CAP_STREAM)
//
// Every callback passes through guard(), so no exception leaves the plugin. Strings and arrays that go to the host must
// live in the arena (Call::copy, Call::array) or be static. Nothing here has global constructors or thread_local state.
#ifndef ONECHAT_ONECHAT_HPP
#define ONECHAT_ONECHAT_HPP

#include <cstdint>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "flow.h"
#include "json.hpp"
#include "surface.h"

namespace oc {

// One request in flight: memory, JSON, events and failure. Cheap to make; valid only during the callback.
struct Call {
  const oc_host* host;
  oc_call* handle;
  oc_arena* arena;

  // Memory of the call; gone with it. Throws std::bad_alloc at the call's limit, which guard() turns into OC_E_NOMEM.
  void* allocate(std::uint64_t size, std::uint64_t align) const {
    void* p = host->alloc(arena, size != 0 ? size : 1, align);
    if (p == nullptr) throw std::bad_alloc();
    return p;
  }
  template <class T>
  T* array(std::uint64_t n) const {
    static_assert(std::is_trivially_destructible_v<T>, "no destructor runs in an arena");
    if (n > UINT64_MAX / sizeof(T)) throw std::bad_alloc();
    T* p = static_cast<T*>(allocate(n * sizeof(T), alignof(T)));
    for (std::uint64_t i = 0; i < n; ++i) new (p + i) T{};
    return p;
  }
  template <class T>
  T* make() const { return array<T>(1); }
  template <class T>
  T* make_sized() const {
    T* t = make<T>();
    t->struct_size = sizeof(T);
    return t;
  }
  std::string_view copy(std::string_view text) const { return concat({text}); }
  std::string_view concat(std::initializer_list<std::string_view> pieces) const {
    std::uint64_t n = 0;
    for (const auto piece : pieces) n += piece.size();
    if (n == 0) return {};
    char* const begin = static_cast<char*>(allocate(n, 1));
    char* at = begin;
    for (const auto piece : pieces) {
      if (!piece.empty()) std::memcpy(at, piece.data(), piece.size());
      at += piece.size();
    }
    return {begin, static_cast<std::size_t>(n)};
  }

  // Nothing when the text is not one whole JSON value.
  Json parse(oc_bytes text) const { return {host, host->json_parse(arena, text)}; }
  Json parse(std::string_view text) const { return parse(oc::bytes(text)); }

  // JSON text in the arena: `write(oc::Writer&)` writes one value. Not to be nested.
  template <class F>
  std::string_view json(F&& write) const {
    oc_jsonw* const scratch = host->jw_scratch(handle);
    Writer w(host, scratch);
    std::forward<F>(write)(w);
    return copy(oc::view(host->jw_text(scratch)));
  }

  // Says why the call fails; `return call.fail(...)`. http_status 0: the status' usual one.
  oc_status fail(oc_status status, std::string_view message, std::string_view code = {}, std::string_view param = {},
                 std::uint32_t http_status = 0) const {
    return host->fail(handle, status, http_status, oc::str(message), oc::str(code), oc::str(param));
  }

  static oc_event event(std::uint32_t type, std::uint32_t choice = 0, std::uint32_t index = 0) noexcept {
    oc_event e = sized<oc_event>();
    e.type = type;
    e.choice = choice;
    e.index = index;
    return e;
  }
  oc_status emit(const oc_event& e) const { return host->emit(handle, &e); }

  // Events of an answer; `index` counts parts within `choice`.
  oc_status start(std::string_view id, std::string_view model) const {
    oc_event e = event(OC_EV_START);
    e.id = oc::str(id);
    e.model = oc::str(model);
    return emit(e);
  }
  oc_status text(std::string_view text, std::uint32_t index = 0, std::uint32_t choice = 0) const {
    return emit_text(OC_EV_TEXT, text, index, choice);
  }
  oc_status reasoning(std::string_view text, std::uint32_t index = 0, std::uint32_t choice = 0) const {
    return emit_text(OC_EV_REASONING, text, index, choice);
  }
  oc_status refusal(std::string_view text, std::uint32_t index = 0, std::uint32_t choice = 0) const {
    return emit_text(OC_EV_REFUSAL, text, index, choice);
  }
  oc_status tool_begin(std::string_view id, std::string_view name, std::uint32_t index, std::uint32_t choice = 0) const {
    oc_event e = event(OC_EV_TOOL_BEGIN, choice, index);
    e.tool_id = oc::str(id);
    e.tool_name = oc::str(name);
    return emit(e);
  }
  oc_status tool_args(std::string_view piece, std::uint32_t index, std::uint32_t choice = 0) const {
    return emit_text(OC_EV_TOOL_ARGS, piece, index, choice);
  }
  oc_status part_end(std::uint32_t index, std::uint32_t choice = 0) const {
    return emit(event(OC_EV_PART_END, choice, index));
  }
  oc_status usage(oc_usage used) const {
    used.struct_size = sizeof used;
    oc_event e = event(OC_EV_USAGE);
    e.usage = &used;
    return emit(e);
  }
  oc_status finish(std::uint32_t why, std::uint32_t choice = 0) const {
    oc_event e = event(OC_EV_FINISH, choice);
    e.finish = why;
    return emit(e);
  }
  oc_status state(std::string_view opaque, std::string_view origin, std::uint32_t index, std::uint32_t choice = 0) const {
    oc_event e = event(OC_EV_STATE, choice, index);
    e.opaque = oc::str(opaque);
    e.opaque_origin = oc::str(origin);
    return emit(e);
  }

  std::string_view request_id() const { return oc::view(host->request_id(handle)); }

  // `what` has no place in the other dialect. OC_OK, or the refusal of a strict request: return it.
  oc_status dropped(std::string_view what) const { return host->dropped(handle, oc::str(what)); }

 private:
  oc_status emit_text(std::uint32_t type, std::string_view text, std::uint32_t index, std::uint32_t choice) const {
    oc_event e = event(type, choice, index);
    e.text = oc::str(text);
    return emit(e);
  }
};

// The upstream request that build() fills. Everything set is in the arena of the call at once.
class Http {
 public:
  Http(const Call& call, oc_http_request* request) : call_(call), request_(request) {}

  Http& method(std::string_view m) { return request_->method = oc::str(m), *this; }
  Http& path(std::string_view p) { return request_->path = oc::str(p), *this; }
  Http& get(std::string_view p) { return method("GET").path(p); }
  Http& post(std::string_view p) { return method("POST").path(p); }
  Http& framing(std::uint32_t how) { return request_->framing = how, *this; }
  Http& header(std::string_view name, std::string_view value) {
    if (request_->n_headers == capacity_) grow();
    headers_[request_->n_headers++] = {oc::str(name), oc::str(value)};
    return *this;
  }
  // One of these three: write JSON, give bytes, or send the client's own body with splices.
  Writer json() { return {call_.host, request_->body_json}; }
  Http& body(std::string_view text) { return request_->body = oc::bytes(text), *this; }
  Http& straight(const oc_splice* splices = nullptr, std::uint64_t n = 0) {
    request_->straight = 1;
    request_->splices = splices;
    request_->n_splices = n;
    return *this;
  }

 private:
  void grow() {
    capacity_ = capacity_ == 0 ? 8 : capacity_ * 2;
    oc_header* more = call_.array<oc_header>(capacity_);
    for (std::uint64_t i = 0; i < request_->n_headers; ++i) more[i] = headers_[i];
    request_->headers = headers_ = more;
  }

  const Call& call_;
  oc_http_request* request_;
  oc_header* headers_ = nullptr;
  std::uint64_t capacity_ = 0;
};

// The answer of a surface.
class Out {
 public:
  Out(const oc_host* host, oc_out* out) : host_(host), out_(out) {}

  void head(std::uint32_t http_status, std::string_view content_type) {
    host_->out_head(out_, http_status, oc::str(content_type));
  }
  void header(std::string_view name, std::string_view value) { host_->out_header(out_, oc::str(name), oc::str(value)); }
  Writer json() { return {host_, host_->out_json(out_)}; }
  Writer event(std::string_view name = {}) { return {host_, host_->out_event(out_, oc::str(name))}; }
  void event_end() { host_->out_event_end(out_); }
  void framing(std::uint32_t how) { host_->out_framing(out_, how); }
  void raw(std::string_view bytes) { host_->out_raw(out_, oc::str(bytes)); }

 private:
  const oc_host* host_;
  oc_out* out_;
};

// Runs `f` and turns an exception into a status. `handle` may be NULL where there is no request.
template <class F>
oc_status guard(const oc_host* host, oc_call* handle, F&& f) noexcept {
  try {
    return std::forward<F>(f)();
  } catch (const std::bad_alloc&) {
    return OC_E_NOMEM;
  } catch (const std::exception& e) {
    host->log(host->ctx, OC_LOG_ERROR, oc::str(e.what()));
    if (handle == nullptr) return OC_E_INTERNAL;
    return host->fail(handle, OC_E_INTERNAL, 0, oc::str("internal error of a plugin"), {}, {});
  } catch (...) {
    return OC_E_INTERNAL;
  }
}

// What a component tells about itself. `schema` may be nullptr: no settings.
struct Info {
  const char *id, *version, *summary, *schema;
  std::uint64_t caps;
};

namespace detail {

template <class T>
struct Box {  // an instance beside its host
  const oc_host* host;
  T self;
  Box(const oc_host* h, Json config) : host(h), self(h, config) {}
};

// A call state that may have a destructor. `live` stays 0 in the zeroed memory until the constructor is through.
template <class State>
struct Slot {
  alignas(16) unsigned char memory[sizeof(State)];
  bool live;

  static Slot* of(void* state) noexcept { return static_cast<Slot*>(state); }
  State& construct() {
    State* made = new (memory) State();
    live = true;
    return *made;
  }
  State& get() noexcept { return *std::launder(reinterpret_cast<State*>(memory)); }
  void destroy() noexcept {
    if (live) get().~State();
    live = false;
  }
};

// A state that the host drops without a word: it must mean something when zeroed and need no destructor.
template <class State>
constexpr std::uint64_t plain_state_size() {
  static_assert(std::is_trivially_default_constructible_v<State> && std::is_trivially_destructible_v<State>,
                "this kind of State begins as zeroed bytes and is never destroyed");
  static_assert(alignof(State) <= 16, "the host aligns call states to 16 bytes");
  return sizeof(State);
}

inline void tell(const oc_host* host, oc_arena* scratch, std::string_view words, oc_str* err) noexcept {
  char* copy = static_cast<char*>(host->alloc(scratch, words.size() + 1, 1));
  if (copy == nullptr || err == nullptr) return;
  std::memcpy(copy, words.data(), words.size());
  *err = {copy, words.size()};
}

template <class T>
oc_status OC_CALL create(const oc_component*, const oc_host* host, oc_arena* scratch, oc_bytes config_json,
                         void** instance, oc_str* err) noexcept {
  try {
    const std::string_view text = config_json.len != 0 ? view(config_json) : std::string_view("{}");
    const Json config(host, host->json_parse(scratch, bytes(text)));
    if (!config.is_object()) return tell(host, scratch, "the settings are not a JSON object", err), OC_E_CONFIG;
    *instance = new Box<T>(host, config);
    return OC_OK;
  } catch (const std::bad_alloc&) {
    return OC_E_NOMEM;
  } catch (const std::exception& e) {
    return tell(host, scratch, e.what(), err), OC_E_CONFIG;
  } catch (...) {
    return tell(host, scratch, "unknown exception", err), OC_E_CONFIG;
  }
}
template <class T>
void OC_CALL destroy(void* instance) noexcept { delete static_cast<Box<T>*>(instance); }

// Is `T::name` there? Optional members become NULL in the table, and the host does its default.
#define ONECHAT_DETECT(name)                            \
  template <class T, class = void>                      \
  struct has_##name : std::false_type {};               \
  template <class T>                                    \
  struct has_##name<T, std::void_t<decltype(&T::name)>> : std::true_type {};
ONECHAT_DETECT(headers)
ONECHAT_DETECT(finish)
ONECHAT_DETECT(map_error)
ONECHAT_DETECT(estimate)
ONECHAT_DETECT(observe)
ONECHAT_DETECT(request)
ONECHAT_DETECT(event)
ONECHAT_DETECT(end)
ONECHAT_DETECT(get_ext)
ONECHAT_DETECT(keep)
ONECHAT_DETECT(kFlags)
ONECHAT_DETECT(kRequestIdHeader)
#undef ONECHAT_DETECT

template <class T>
const void* OC_CALL get_ext(void* instance, const char* id) noexcept {
  return static_cast<Box<T>*>(instance)->self.get_ext(std::string_view(id));
}

template <class T>
constexpr oc_component component(const Info& info, std::uint32_t kind, const void* table) {
  oc_component c{};
  c.struct_size = sizeof c;
  c.kind = kind;
  c.id = info.id;
  c.version = info.version;
  c.summary = info.summary;
  c.config_schema_json = info.schema;
  c.caps = info.caps;
  c.vtbl = table;
  c.create = create<T>;
  c.destroy = destroy<T>;
  if constexpr (has_get_ext<T>::value) c.get_ext = get_ext<T>;
  return c;
}

template <class P>
struct CodecGlue {
  using State = typename P::State;
  using Slot = detail::Slot<State>;
  static_assert(alignof(State) <= 16, "the host aligns call states to 16 bytes");
  static Box<P>& box(void* inst) noexcept { return *static_cast<Box<P>*>(inst); }

  static oc_status OC_CALL build(void* inst, oc_call* handle, void* state, oc_arena* arena, const oc_request* request,
                                 std::uint32_t straight_ok, oc_http_request* out) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] {
      Call call{b.host, handle, arena};
      Http http(call, out);
      return b.self.build(call, Slot::of(state)->construct(), *request, straight_ok != 0, http);
    });
  }
  static oc_status OC_CALL headers(void* inst, oc_call* handle, void* state, std::uint32_t http_status,
                                   const oc_header* list, std::uint64_t n) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] { return b.self.headers(handle, Slot::of(state)->get(), http_status, list, n); });
  }
  static oc_status OC_CALL frame(void* inst, oc_call* handle, void* state, oc_arena* arena, const oc_frame* f,
                                 oc_relay* relay) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] {
      Call call{b.host, handle, arena};
      return b.self.frame(call, Slot::of(state)->get(), *f, relay);
    });
  }
  static oc_status OC_CALL finish(void* inst, oc_call* handle, void* state, oc_arena* arena,
                                  oc_status transport) noexcept {
    auto& b = box(inst);
    Slot* slot = Slot::of(state);
    oc_status status = transport;
    if constexpr (has_finish<P>::value) {
      if (slot->live) {
        status = guard(b.host, handle, [&] {
          Call call{b.host, handle, arena};
          return b.self.finish(call, slot->get(), transport);
        });
      }
    }
    slot->destroy();
    return status;
  }
  static oc_status OC_CALL map_error(void* inst, oc_call* handle, void* state, oc_arena* arena,
                                     std::uint32_t http_status, const oc_header* list, std::uint64_t n, oc_bytes body,
                                     oc_event* out) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] {
      Call call{b.host, handle, arena};
      return b.self.map_error(call, Slot::of(state)->get(), http_status, list, n, view(body), *out);
    });
  }
  static oc_status OC_CALL estimate(void* inst, const oc_request* request, oc_usage* out) noexcept {
    auto& b = box(inst);
    return guard(b.host, nullptr, [&] { return b.self.estimate(*request, *out); });
  }

  static constexpr oc_provider_codec make() {
    oc_provider_codec t{};
    t.struct_size = sizeof t;
    t.call_state_size = sizeof(Slot);
    t.dialect = str(P::kDialect);
    t.build = build;
    t.frame = frame;
    t.finish = finish;
    if constexpr (has_headers<P>::value) t.headers = headers;
    if constexpr (has_map_error<P>::value) t.map_error = map_error;
    if constexpr (has_estimate<P>::value) t.estimate = estimate;
    return t;
  }
  static constexpr oc_provider_codec kTable = make();
};

template <class P>
struct ActiveGlue {
  using State = typename P::State;
  static Box<P>& box(void* inst) noexcept { return *static_cast<Box<P>*>(inst); }

  static oc_status OC_CALL start(void* inst, oc_call* handle, void* state, oc_arena* arena, const oc_request* request,
                                 oc_op* done) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] {
      Call call{b.host, handle, arena};
      return b.self.start(call, *static_cast<State*>(state), *request, done);
    });
  }
  static void OC_CALL cancel(void* inst, oc_call* handle, void* state) noexcept {
    auto& b = box(inst);
    guard(b.host, handle, [&] { return b.self.cancel(handle, *static_cast<State*>(state)), OC_OK; });
  }
  static void OC_CALL resume(void* inst, oc_call* handle, void* state) noexcept {
    auto& b = box(inst);
    guard(b.host, handle, [&] { return b.self.resume(handle, *static_cast<State*>(state)), OC_OK; });
  }
  static oc_status OC_CALL estimate(void* inst, const oc_request* request, oc_usage* out) noexcept {
    auto& b = box(inst);
    return guard(b.host, nullptr, [&] { return b.self.estimate(*request, *out); });
  }

  static constexpr oc_provider_active make() {
    oc_provider_active t{};
    t.struct_size = sizeof t;
    t.call_state_size = plain_state_size<State>();
    t.start = start;
    t.cancel = cancel;
    t.resume = resume;
    if constexpr (has_estimate<P>::value) t.estimate = estimate;
    return t;
  }
  static constexpr oc_provider_active kTable = make();
};

template <class S>
struct SurfaceGlue {
  using State = typename S::State;
  static Box<S>& box(void* inst) noexcept { return *static_cast<Box<S>*>(inst); }
  static State& at(void* state) noexcept { return *static_cast<State*>(state); }

  static std::uint64_t OC_CALL routes(void* inst, const oc_route* const** out) noexcept {
    return box(inst).self.routes(out);
  }
  static oc_status OC_CALL credential(void* inst, oc_call* handle, const oc_http_in* in, oc_str* key) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] { return b.self.credential(Call{b.host, handle, nullptr}, *in, *key); });
  }
  static oc_status OC_CALL parse(void* inst, oc_call* handle, void* state, oc_arena* arena, const oc_http_in* in,
                                 const oc_request** out) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] { return b.self.parse(Call{b.host, handle, arena}, at(state), *in, out); });
  }
  template <oc_status (S::*Render)(const Call&, State&, const oc_event&, Out&)>
  static oc_status OC_CALL with_event(void* inst, oc_call* handle, void* state, oc_arena* arena, const oc_event* e,
                                      oc_out* out) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] {
      Out answer(b.host, out);
      return (b.self.*Render)(Call{b.host, handle, arena}, at(state), *e, answer);
    });
  }
  static oc_status OC_CALL finish(void* inst, oc_call* handle, void* state, oc_arena* arena, oc_out* out) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] {
      Out answer(b.host, out);
      return b.self.finish(Call{b.host, handle, arena}, at(state), answer);
    });
  }
  static oc_status OC_CALL models(void* inst, oc_call* handle, oc_arena* arena, const oc_http_in* in,
                                  const oc_model* const* list, std::uint64_t n, oc_out* out) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] {
      Out answer(b.host, out);
      return b.self.models(Call{b.host, handle, arena}, *in, list, n, answer);
    });
  }

  static oc_status OC_CALL resume(void* inst, oc_call* handle, void* state, oc_arena* arena, const oc_request* parsed,
                                  oc_bytes kept, const oc_request** out) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle,
                 [&] { return b.self.resume(Call{b.host, handle, arena}, at(state), *parsed, view(kept), out); });
  }
  static oc_status OC_CALL keep(void* inst, oc_call* handle, void* state, oc_arena* arena, oc_str answer_json, oc_str* id,
                                oc_bytes* kept) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle,
                 [&] { return b.self.keep(Call{b.host, handle, arena}, at(state), view(answer_json), *id, *kept); });
  }
  static oc_status OC_CALL kept(void* inst, oc_call* handle, void* state, oc_arena* arena, const oc_request* request,
                                oc_bytes kept, oc_out* out) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] {
      Out answer(b.host, out);
      return b.self.kept(Call{b.host, handle, arena}, at(state), *request, view(kept), answer);
    });
  }

  static constexpr oc_surface make() {
    oc_surface t{};
    t.struct_size = sizeof t;
    t.call_state_size = plain_state_size<State>();
    t.dialect = str(S::kDialect);
    t.prefix = str(S::kPrefix);
    t.routes = routes;
    t.credential = credential;
    t.parse = parse;
    t.event = with_event<&S::event>;
    t.finish = finish;
    t.error = with_event<&S::error>;
    t.stream_error = with_event<&S::stream_error>;
    t.models = models;
    if constexpr (has_keep<S>::value) {
      t.resume = resume;
      t.keep = keep;
      t.kept = kept;
    }
    if constexpr (has_kFlags<S>::value) t.flags = S::kFlags;
    if constexpr (has_kRequestIdHeader<S>::value) t.request_id_header = str(S::kRequestIdHeader);
    return t;
  }
  static constexpr oc_surface kTable = make();
};

template <class R>
struct RouterGlue {
  static Box<R>& box(void* inst) noexcept { return *static_cast<Box<R>*>(inst); }

  static oc_status OC_CALL plan(void* inst, oc_call* handle, oc_arena* arena, const oc_request* request,
                                const oc_candidate* const* list, std::uint64_t n, oc_plan* out) noexcept {
    auto& b = box(inst);
    return guard(b.host, handle, [&] { return b.self.plan(Call{b.host, handle, arena}, *request, list, n, *out); });
  }
  static void OC_CALL observe(void* inst, const oc_outcome* outcome) noexcept {
    auto& b = box(inst);
    guard(b.host, nullptr, [&] { return b.self.observe(*outcome), OC_OK; });
  }

  static constexpr oc_router make() {
    oc_router t{};
    t.struct_size = sizeof t;
    t.plan = plan;
    if constexpr (has_observe<R>::value) t.observe = observe;
    return t;
  }
  static constexpr oc_router kTable = make();
};

template <class S>
struct StageGlue {
  using State = typename S::State;
  static Box<S>& box(void* inst) noexcept { return *static_cast<Box<S>*>(inst); }
  static State& at(void* state) noexcept { return *static_cast<State*>(state); }

  // A hook that threw: refused rather than let through unseen, or lost without a word.
  static std::int32_t verdict(oc_status s) noexcept { return s < 0 ? std::int32_t(OC_STAGE_REFUSE) : s; }

  static std::int32_t OC_CALL request(void* inst, oc_call* handle, void* state, oc_arena* arena,
                                      const oc_request* in, const oc_request** out, oc_op* async) noexcept {
    auto& b = box(inst);
    return verdict(guard(b.host, handle, [&] {
      return b.self.request(Call{b.host, handle, arena}, at(state), *in, out, async);
    }));
  }
  static std::int32_t OC_CALL event(void* inst, oc_call* handle, void* state, oc_arena* arena, const oc_event* in,
                                    const oc_event** out) noexcept {
    auto& b = box(inst);
    const auto s = guard(b.host, handle, [&] { return b.self.event(Call{b.host, handle, arena}, at(state), *in, out); });
    return verdict(s);
  }
  static void OC_CALL end(void* inst, oc_call* handle, void* state, const oc_usage* used, oc_status status) noexcept {
    auto& b = box(inst);
    guard(b.host, handle, [&] { return b.self.end(handle, at(state), *used, status), OC_OK; });
  }

  static constexpr oc_stage make() {
    oc_stage t{};
    t.struct_size = sizeof t;
    t.needs = S::kNeeds;
    t.call_state_size = plain_state_size<State>();
    if constexpr (has_request<S>::value) t.request = request;
    if constexpr (has_event<S>::value) t.event = event;
    if constexpr (has_end<S>::value) t.end = end;
    return t;
  }
  static constexpr oc_stage kTable = make();
};

}  // namespace detail

// Every class below may also have `const void* get_ext(std::string_view id) noexcept`, for optional interfaces.

// A provider that turns bytes into events. P has State, kDialect, build(), frame(); and may have
//   oc_status headers(oc_call*, State&, uint32_t http_status, const oc_header*, uint64_t n);
//   oc_status finish(Call&, State&, oc_status transport);   // ~State runs after it, in any case
//   oc_status map_error(Call&, State&, uint32_t http_status, const oc_header*, uint64_t n, std::string_view body,
//                       oc_event& out);
//   oc_status estimate(const oc_request&, oc_usage& out);
template <class P>
constexpr oc_component provider(const Info& info) {
  return detail::component<P>(info, OC_KIND_PROVIDER, &detail::CodecGlue<P>::kTable);
}
// A provider that makes its events itself. P has a plain State and
//   oc_status start(Call&, State&, const oc_request&, oc_op* done);
//   void cancel(oc_call*, State&);  void resume(oc_call*, State&);
// and may have estimate(). `State` lives until `done` is completed.
template <class P>
constexpr oc_component active_provider(Info info) {
  info.caps |= OC_PROV_CAP_ACTIVE;
  return detail::component<P>(info, OC_KIND_PROVIDER, &detail::ActiveGlue<P>::kTable);
}
// S has a plain State, kDialect, kPrefix and
//   uint64_t routes(const oc_route* const** out);
//   oc_status credential(const Call& (no arena), const oc_http_in&, oc_str& api_key);
//   oc_status parse(const Call&, State&, const oc_http_in&, const oc_request** out);
//   oc_status event | error | stream_error(const Call&, State&, const oc_event&, Out&);
//   oc_status finish(const Call&, State&, Out&);
//   oc_status models(const Call&, const oc_http_in&, const oc_model* const*, uint64_t n, Out&);
// and may have `static constexpr uint32_t kFlags` (OC_SURF_*) and `std::string_view kRequestIdHeader`, and for kept answers
//   oc_status resume(const Call&, State&, const oc_request& parsed, std::string_view kept, const oc_request** out);
//   oc_status keep(const Call&, State&, std::string_view answer_json, oc_str& id, oc_bytes& kept);
//   oc_status kept(const Call&, State&, const oc_request&, std::string_view kept, Out&);
template <class S>
constexpr oc_component surface(const Info& info) {
  return detail::component<S>(info, OC_KIND_SURFACE, &detail::SurfaceGlue<S>::kTable);
}
// R has oc_status plan(const Call&, const oc_request&, const oc_candidate* const*, uint64_t n, oc_plan& out), and may
// have void observe(const oc_outcome&).
template <class R>
constexpr oc_component router(const Info& info) {
  return detail::component<R>(info, OC_KIND_ROUTER, &detail::RouterGlue<R>::kTable);
}
// S has a plain State, `static constexpr uint32_t kNeeds` (OC_NEED_*) and the hooks it needs:
//   int32_t request(const Call&, State&, const oc_request&, const oc_request** out, oc_op* async);
//   int32_t event(const Call&, State&, const oc_event&, const oc_event** out);
//   void end(oc_call*, State&, const oc_usage&, oc_status);
template <class S>
constexpr oc_component stage(const Info& info) {
  return detail::component<S>(info, OC_KIND_STAGE, &detail::StageGlue<S>::kTable);
}

constexpr oc_module module(const char* name, const char* version, const char* vendor, const char* license,
                           const oc_component* const* components, std::uint64_t n) {
  oc_module m{};
  m.struct_size = sizeof m;
  m.abi_version = OC_ABI_VERSION;
  m.min_host_abi = OC_ABI_VERSION;
  m.name = name;
  m.version = version;
  m.vendor = vendor;
  m.license = license;
  m.components = components;
  m.n_components = n;
  return m;
}

inline oc_status enter(const oc_loader* loader, const oc_module& mine, const oc_module** out) noexcept {
  if (loader->abi_min > OC_ABI_VERSION || loader->abi_version < mine.min_host_abi) return OC_E_UNSUPPORTED;
  *out = &mine;
  return OC_OK;
}

}  // namespace oc

// The one exported symbol, for components that are `constexpr oc_component` at namespace scope:
//   static constexpr oc_component kAcme = oc::provider<Acme>({"provider.acme", "1.0.0", "Acme Cloud", kSchema, kCaps});
//   ONECHAT_MODULE("acme", "1.0.0", "Acme", "Apache-2.0", &kAcme)
#define ONECHAT_MODULE(name, version, vendor, license, ...)                                                       \
  OC_EXTERN_C OC_EXPORT oc_status OC_CALL onechat_plugin_entry_v1(const oc_loader* loader, const oc_module** out) { \
    static constexpr const oc_component* kComponents[] = {__VA_ARGS__};                                           \
    static constexpr oc_module kModule =                                                                          \
        oc::module(name, version, vendor, license, kComponents, sizeof(kComponents) / sizeof(kComponents[0]));    \
    return oc::enter(loader, kModule, out);                                                                       \
  }

// A module of one component whose name and version are the component's:
//   ONECHAT_PROVIDER(Class, id, version, summary, schema or nullptr, caps)
#define ONECHAT_ONE_COMPONENT(make, Class, id, version, ...)                            \
  static constexpr oc_component kOnechatComponent = make<Class>({id, version, __VA_ARGS__}); \
  ONECHAT_MODULE(id, version, "", "", &kOnechatComponent)
#define ONECHAT_PROVIDER(Class, ...) ONECHAT_ONE_COMPONENT(oc::provider, Class, __VA_ARGS__)
#define ONECHAT_ACTIVE_PROVIDER(Class, ...) ONECHAT_ONE_COMPONENT(oc::active_provider, Class, __VA_ARGS__)
#define ONECHAT_SURFACE(Class, ...) ONECHAT_ONE_COMPONENT(oc::surface, Class, __VA_ARGS__)
#define ONECHAT_ROUTER(Class, ...) ONECHAT_ONE_COMPONENT(oc::router, Class, __VA_ARGS__)
#define ONECHAT_STAGE(Class, ...) ONECHAT_ONE_COMPONENT(oc::stage, Class, __VA_ARGS__)

#endif
