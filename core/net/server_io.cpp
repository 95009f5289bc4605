// Reading, writing, deadlines and the client's leaving: the callbacks below the connection's coroutine.
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "net/server_connection.hpp"

namespace onechat::net {
namespace {

// A client that sends on while its request is being answered: how much of it is kept before reading stops.
constexpr std::size_t kAheadBytesMax = 16 * 1024;

iovec piece(std::string_view bytes) noexcept { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace

// --- reading ---------------------------------------------------------------------------------------------------------

// Returns with a read pending (`reading_`), or with bytes or the end taken in already (TLS holds some of its own).
void Connection::start_read() {
  if (reading_ || eof_ || !socket_.is_open()) return;
  if (socket_.is_tls()) return start_tls_read();
  const std::span<char> target = read_target();
  reading_ = true;
  socket_.stream().async_read_some(boost::asio::buffer(target.data(), target.size()),
                                   [self = Ptr(this)](const boost::system::error_code&, std::size_t bytes) {
                                     self->reading_ = false;
                                     self->commit_read(bytes);
                                     self->on_arrival();
                                   });
}

void Connection::start_tls_read() {
  const ClientSocket::Io io = socket_.read_some(read_target());
  if (io.state == ClientSocket::State::want_read || io.state == ClientSocket::State::want_write) {
    reading_ = true;
    await_socket(io.state, &Connection::on_tls_readable);
    return;
  }
  commit_read(io.state == ClientSocket::State::done ? io.bytes : 0);
}

void Connection::on_tls_readable() {
  reading_ = false;
  if (socket_.is_open())
    start_tls_read();
  else
    eof_ = true;
  if (!reading_) on_arrival();
}

void Connection::on_raw_readable() {
  reading_ = false;
  on_arrival();
}

std::span<char> Connection::read_target() {
  read_to_body_ = body_direct_ && !body_done_ && input_.empty();
  if (!read_to_body_) return input_.room();
  const std::span<char> room = work_->body.room();
  return room.first(std::min<std::size_t>(room.size(), head_.content_length - work_->body.size()));
}

void Connection::commit_read(std::size_t bytes) noexcept {
  if (bytes == 0)
    eof_ = true;
  else if (read_to_body_)
    work_->body.commit(bytes);
  else
    input_.commit(bytes);
}

void Connection::on_arrival() {
  if (eof_ && in_transaction_) return on_client_left();
  if (wants_ == Wants::input) return wake();
  if (gone_callback_) keep_watching();
}

void Connection::keep_watching() {
  while (!reading_ && !eof_ && socket_.is_open() && input_.unread().size() < kAheadBytesMax) start_read();
  if (!eof_ || gone_) return;
  gone_ = true;
  tell_gone_later();
}

void Connection::await_socket(ClientSocket::State wanted, void (Connection::*then)()) {
  const auto direction =
      wanted == ClientSocket::State::want_read ? ClientSocket::Stream::wait_read : ClientSocket::Stream::wait_write;
  socket_.stream().async_wait(direction,
                              [self = Ptr(this), then](const boost::system::error_code&) { (self.get()->*then)(); });
}

void Connection::wake() {
  wants_ = Wants::nothing;
  waiter_.wake();
}

// --- writing ---------------------------------------------------------------------------------------------------------

void Connection::queue(std::string_view a, std::string_view b, std::string_view c, std::string_view d) noexcept {
  out_at_ = out_end_ = 0;
  for (const std::string_view bytes : {a, b, c, d})
    if (!bytes.empty()) out_[out_end_++] = piece(bytes);
}

bool Connection::push_output() {
  while (out_at_ < out_end_ && !gone_) {
    const ClientSocket::Io io = socket_.write_some({out_.data() + out_at_, out_end_ - out_at_});
    if (io.state == ClientSocket::State::done) {
      advance_output(io.bytes);
    } else if (io.state == ClientSocket::State::closed) {
      gone_ = true;
      tell_gone_later();
    } else {
      if (!awaiting_writable_) await_socket(io.state, &Connection::on_writable);
      awaiting_writable_ = true;
      arm(Phase::write, server_->limits.write_stall_ms);
      return false;
    }
  }
  if (phase_ == Phase::write) rest();
  return true;
}

void Connection::advance_output(std::size_t bytes) noexcept {
  while (bytes > 0) {
    iovec& first = out_[out_at_];
    const std::size_t taken = std::min(bytes, first.iov_len);
    first.iov_base = static_cast<char*>(first.iov_base) + taken;
    first.iov_len -= taken;
    bytes -= taken;
    if (first.iov_len == 0) ++out_at_;
  }
}

void Connection::on_writable() {
  awaiting_writable_ = false;
  if (wants_ == Wants::output) wake();
}

// --- the client leaves -----------------------------------------------------------------------------------------------

void Connection::watch(std::function<void()> gone) {
  gone_callback_ = std::move(gone);
  if (gone_)
    tell_gone_later();
  else
    keep_watching();
}

void Connection::on_client_left() {
  eof_ = true;
  if (in_transaction_ && !gone_) {
    gone_ = true;
    tell_gone();
  }
  if (wants_ != Wants::nothing) wake();
}

void Connection::tell_gone() {
  if (!gone_callback_) return;
  const auto callback = std::exchange(gone_callback_, nullptr);
  callback();
}

void Connection::tell_gone_later() {
  if (gone_callback_) boost::asio::post(server_->loop, [self = Ptr(this)] { self->tell_gone(); });
}

// --- deadlines -------------------------------------------------------------------------------------------------------

void Connection::arm(Phase phase, std::uint32_t ms) {
  phase_ = phase;
  server_->watchdog.arm(*this, ms);
}

void Connection::rest() noexcept {
  phase_ = Phase::none;
  server_->watchdog.disarm(*this);
}

void Connection::on_deadline() {
  const Ptr keep(this);
  switch (std::exchange(phase_, Phase::none)) {
    case Phase::head:
    case Phase::body:
      timed_out_ = true;
      if (wants_ == Wants::input) wake();
      break;
    case Phase::handshake:
    case Phase::idle:
    case Phase::linger:
      close_socket();
      if (wants_ == Wants::input) wake();
      break;
    case Phase::write:
      reset_ = true;  // what is queued in the kernel is of no use to anybody
      close();
      break;
    case Phase::none: break;
  }
}

void Connection::close_socket() {
  if (!socket_.is_open()) return;
  const bool cut = answer_ == Answer::streaming || answer_ == Answer::aborted;
  socket_.close(reset_ ? ClientSocket::End::reset : cut ? ClientSocket::End::cut : ClientSocket::End::orderly);
}

}  // namespace onechat::net
