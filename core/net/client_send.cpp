#include "net/client_send.hpp"

#include <utility>

namespace onechat::net {
namespace {

using boost::asio::awaitable;
using Failure = std::optional<SendError>;

std::string_view phase_words(Phase phase) noexcept {
  switch (phase) {
    case Phase::resolve: return "resolving the upstream's name";
    case Phase::connect: return "connecting to the upstream";
    case Phase::tls: return "the TLS handshake";
    case Phase::write: return "writing the request";
    case Phase::first_byte: return "waiting for the upstream's response";
    case Phase::body: break;
  }
  return "reading the upstream's response";
}

}  // namespace

Send::Send(std::shared_ptr<Client::Impl> client, Cancel& cancel)
    : client_(std::move(client)), interrupt_(client_->watchdog(), cancel), head_(client_->take_head()) {}

Send::~Send() { client_->give_head(std::move(head_)); }

Failure Send::interrupted(Phase phase) const {
  if (interrupt_.reason() == OC_OK) return std::nullopt;
  if (interrupt_.reason() == OC_E_TIMEOUT) client_->count_timeout();
  const std::string_view end = interrupt_.reason() == OC_E_TIMEOUT ? " took too long" : " was stopped";
  return SendError{Error(interrupt_.reason(), std::string(phase_words(phase)).append(end)), phase};
}

// An interrupt shows itself as some failed operation: it is the cause then.
SendError Send::fail(Error error, Phase phase) {
  if (auto cause = interrupted(phase)) return std::move(*cause);
  return SendError{std::move(error), phase};
}

bool Send::attach_idle() {
  auto idle = client_->pool().take_idle();
  if (!idle) return false;
  adopt(std::move(idle));
  return true;
}

awaitable<Failure> Send::attach() {
  interrupt_.expire_after(client_->options().connect_ms);
  auto connection = client_->pool().take_new();
  if (!connection) connection = co_await client_->pool().wait(interrupt_);
  if (!connection) co_return fail(Error(OC_E_IO, "no connection"), Phase::connect);
  if (!connection->reused()) {
    Failure failed = co_await client_->connect(*connection, interrupt_);
    if (failed) co_return fail(std::move(failed->error), failed->phase);
  }
  interrupt_.never_expire();
  adopt(std::move(connection));
  co_return std::nullopt;
}

void Send::adopt(std::unique_ptr<ClientConnection> connection) {
  connection_ = std::move(connection);
  if (connection_->reused()) client_->count_reuse();
  interrupt_.guard(connection_.get());
}

awaitable<Failure> Send::perform(const Request& request) {
  ClientConnection& connection = *connection_;
  stale_ = false;
  connection.head().clear();
  client_->writer().write(request, connection.head());
  connection.gather(request.body);
  connection.reader().begin(head_, request.method == "HEAD");

  boost::system::error_code written;
  interrupt_.expire_after(client_->options().first_byte_ms);
  if (!connection.write_now(written)) {
    written = co_await connection.write_rest();
    interrupt_.expire_after(client_->options().first_byte_ms);
  }
  // A server may answer and close before it has read everything: its answer is worth more than our broken pipe.
  if (written) must_close_ = true;
  while (!connection.reader().head_done()) {
    begin_read();
    while (connection.reading()) co_await connection.arrival();
    auto read = end_read();
    if (read) continue;
    if (connection.reader().head_done()) {
      broken_ = read.error();  // the body that came with the head: read_some() will tell
      break;
    }
    stale_ = connection.reused() && !connection.reader().got_byte() && interrupt_.reason() == OC_OK;
    Error error = written ? Error(OC_E_IO, "writing the request: " + written.message()) : read.error();
    SendError failed = fail(std::move(error), written ? Phase::write : Phase::first_byte);
    drop();
    co_return failed;
  }
  interrupt_.never_expire();
  co_return std::nullopt;
}

// Not after an interrupt: its socket is closed, and another read would only say so.
void Send::begin_read() {
  if (interrupt_.reason() == OC_OK) connection_->start_read();
}

Result<void> Send::end_read() {
  if (interrupt_.reason() != OC_OK) return Error(interrupt_.reason());
  return connection_->take_arrival();
}

std::optional<Result<std::string_view>> Send::read_now() {
  if (connection_) {
    // What came before a break is handed out first.
    ResponseReader& reader = connection_->reader();
    if (const auto body = reader.take_body(); !body.empty()) return body;
    if (broken_)
      drop();
    else if (reader.done())
      release();
    else
      return std::nullopt;
  }
  if (broken_) return *broken_;
  return std::string_view();
}

awaitable<Result<std::string_view>> Send::read_some() {
  for (;;) {
    if (auto ready = read_now()) co_return std::move(*ready);
    // No deadline runs while the caller is busy with what it got.
    interrupt_.expire_after(client_->options().idle_ms);
    begin_read();
    while (connection_->reading()) co_await connection_->arrival();
    auto read = end_read();
    interrupt_.never_expire();
    if (!read) broken_ = fail(read.error(), Phase::body).error;
  }
}

void Send::give_up() {
  interrupt_.guard(nullptr);
  if (interrupt_.reason() == OC_OK) client_->pool().put_back(std::move(connection_));
  connection_.reset();
}

void Send::release() {
  const bool keep = !must_close_ && interrupt_.reason() == OC_OK && connection_->reader().reusable();
  if (!keep) return drop();
  interrupt_.guard(nullptr);
  client_->pool().put_back(std::move(connection_));
}

void Send::drop() noexcept {
  interrupt_.guard(nullptr);
  connection_.reset();
  must_close_ = false;
}

std::string_view Send::header(std::string_view lower_case_name) const noexcept {
  for (const auto& h : head_.headers)
    if (view(h.name) == lower_case_name) return view(h.value);
  return {};
}

}  // namespace onechat::net
