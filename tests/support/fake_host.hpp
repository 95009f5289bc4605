// A host for unit tests of plugins: implements oc_host over core/json and an arena, and records what a plugin does.
//
// Single-threaded; time stands still until advance(). One FakeHost serves any number of instances and calls, which must
// not outlive it.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.hpp"
#include "json/json.hpp"

namespace onechat::test {

// An event with its strings owned, so that it can be kept and compared.
struct Event {
  std::uint32_t type = 0, choice = 0, index = 0, finish = 0, http_status = 0;
  std::uint32_t flags = 0;
  std::string id, model, text, tool_id, tool_name, code, param, ext_json, opaque, opaque_origin, media_type;
  oc_usage usage{};
  oc_status status = 0;
  std::uint64_t retry_after_ms = 0;

  static Event of(const oc_event& e);
  // The same as the ABI has it; points into this object.
  oc_event view() const;
  bool operator==(const Event& other) const;
};
std::ostream& operator<<(std::ostream& out, const Event& e);

struct Failure {
  oc_status status = OC_OK;
  std::uint32_t http_status = 0;
  std::string message, code, param;
};

// oc_call: collects events and the failure.
class FakeCall {
 public:
  oc_call* handle() { return reinterpret_cast<oc_call*>(this); }
  static FakeCall& of(oc_call* c) { return *reinterpret_cast<FakeCall*>(c); }

  Arena arena;
  std::vector<Event> events;
  std::optional<Failure> failure;
  std::vector<std::string> dropped;  // what dropped() was told
  bool strict = false;               // dropped() refuses
  std::string scratch;
  oc_jsonw scratch_writer;
  std::size_t pause_every = 0;  // emit() says OC_PAUSE at each n-th event; 0: never

  std::string text(std::uint32_t type = OC_EV_TEXT, std::uint32_t choice = 0) const;  // joined
  const Event* last(std::uint32_t type) const;
};

// oc_out: a whole answer, or the bytes of a stream.
class FakeOut {
 public:
  oc_out* handle() { return reinterpret_cast<oc_out*>(this); }
  static FakeOut& of(oc_out* o) { return *reinterpret_cast<FakeOut*>(o); }
  std::string_view header(std::string_view name) const;  // "" when not set

  std::uint32_t status = 200;
  std::string content_type, body;
  std::uint32_t framing = OC_OUT_SSE;
  std::uint64_t events = 0;
  std::size_t data_begins = 0;  // of the event that is written, in body
  std::vector<std::pair<std::string, std::string>> headers;
  oc_jsonw writer;
};

// oc_op: how often and with what it was completed.
struct FakeOp {
  oc_op* handle() { return reinterpret_cast<oc_op*>(this); }
  int completions = 0;
  oc_status status = OC_OK;
};

class FakeHost {
 public:
  FakeHost();
  const oc_host* table() const { return &table_; }
  // Moves the clock and runs the timers that became due, in order of time; bounded, so that a runaway timer fails a test.
  void advance(std::uint64_t ms);
  bool timers_pending() const { return !timers_.empty(); }
  std::uint64_t now_ms() const { return now_ms_; }

  std::vector<std::pair<std::int32_t, std::string>> logs;

 private:
  struct Timer {
    std::uint64_t due_ms, order;
    oc_fn fn;
    void* arg;
  };
  friend struct HostTable;

  oc_host table_{};
  std::deque<Timer> timers_;
  std::uint64_t now_ms_ = 0, timer_order_ = 0;
};

// An instance of a component, made through its ABI and destroyed at the end. Table: oc_surface, oc_provider_codec, ...
template <class Table>
class Instance {
 public:
  Instance(const FakeHost& host, const oc_component& component, std::string_view config = "{}")
      : component_(component) {
    Arena scratch;
    oc_str error{};
    const std::string text(config);
    const oc_status status = component.create(&component, host.table(), &scratch, oc::bytes(text), &self_, &error);
    if (status != OC_OK) throw std::runtime_error(std::string(oc::view(error)));
  }
  ~Instance() { component_.destroy(self_); }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  void* self() const { return self_; }
  const Table* operator->() const { return static_cast<const Table*>(component_.vtbl); }

 private:
  const oc_component& component_;
  void* self_ = nullptr;
};

// Zeroed, 16-aligned, as a host gives it.
class CallState {
 public:
  explicit CallState(std::uint64_t size) : memory_(size / sizeof(Piece) + 1) {}
  operator void*() { return memory_.data(); }

 private:
  struct alignas(16) Piece {
    unsigned char bytes[16];
  };
  std::vector<Piece> memory_;
};

std::string apply(std::string_view text, const oc_splice* splices, std::uint64_t n);
// Equal as JSON values: order of members does not matter, numbers by their value. Of equal names the last counts.
bool same_json(std::string_view a, std::string_view b);
bool same_json(const oc_json* a, const oc_json* b);
// Texts of one part are joined and pieces of arguments too: what is left does not depend on how a stream was cut.
std::vector<Event> merged(const std::vector<Event>& events);

}  // namespace onechat::test
