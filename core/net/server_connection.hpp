// One client connection: the coroutine that serves it, and what its transactions stand on.
//
// One coroutine per connection runs read head, handler, drain, over and over. Reading is a callback beside it (at most
// one read is pending), so that the same read serves the next head, a body, and the watch for a client that leaves.
// Writing tries the socket at once and waits only when it is full. One deadline at a time, kept by the watchdog.
#pragma once
#include <sys/uio.h>

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_head.hpp"
#include "net/server_chunked.hpp"
#include "net/server_input.hpp"
#include "net/server_socket.hpp"
#include "net/server_state.hpp"
#include "net/server_waiter.hpp"

namespace onechat::net {

class Connection final : public boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter>,
                   public Watchdog::Entry,
                   public ServerState::ConnectionHook {
 public:
  using Ptr = boost::intrusive_ptr<Connection>;

  Connection(std::shared_ptr<ServerState> server, ClientSocket::Stream stream, boost::asio::ip::tcp::endpoint peer);
  ~Connection();

  static boost::asio::awaitable<void> run(Ptr self);
  void drain();    // closes when idle
  void close();    // closes; a running handler finds its client gone
  void abandon();  // the loop has stopped: gives the sleeping coroutine up

 private:
  friend class Transaction;
  enum class HeadStep { wait, ready, refuse, close };
  enum class BodyStep { wait, done, fault };
  enum class Phase { none, handshake, idle, head, body, write, linger };
  enum class Answer { none, started, streaming, done, aborted };
  enum class Wants { nothing, input, output };

  struct Ending;
  static constexpr std::size_t kDrainBytesMax = 256 * 1024;  // of a body that the handler left unread

  // server_connection.cpp: the way of a connection
  boost::asio::awaitable<bool> handshake();
  boost::asio::awaitable<void> refuse();
  boost::asio::awaitable<void> finish_transaction(bool threw);
  boost::asio::awaitable<bool> drain_body();
  boost::asio::awaitable<void> linger();
  HeadStep next_head();
  HeadStep read_head();
  HeadStep take_head();
  HeadStep fail_head(HeadFault fault);
  HeadStep wait_for_head();
  void begin_transaction();
  void end_transaction();
  bool finishes_plainly(bool threw) const noexcept;

  // server_io.cpp: reading, writing, deadlines, the client's leaving
  void start_read();
  void start_tls_read();
  std::span<char> read_target();
  void commit_read(std::size_t bytes) noexcept;
  void on_arrival();
  void keep_watching();
  void await_socket(ClientSocket::State wanted, void (Connection::*then)());
  void on_tls_readable();
  void on_raw_readable();
  void on_writable();
  auto wait_for(Wants wants) {
    wants_ = wants;
    return waiter_.wait();
  }
  void wake();
  void queue(std::string_view a, std::string_view b = {}, std::string_view c = {}, std::string_view d = {}) noexcept;
  bool push_output();  // true: everything is out, or the client is gone
  void advance_output(std::size_t bytes) noexcept;
  void watch(std::function<void()> gone);
  void on_client_left();
  void tell_gone();
  void tell_gone_later();
  void arm(Phase phase, std::uint32_t ms);
  void rest() noexcept;
  void on_deadline() override;
  void close_socket();

  // server_transaction.cpp: what a handler asks for
  BodyStep next_body();
  BodyStep take_sized_body();
  BodyStep take_chunked_body();
  BodyStep finish_body(std::string_view body) noexcept;
  BodyStep fail_body(Error error);
  void start_answer(unsigned status, std::string_view content_type);
  Persist settle_persistence() noexcept;
  void compose_whole(std::string_view body);
  void compose_chunk(bool last);
  void compose_stream_head();
  bool answer_has_no_body() const noexcept;
  bool head_sent() const noexcept { return answer_ != Answer::none && answer_ != Answer::started; }
  bool wants_continue() const noexcept;

  std::shared_ptr<ServerState> server_;
  ClientSocket socket_;
  boost::asio::ip::tcp::endpoint peer_;
  std::string peer_text_;  // made when first asked for

  // reading
  InputBuffer input_;
  HeadScanner scanner_;
  bool reading_ = false;       // a read is pending
  bool read_to_body_ = false;  // ... straight into the body's memory
  bool body_direct_ = false;   // the body is being collected there
  bool eof_ = false;           // nothing will come any more

  // the coroutine and its deadline
  Waiter waiter_;
  Wants wants_ = Wants::nothing;
  Phase phase_ = Phase::none;
  bool timed_out_ = false;
  bool served_before_ = false;  // a request has been answered here

  // writing
  std::array<iovec, 4> out_{};
  std::size_t out_at_ = 0, out_end_ = 0;
  std::array<char, 20> chunk_line_{};
  bool awaiting_writable_ = false;

  // the transaction
  RequestHead head_;
  std::optional<HeadFault> fault_;
  std::unique_ptr<Workspace> work_;
  std::function<void()> gone_callback_;
  Answer answer_ = Answer::none;
  unsigned status_ = 0;
  unsigned blank_lines_ = 0;
  bool in_transaction_ = false;
  bool persist_ = true;   // another request may follow
  bool chunked_ = false;  // of the answer
  bool gone_ = false;     // the client cannot be reached any more
  bool continued_ = false;
  bool lingering_ = false;  // the client may still be sending: do not reset what it has not read yet
  bool reset_ = false;      // end with RST

  // its body
  ChunkDecoder chunks_;
  std::string_view body_;
  bool body_done_ = true;
  std::uint64_t body_max_ = 0;
  std::optional<Error> body_error_;
};

}  // namespace onechat::net
