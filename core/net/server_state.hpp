// What the connections of one server share. Confined to the loop.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/clock.hpp"
#include "net/server.hpp"
#include "net/server_answer.hpp"
#include "net/server_body.hpp"
#include "net/watchdog.hpp"

namespace onechat::net {

// The memory of one request and its answer. Idle connections have none.
struct Workspace {
  Arena arena;
  BodyBuffer body;
  std::string head;    // of the answer
  std::string stream;  // what flush() writes next
};

// Recycled last in, first out: the next request finds its memory warm.
class WorkspacePool {
 public:
  std::unique_ptr<Workspace> take();
  void give_back(std::unique_ptr<Workspace> workspace);

 private:
  static constexpr std::size_t kKeptMax = 256;
  static constexpr std::size_t kKeptBytesMax = 64 * 1024;  // larger buffers are freed rather than kept
  std::vector<std::unique_ptr<Workspace>> kept_;
};

struct ServerState {
  struct ConnectionTag;
  using ConnectionHook = boost::intrusive::list_base_hook<boost::intrusive::tag<ConnectionTag>,
                                                          boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  using ConnectionList = boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                                                boost::intrusive::constant_time_size<false>>;

  ServerState(boost::asio::io_context& l, boost::asio::ssl::context* t, ServerLimits li, ServerHooks h)
      : loop(l), tls(t), limits(li), hooks(std::move(h)), clock(system_clock()), watchdog(l, clock) {}

  boost::asio::io_context& loop;
  boost::asio::ssl::context* tls;
  const ServerLimits limits;
  const ServerHooks hooks;
  const Clock& clock;
  Watchdog watchdog;
  WorkspacePool workspaces;
  DateLine date;
  ServerCounters counters;
  bool draining = false;

  const std::string& date_line() { return date.at(clock.unix_ms()); }
};

}  // namespace onechat::net
