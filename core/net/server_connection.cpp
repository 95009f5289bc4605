#include "net/server_connection.hpp"

#include <algorithm>

namespace onechat::net {
namespace {

constexpr std::uint32_t kLingerMs = 2'000;
constexpr std::size_t kLingerBytesMax = 4u << 20;
constexpr unsigned kBlankLinesMax = 4;  // before a request line; RFC 9112 §2.2 asks to ignore one

Error error_of(const HeadFault& fault) {
  oc_status status = OC_E_INVALID;
  switch (fault.status) {
    case 408: status = OC_E_TIMEOUT; break;
    case 413:
    case 431: status = OC_E_TOO_LARGE; break;
    case 417:
    case 501:
    case 505: status = OC_E_UNSUPPORTED; break;
    case 500: status = OC_E_INTERNAL; break;
    default: break;
  }
  Error error(status, std::string(fault.message));
  error.http_status = fault.status;
  return error;
}

}  // namespace

// However the coroutine ends, by return or because its frames are destroyed, the connection does.
struct Connection::Ending {
  Connection& connection;
  ~Ending() {
    connection.in_transaction_ = false;
    connection.gone_callback_ = nullptr;
    connection.rest();
    connection.close_socket();
    connection.ServerState::ConnectionHook::unlink();
    --connection.server_->counters.connections_open;
  }
};

Connection::Connection(std::shared_ptr<ServerState> server, ClientSocket::Stream stream,
                       boost::asio::ip::tcp::endpoint peer)
    : server_(std::move(server)), socket_(std::move(stream), server_->tls), peer_(peer) {
  ++server_->counters.connections_open;
  ++server_->counters.connections_total;
}

// Here and not in the entry's own destructor: by then the watchdog may be gone with the last reference to its server.
Connection::~Connection() { server_->watchdog.remove(*this); }

boost::asio::awaitable<void> Connection::run(Ptr self) {
  Ending ending{*self};
  if (self->socket_.is_tls() && !co_await self->handshake()) co_return;
  Transaction transaction(*self);
  for (;;) {
    HeadStep step = self->next_head();
    while (step == HeadStep::wait) {
      co_await self->wait_for(Wants::input);
      step = self->next_head();
    }
    if (step == HeadStep::close) break;
    if (step == HeadStep::refuse) {
      co_await self->refuse();
      break;
    }
    bool threw = false;
    try {
      co_await self->server_->hooks.handle(transaction);
    } catch (...) {
      threw = true;
    }
    if (!self->finishes_plainly(threw)) co_await self->finish_transaction(threw);
    if (!self->persist_ || self->gone_) break;
    self->end_transaction();
  }
  self->end_transaction();
  if (self->lingering_ && !self->gone_) co_await self->linger();
}

boost::asio::awaitable<bool> Connection::handshake() {
  arm(Phase::handshake, server_->limits.head_ms);
  while (socket_.is_open()) {
    const ClientSocket::State state = socket_.handshake();
    if (state == ClientSocket::State::done) {
      rest();
      co_return true;
    }
    if (state == ClientSocket::State::closed) break;
    reading_ = true;
    await_socket(state, &Connection::on_raw_readable);
    co_await wait_for(Wants::input);
  }
  co_return false;
}

Connection::HeadStep Connection::next_head() {
  for (;;) {
    const HeadStep step = read_head();
    if (step != HeadStep::wait) return step;
    start_read();
    if (reading_) return HeadStep::wait;
  }
}

Connection::HeadStep Connection::read_head() {
  while (scanner_.end() == 0 && input_.unread().substr(0, 2) == "\r\n") {
    if (++blank_lines_ > kBlankLinesMax) return fail_head({400, "malformed request head"});
    input_.consume(2);
  }
  const std::string_view bytes = input_.unread();
  if (bytes.empty() || bytes == "\r") return wait_for_head();
  switch (scanner_.scan(bytes)) {
    case HeadScanner::State::fault: return fail_head({400, "malformed request head"});
    case HeadScanner::State::complete: return take_head();
    case HeadScanner::State::incomplete: break;
  }
  if (bytes.size() >= server_->limits.head_bytes_max) return fail_head({431, "request head too large"});
  return wait_for_head();
}

Connection::HeadStep Connection::wait_for_head() {
  if (!socket_.is_open() || eof_) return HeadStep::close;
  const bool begun = !input_.empty();
  if (timed_out_) return begun ? fail_head({408, "the request head took too long"}) : HeadStep::close;
  if (!begun && server_->draining) return HeadStep::close;
  const ServerLimits& limits = server_->limits;
  if (begun) {
    if (phase_ != Phase::head) arm(Phase::head, limits.head_ms);
  } else if (phase_ != Phase::idle) {
    arm(Phase::idle, served_before_ ? limits.keep_alive_ms : limits.head_ms);
  }
  return HeadStep::wait;
}

Connection::HeadStep Connection::take_head() {
  const ServerLimits& limits = server_->limits;
  if (scanner_.end() > limits.head_bytes_max) return fail_head({431, "request head too large"});
  begin_transaction();
  const std::span<char> head = input_.unread_bytes().first(scanner_.end());
  input_.consume(head.size());
  fault_ = parse_head(head, scanner_.lines(), limits.headers_max, work_->arena, head_);
  if (fault_) return HeadStep::refuse;
  body_done_ = head_.framing == BodyFraming::none;
  ++server_->counters.requests_total;
  return HeadStep::ready;
}

Connection::HeadStep Connection::fail_head(HeadFault fault) {
  begin_transaction();
  if (scanner_.lines() > 0) peek_request_line(input_.unread_bytes(), head_);
  fault_ = fault;
  return HeadStep::refuse;
}

void Connection::begin_transaction() {
  rest();
  work_ = server_->workspaces.take();
  input_.pin();
  head_ = RequestHead();
  chunks_.reset();
  body_ = {};
  body_done_ = true;
  body_max_ = server_->limits.body_bytes_max;
  body_error_.reset();
  answer_ = Answer::none;
  status_ = 0;
  chunked_ = continued_ = body_direct_ = timed_out_ = false;
  in_transaction_ = true;
}

void Connection::end_transaction() {
  gone_callback_ = nullptr;
  in_transaction_ = false;
  rest();
  // A read into the body's memory may still be pending on a connection that is about to close: keep it until then.
  if (work_ && !(reading_ && read_to_body_)) server_->workspaces.give_back(std::move(work_));
  input_.unpin();
  scanner_.reset();
  blank_lines_ = 0;
  served_before_ = true;
}

bool Connection::finishes_plainly(bool threw) const noexcept {
  return !threw && answer_ == Answer::done && persist_ && body_done_;
}

boost::asio::awaitable<void> Connection::finish_transaction(bool threw) {
  gone_callback_ = nullptr;
  if (!gone_ && !head_sent()) {
    fault_ = HeadFault{500, "internal error"};
    co_await refuse();
    co_return;
  }
  if (answer_ != Answer::done) {  // a cut answer must look like one
    reset_ = reset_ || !chunked_;
    persist_ = false;
    co_return;
  }
  persist_ = persist_ && !threw;
  if (!body_done_ && persist_) persist_ = co_await drain_body();
  lingering_ = !persist_ && (!body_done_ || !input_.empty());
}

boost::asio::awaitable<bool> Connection::drain_body() {
  body_max_ = std::min<std::uint64_t>(body_max_, body_.size() + work_->body.size() + kDrainBytesMax);
  BodyStep step = next_body();
  while (step == BodyStep::wait) {
    co_await wait_for(Wants::input);
    step = next_body();
  }
  co_return step == BodyStep::done;
}

boost::asio::awaitable<void> Connection::refuse() {
  ++server_->counters.rejected_total;
  persist_ = false;
  lingering_ = true;
  std::string content_type = "text/plain";
  std::string body;
  try {
    const Error error = error_of(*fault_);
    if (server_->hooks.reject)
      server_->hooks.reject(head_.view, error, fault_->status, content_type, body);
    else
      body = error.message + "\n";
  } catch (...) {
    body.clear();  // the status alone has to do
  }
  start_head(work_->head, fault_->status, content_type, server_->date_line());
  end_head_sized(work_->head, body.size(), Persist::close);
  queue(work_->head, head_.view.method == "HEAD" ? std::string_view() : std::string_view(body));
  answer_ = Answer::done;
  while (!push_output()) co_await wait_for(Wants::output);
}

// Closing a socket with unread input resets it, and a reset may overtake the answer: so read on for a while.
boost::asio::awaitable<void> Connection::linger() {
  socket_.end_writing();
  arm(Phase::linger, kLingerMs);
  std::size_t left = kLingerBytesMax;
  while (socket_.is_open() && !eof_ && left > 0) {
    if (reading_) {
      co_await wait_for(Wants::input);
      continue;
    }
    input_.clear();
    const ClientSocket::Io io = socket_.read_raw(input_.room());
    if (io.state == ClientSocket::State::closed) break;
    left -= std::min(left, io.bytes);
    if (io.state == ClientSocket::State::done) continue;
    reading_ = true;
    await_socket(io.state, &Connection::on_raw_readable);
  }
}

void Connection::drain() {
  if (phase_ == Phase::idle) close();
}

void Connection::close() {
  const Ptr keep(this);
  close_socket();
  on_client_left();
}

void Connection::abandon() { waiter_.drop(); }

}  // namespace onechat::net
