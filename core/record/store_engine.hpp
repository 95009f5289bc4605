// The store's thread: documents for the control plane, traces from the data plane.
//
// One engine, one thread and one backend instance per node. Traces wait in a bounded queue and are written in batches;
// when the queue is full a trace's bodies are shed first, then the trace, and both are counted: an answer never waits.
// Full means its bytes; its last quarter of places takes traces without bodies. Turns go last before the trace itself.
// A query sees every trace and document submitted before it.
#pragma once
#include <onechat/store.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace onechat::record {

struct StoreBackend {  // borrowed; outlives the engine
  const oc_store* table = nullptr;
  void* instance = nullptr;
};

struct Queued {  // what waits for the store's thread; the engine's own
  Queued* next = nullptr;
  bool is_trace = false;
};

// A trace with its own memory: what the exchange hands over.
struct TraceRecord : Queued {
  oc_trace head{};  // its strings and bodies point into the members below; set by seal()
  std::string project, key_id, surface, operation, model, provider, target_model, status, route_reason, finish;
  std::string turns_json, meta_json, request_body, response_body;
  void seal() noexcept;  // points `head` at the strings
  std::size_t bytes() const noexcept;
  std::size_t texts_capacity() const noexcept;  // of those that a client can make long
  void clear() noexcept;                        // of all but its memory
};

struct Document {
  std::string key, value;
  std::uint64_t version = 0;
};

struct StoreLimits {
  std::size_t queue_traces_max = 16'384;
  std::size_t queue_bytes_max = 128u << 20;
  std::size_t batch_traces_max = 256;
  // How long the first trace waits for company: one commit of many costs a fraction. Documents and queries never wait.
  std::uint32_t linger_ms = 50;
  std::uint32_t retry_ms =
      100;  // pause before a batch that the backend could not take is tried once more, then dropped
};

struct StoreCounters {  // queue_*: now; failures: traces not written and calls that met an unavailable backend
  std::uint64_t traces_written = 0, bodies_shed = 0, traces_shed = 0, failures = 0, queue_traces = 0, queue_bytes = 0;
};

class StoreEngine {
 public:
  StoreEngine(StoreBackend backend, StoreLimits limits);
  ~StoreEngine();  // drains

  // [any] An empty record, with the memory of one that was written when there is such: its texts are too large for the
  // allocator's quick lists, and a thread that frees what another allocated takes the other's lock.
  std::unique_ptr<TraceRecord> blank_trace();
  // [any] Takes the record; never blocks, never fails.
  void put_trace(std::unique_ptr<TraceRecord> record) noexcept;

  // [any thread that may block] Documents. Errors: OC_E_NOT_FOUND, OC_E_CONFLICT (version), OC_E_UNAVAILABLE.
  Result<Document> get(const std::string& ns, const std::string& key);
  Result<std::uint64_t> put(const std::string& ns, const std::string& key, const std::string& value,
                            std::uint64_t expect_version = OC_STORE_ANY);  // gives the new version
  Result<void> erase(const std::string& ns, const std::string& key, std::uint64_t expect_version = OC_STORE_ANY);
  Result<std::vector<Document>> list(const std::string& ns);  // all, by key

  // [any] The same for event loops: they never block, and `done` runs on the store's thread, or here and at once with
  // OC_E_UNAVAILABLE when the engine is draining. get_later gives those of `keys` that are there, in their order.
  void get_later(std::string ns, std::vector<std::string> keys,
                 std::function<void(Result<std::vector<Document>>)> done);
  void put_later(std::string ns, std::string key, std::string value, std::int64_t expires_unix_ms,
                 std::function<void(Result<void>)> done);
  void erase_later(std::string ns, std::string key, std::function<void(Result<void>)> done);

  // [any thread that may block] Traces.
  Result<std::unique_ptr<TraceRecord>> trace(oc_id128 id);
  struct Filter {
    std::string project, model, status;
    std::int64_t from_unix_ms = 0, to_unix_ms = 0;
    oc_id128 before{};
    std::uint32_t limit = 50;
  };
  Result<std::vector<std::unique_ptr<TraceRecord>>> traces(const Filter& filter);  // newest first, no bodies
  Result<void> erase_trace(oc_id128 id);

  bool available() const noexcept;
  StoreCounters counters() const noexcept;
  void drain();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace onechat::record
