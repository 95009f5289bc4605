// What a handler asks of its connection: the body, and the answer.
#include <algorithm>
#include <charconv>

#include "net/server_connection.hpp"

namespace onechat::net {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
constexpr std::string_view kLineEndAndLastChunk = "\r\n0\r\n\r\n";

}  // namespace

// --- the request's body ----------------------------------------------------------------------------------------------

Connection::BodyStep Connection::next_body() {
  for (;;) {
    if (body_done_) return BodyStep::done;
    if (body_error_) return BodyStep::fault;
    const BodyStep step = head_.framing == BodyFraming::chunked ? take_chunked_body() : take_sized_body();
    if (step != BodyStep::wait) return step;
    if (eof_ || !socket_.is_open()) {
      gone_ = true;
      return fail_body(Error(OC_E_CANCELLED, "the client is gone"));
    }
    if (timed_out_) return fail_body(Error(OC_E_TIMEOUT, "the request body took too long"));
    start_read();
    if (!reading_) continue;
    arm(Phase::body, server_->limits.body_stall_ms);
    return BodyStep::wait;
  }
}

Connection::BodyStep Connection::take_sized_body() {
  if (head_.content_length > body_max_) return fail_body(Error(OC_E_TOO_LARGE, "request body too large"));
  const std::string_view unread = input_.unread();
  BodyBuffer& collected = work_->body;
  if (!body_direct_ && unread.size() >= head_.content_length) {
    const std::string_view whole = unread.substr(0, head_.content_length);
    input_.consume(whole.size());
    return finish_body(whole);
  }
  body_direct_ = true;
  const std::size_t rest_bytes = head_.content_length - collected.size();
  const std::size_t taken = std::min(unread.size(), rest_bytes);
  if (taken > 0 && !collected.append(unread.substr(0, taken))) return fail_body(Error(OC_E_NOMEM, "out of memory"));
  input_.consume(taken);
  if (taken == rest_bytes) return finish_body(collected.bytes());
  if (!collected.make_room(rest_bytes - taken)) return fail_body(Error(OC_E_NOMEM, "out of memory"));
  return BodyStep::wait;
}

Connection::BodyStep Connection::take_chunked_body() {
  for (;;) {
    const ChunkDecoder::Step step = chunks_.step(input_.unread());
    input_.consume(step.taken);
    switch (step.state) {
      case ChunkDecoder::State::more: return BodyStep::wait;
      case ChunkDecoder::State::done: return finish_body(work_->body.bytes());
      case ChunkDecoder::State::fault: return fail_body(Error(OC_E_INVALID, "malformed chunked body"));
      case ChunkDecoder::State::data: break;
    }
    if (work_->body.size() + step.data.size() > body_max_)
      return fail_body(Error(OC_E_TOO_LARGE, "request body too large"));
    if (!work_->body.append(step.data)) return fail_body(Error(OC_E_NOMEM, "out of memory"));
  }
}

Connection::BodyStep Connection::finish_body(std::string_view body) noexcept {
  body_ = body;
  body_done_ = true;
  if (phase_ == Phase::body) rest();
  return BodyStep::done;
}

Connection::BodyStep Connection::fail_body(Error error) {
  body_error_ = std::move(error);
  if (phase_ == Phase::body) rest();
  return BodyStep::fault;
}

bool Connection::wants_continue() const noexcept {
  return head_.expect_continue && !continued_ && !head_sent() && input_.empty();
}

std::optional<oc_bytes> Transaction::body_now() {
  Connection& c = connection_;
  const bool whole = c.body_done_ || (c.head_.framing == BodyFraming::length && !c.body_direct_ && !c.body_error_ &&
                                      c.input_.unread().size() >= c.head_.content_length);
  if (!whole || c.next_body() != Connection::BodyStep::done) return std::nullopt;
  return bytes(c.body_);
}

boost::asio::awaitable<Result<oc_bytes>> Transaction::read_body() {
  Connection& c = connection_;
  if (c.wants_continue()) {
    c.continued_ = true;
    c.queue(kContinue);
    while (!c.push_output()) co_await c.wait_for(Connection::Wants::output);
  }
  Connection::BodyStep step = c.next_body();
  while (step == Connection::BodyStep::wait) {
    co_await c.wait_for(Connection::Wants::input);
    step = c.next_body();
  }
  if (step == Connection::BodyStep::fault) co_return *c.body_error_;
  co_return bytes(c.body_);
}

// --- the answer ------------------------------------------------------------------------------------------------------

void Connection::start_answer(unsigned status, std::string_view content_type) {
  if (head_sent()) return;
  start_head(work_->head, status, content_type, server_->date_line());
  status_ = status;
  answer_ = Answer::started;
}

bool Connection::answer_has_no_body() const noexcept { return status_ == 204 || status_ == 304; }

// Called when the head is composed, because the head has to say it.
Persist Connection::settle_persistence() noexcept {
  bool drainable = body_done_;
  if (!body_done_ && !body_error_) {
    const std::uint64_t to_come =
        head_.content_length - std::min<std::uint64_t>(head_.content_length, work_->body.size());
    // Who was not told to continue may send the body or may not: the bytes to come cannot be read.
    drainable = !(head_.expect_continue && !continued_) && to_come <= kDrainBytesMax;
  }
  persist_ = head_.keep_alive && drainable && !server_->draining;
  if (!persist_) return Persist::close;
  return head_.view.version == 11 ? Persist::implied : Persist::keep_alive;
}

