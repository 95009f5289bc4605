// One try at one target. The exchange decides whether another follows; an attempt only reports.
#pragma once
#include <onechat/provider.h>

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "net/client.hpp"
#include "plugin/instance.hpp"

namespace onechat::upstream {

// Where an attempt puts what it gets. Implemented by the exchange.
class Downstream {
 public:
  // Once the request is built: are the upstream's bytes the client's answer (true), or the events?
  virtual void straight(bool is) = 0;
  // A straight answer streams: these bytes are the client's, in order. The first call commits the exchange to this target.
  virtual void relay(std::string_view bytes) = 0;
  // Writes out what was relayed or rendered so far; false: the client is gone. Does nothing before anything is.
  virtual boost::asio::awaitable<bool> flush() = 0;
  // The same without a coroutine where nothing has to be waited for; nothing: await flush_rest().
  virtual std::optional<bool> flush_now() = 0;
  virtual boost::asio::awaitable<bool> flush_rest() = 0;
  // An ERROR event arrived, or a call failed: the attempt is over.
  virtual bool failed() const noexcept = 0;
  // Something of this attempt is on its way to the client (relayed or rendered): no other target may follow.
  virtual bool committed() const noexcept = 0;
  // For active providers, which produce while nobody reads: bytes that wait for the client; a bell that rings when the
  // first of them comes; and forgetting them when the client is gone.
  virtual std::size_t waiting_bytes() const noexcept = 0;
  virtual void on_output(std::function<void()> bell) = 0;
  virtual void drop_output() noexcept = 0;

 protected:
  ~Downstream() = default;
};

struct AttemptInput {
  oc_call* call = nullptr;
  const oc_request* request = nullptr;  // model already the target's
  Arena* arena = nullptr;               // of the exchange
  Arena* frame_arena = nullptr;         // the loop's scratch; reset after each frame
  bool straight_ok = false;             // no stage needs to rewrite
  net::Cancel* cancel = nullptr;
  Downstream* down = nullptr;
  const Clock* clock = nullptr;
  plugin::OperationPool* operations = nullptr;
  std::size_t body_bytes_max = 64u << 20;
};

// A whole answer of the upstream, for a straight exchange to pass on. Strings are the attempt's until it is destroyed.
struct WholeAnswer {
  unsigned status = 0;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // those that may be passed on
};

struct AttemptOutcome {
  Error error{OC_OK};             // status OC_OK: the answer is complete
  unsigned upstream_status = 0;   // 0: none was received
  bool straight = false;
  bool has_whole = false;         // `whole` is to be sent (a complete answer or the upstream's own error)
  WholeAnswer whole;
  bool target_at_fault = false;   // counts against the target (breaker)
  bool retryable = false;         // another try may help and nothing reached the client
  bool never_sent = false;        // no byte of the request left: free of cost for certain
  std::uint64_t first_byte_us = 0, total_us = 0;
};

// `out` is new, and outlives the attempt.
boost::asio::awaitable<void> attempt_codec(const plugin::Instance<oc_provider_codec>& provider, net::Client& client,
                                           AttemptInput input, AttemptOutcome& out);
boost::asio::awaitable<void> attempt_active(const plugin::Instance<oc_provider_active>& provider, AttemptInput in,
                                            AttemptOutcome& out);

// What a status of an upstream means for the next step.
bool retryable_status(unsigned http_status) noexcept;      // another target, or the same one later, may do better
bool target_fault_status(unsigned http_status) noexcept;   // the target, not the request, is to blame
oc_status status_from_http(unsigned http_status) noexcept;

}  // namespace onechat::upstream
