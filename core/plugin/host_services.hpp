// The host's side of oc_host: what a plugin instance may call, and the handles behind its opaque types.
#pragma once
#include <onechat/host.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "base/arena.hpp"
#include "base/clock.hpp"
#include "json/json.hpp"
#include "plugin/operation.hpp"

// One request in flight, as its plugins see it. Implemented by the exchange; confined to its loop.
struct oc_call {
 public:
  virtual oc_status fail(oc_status status, std::uint32_t http_status, std::string_view message, std::string_view code,
                         std::string_view param) = 0;
  virtual oc_status emit(const oc_event& event) = 0;
  virtual oc_status dropped(std::string_view what) = 0;
  virtual std::string_view request_id() const noexcept = 0;
  virtual boost::asio::io_context& loop() noexcept = 0;
  oc_jsonw* scratch() {
    scratch_.clear();
    scratch_writer_.bind(&scratch_);
    return &scratch_writer_;
  }

 protected:
  ~oc_call() = default;

 private:
  std::string scratch_;
  oc_jsonw scratch_writer_;
};

// What a surface writes to; implemented where the client's answer is (core/surface).
struct oc_out {
 public:
  virtual void head(std::uint32_t http_status, std::string_view content_type) = 0;
  virtual void header(std::string_view name, std::string_view value) = 0;
  virtual oc_jsonw* json() = 0;
  virtual oc_jsonw* event(std::string_view name) = 0;
  virtual void event_end() = 0;
  virtual void raw(std::string_view bytes) = 0;
  virtual void framing(std::uint32_t how) = 0;

 protected:
  ~oc_out() = default;
};

namespace onechat::plugin {

// (level OC_LOG_*, component id, message); called from any thread.
using LogHook = std::function<void(std::int32_t, std::string_view, std::string_view)>;

// What one event loop lends to its plugin instances. Outlives them. `loop` and `operations` are null for instances that
// are called on a backend thread.
struct LoopServices {
  boost::asio::io_context* loop = nullptr;
  OperationPool* operations = nullptr;
  boost::asio::thread_pool* blocking = nullptr;
  const Clock* clock = nullptr;
  LogHook log;
};

}  // namespace onechat::plugin

struct oc_host_ctx {
  const onechat::plugin::LoopServices* services = nullptr;
  std::string component_id;
};

namespace onechat::plugin {

// The table for one instance; `ctx` must outlive it.
oc_host make_host_table(oc_host_ctx& ctx);

}  // namespace onechat::plugin