void Connection::compose_whole(std::string_view body) {
  if (answer_ == Answer::none) start_answer(200, {});
  const Persist persist = settle_persistence();
  if (answer_has_no_body())
    end_head_bare(work_->head, persist);
  else
    end_head_sized(work_->head, body.size(), persist);
  const bool bodiless = answer_has_no_body() || head_.view.method == "HEAD";
  queue(work_->head, bodiless ? std::string_view() : body);
  answer_ = Answer::done;
}

void Connection::compose_stream_head() {
  if (answer_ == Answer::none) start_answer(200, {});
  const Persist persist = settle_persistence();
  if (answer_has_no_body()) {
    end_head_bare(work_->head, persist);
  } else if (head_.view.version == 11) {
    chunked_ = true;
    end_head_chunked(work_->head, persist);
  } else {
    persist_ = false;
    end_head_bare(work_->head, Persist::close);
  }
  answer_ = Answer::streaming;
}

void Connection::compose_chunk(bool last) {
  std::string_view head;
  if (!head_sent()) {
    compose_stream_head();
    head = work_->head;
  }
  if (last) answer_ = Answer::done;
  const std::string_view data = work_->stream;
  if (answer_has_no_body() || head_.view.method == "HEAD") return queue(head);
  if (!chunked_) return queue(head, data);
  if (data.empty()) return queue(head, last ? kLastChunk : std::string_view());
  char* const begin = chunk_line_.data();
  char* end = std::to_chars(begin, begin + 16, data.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  queue(head, {begin, static_cast<std::size_t>(end - begin)}, data, last ? kLineEndAndLastChunk : kLineEnd);
}

const HeadView& Transaction::head() const noexcept { return connection_.head_.view; }
Arena& Transaction::arena() noexcept { return connection_.work_->arena; }
boost::asio::any_io_executor Transaction::executor() noexcept { return connection_.server_->loop.get_executor(); }

std::string_view Transaction::peer() const noexcept {
  std::string& text = connection_.peer_text_;
  if (text.empty()) text = connection_.peer_.address().to_string();
  return text;
}

void Transaction::start(unsigned status, std::string_view content_type) {
  connection_.start_answer(status, content_type);
}

void Transaction::header(std::string_view name, std::string_view value) {
  if (connection_.answer_ == Connection::Answer::started) add_field(connection_.work_->head, name, value);
}

std::optional<bool> Transaction::send_now(std::string_view body) {
  Connection& c = connection_;
  if (c.head_sent()) return false;
  c.compose_whole(body);
  if (!c.push_output()) return std::nullopt;
  return !c.gone_;
}

boost::asio::awaitable<bool> Transaction::send_rest() {
  Connection& c = connection_;
  do co_await c.wait_for(Connection::Wants::output);
  while (!c.push_output());
  co_return !c.gone_;
}

boost::asio::awaitable<bool> Transaction::send(std::string_view body) {
  if (const auto sent = send_now(body)) co_return *sent;
  co_return co_await send_rest();
}

std::string& Transaction::stream_buffer() noexcept { return connection_.work_->stream; }

std::optional<bool> Transaction::flush_now() {
  Connection& c = connection_;
  if (c.answer_ == Connection::Answer::done || c.answer_ == Connection::Answer::aborted) return false;
  c.compose_chunk(false);
  if (!c.push_output()) return std::nullopt;
  c.work_->stream.clear();
  return !c.gone_;
}

boost::asio::awaitable<bool> Transaction::flush_rest() {
  Connection& c = connection_;
  do co_await c.wait_for(Connection::Wants::output);
  while (!c.push_output());
  c.work_->stream.clear();
  co_return !c.gone_;
}

boost::asio::awaitable<bool> Transaction::flush() {
  if (const auto flushed = flush_now()) co_return *flushed;
  co_return co_await flush_rest();
}

boost::asio::awaitable<bool> Transaction::finish_stream() {
  Connection& c = connection_;
  if (c.answer_ == Connection::Answer::done || c.answer_ == Connection::Answer::aborted) co_return false;
  c.compose_chunk(true);
  while (!c.push_output()) co_await c.wait_for(Connection::Wants::output);
  c.work_->stream.clear();
  co_return !c.gone_;
}

void Transaction::abort_stream() noexcept {
  Connection& c = connection_;
  c.answer_ = Connection::Answer::aborted;
  c.gone_callback_ = nullptr;
  c.persist_ = false;
  c.gone_ = true;
  c.reset_ = !c.chunked_;  // without chunks a plain end would look like the whole answer
  c.close_socket();
}

bool Transaction::head_sent() const noexcept { return connection_.head_sent(); }
void Transaction::watch_client(std::function<void()> gone) { connection_.watch(std::move(gone)); }
bool Transaction::client_gone() const noexcept { return connection_.gone_; }

}  // namespace onechat::net
