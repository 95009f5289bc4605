#include <array>
#include <memory>
#include <new>

#include "json/json.hpp"
#include "upstream/attempt.hpp"
#include "upstream/framer.hpp"
#include "upstream/splice.hpp"

namespace onechat::upstream {
namespace {

namespace asio = boost::asio;
using Provider = plugin::Instance<oc_provider_codec>;
using plugin::Timed;

constexpr std::size_t kErrorBodyMax = 64 * 1024;
// Response headers that mean something to a client of the same dialect; the rest is between us and the upstream.
constexpr std::array<std::string_view, 7> kPassedOn{"openai-processing-ms", "openai-version", "openai-model",         "retry-after",
                                                    "retry-after-ms",       "x-should-retry", "x-gemini-service-tier"};

// The life of one attempt: build, send, read, finish. Its members are the state that the steps share. It lies in the
// arena: a coroutine frame that holds it is too large to be recycled.
class CodecAttempt {
 public:
  CodecAttempt(const Provider& provider, net::Client& client, AttemptInput in, AttemptOutcome& out)
      : provider_(provider), codec_(provider.table()), client_(client), in_(std::move(in)), out_(out) {}

  struct Destroy {
    void operator()(CodecAttempt* a) const noexcept { std::destroy_at(a); }
  };
  using Owned = std::unique_ptr<CodecAttempt, Destroy>;

  static asio::awaitable<void> run(Owned self) {
    CodecAttempt& a = *self;
    a.begin_ns_ = a.in_.clock->now_ns();
    if (a.build()) {
      const net::Request request = a.request();
      auto sent = co_await a.client_.send(request, *a.in_.cancel);
      if (a.sent(std::move(sent))) {
        if (a.out_.upstream_status / 100 == 2)
          co_await a.read_success();
        else
          co_await a.read_error();
      }
      a.finish();
    }
    a.out_.total_us = (a.in_.clock->now_ns() - a.begin_ns_) / 1000;
  }

 private:
  bool build() {
    state_ = in_.arena->allocate(codec_.call_state_size + 16, 16);
    if (state_ == nullptr) return fail(Error(OC_E_NOMEM, "The request is too large."));
    std::memset(state_, 0, codec_.call_state_size);
    http_.struct_size = sizeof http_;
    writer_.bind(&built_body_);
    http_.body_json = &writer_;
    const oc_status status = plugin::timed(provider_.times(Timed::build), [&] {
      return codec_.build(provider_.self(), in_.call, state_, in_.arena, in_.request, in_.straight_ok ? 1 : 0, &http_);
    });
    built_ = true;
    if (status < 0 || in_.down->failed()) {
      fail(Error(status < 0 ? status : OC_E_INTERNAL, "The provider could not express this request."));
      finish();
      return false;
    }
    out_.straight = http_.straight != 0 && in_.straight_ok;
    in_.down->straight(out_.straight);
    if (!gather_body()) {
      fail(Error(OC_E_INTERNAL, "The provider gave an impossible edit of the request."));
      finish();
      return false;
    }
    return true;
  }

  bool gather_body() {
    if (http_.straight != 0) {
      const std::string_view raw = view(in_.request->raw);
      const std::span splices(http_.splices, http_.n_splices);
      if (!valid_splices(raw, splices)) return false;
      splice_pieces(raw, splices, body_);
    } else if (http_.body.len != 0) {
      body_.push_back(view(http_.body));
    } else if (!built_body_.empty()) {
      body_.push_back(built_body_);
    }
    return true;
  }

  net::Request request() const {
    net::Request request;
    request.method = http_.method.len != 0 ? view(http_.method) : std::string_view("POST");
    request.path = view(http_.path);
    request.headers = std::span(http_.headers, http_.n_headers);
    request.body = body_;
    return request;
  }

  using Sent = boost::system::result<std::unique_ptr<net::Response>, net::SendError>;
  bool sent(Sent sent) {
    if (!sent) {
      const net::SendError& e = sent.error();
      out_.never_sent = e.phase == net::Phase::resolve || e.phase == net::Phase::connect || e.phase == net::Phase::tls;
      out_.target_at_fault = e.error.status != OC_E_CANCELLED && e.error.status != OC_E_INVALID;
      fail(e.error);
      out_.retryable = out_.target_at_fault;
      return false;
    }
    response_ = std::move(*sent);
    out_.first_byte_us = (in_.clock->now_ns() - begin_ns_) / 1000;
    out_.upstream_status = response_->status();
    return true;
  }

  asio::awaitable<void> read_success() {
    if (codec_.headers != nullptr) {
      const auto headers = response_->headers();
      if (codec_.headers(provider_.self(), in_.call, state_, response_->status(), headers.data(), headers.size()) < 0) {
        fail(Error(OC_E_UPSTREAM, "The provider's answer was not understood."));
        co_return;
      }
    }
    const bool stream_wanted = http_.framing != OC_FRAME_BODY;
    if (http_.framing == OC_FRAME_SSE && response_->header("content-type").starts_with("application/json")) {
      fail(Error(OC_E_UPSTREAM, "The provider answered with a whole body where a stream was asked for."));
      out_.retryable = out_.target_at_fault = true;
      co_return;
    }
    Framer framer(http_.framing, in_.body_bytes_max);
    for (;;) {
      auto bytes = response_->read_now();
      if (!bytes) bytes = co_await response_->read_some();
      if (!*bytes) {
        transport_ = bytes->error();
        break;
      }
      if ((*bytes)->empty()) break;
      framer.feed(**bytes);
      if (framer.overflow()) {
        fail(Error(OC_E_UPSTREAM, "The provider's answer is larger than the gateway accepts."));
        co_return;
      }
      Frame frame;
      while (!in_.down->failed() && framer.next(frame)) take(frame);
      if (in_.down->failed()) break;
      if (!stream_wanted) continue;
      std::optional<bool> flushed = in_.down->flush_now();
      if (!flushed) flushed = co_await in_.down->flush_rest();
      if (!*flushed) {
        client_gone_ = true;
        break;
      }
    }
    Frame frame;
    while (!in_.down->failed() && transport_.status == OC_OK && !client_gone_ && framer.rest(frame)) take(frame);
    if (straight_whole_) out_.whole.body = framer.take_body();
    if (stream_wanted && !client_gone_ && !co_await in_.down->flush()) client_gone_ = true;
  }

  void take(const Frame& frame) {
    const bool streamed = http_.framing != OC_FRAME_BODY;
    if (!frame.has_data) {
      if (out_.straight) in_.down->relay(frame.raw);
      return;
    }
    oc_frame f{};
    f.struct_size = sizeof f;
    f.event = str(frame.name);
    f.data = bytes(frame.data);
    oc_relay relay{};
    relay.struct_size = sizeof relay;
    const oc_status status = plugin::timed(provider_.times(Timed::frame), [&] {
      return codec_.frame(provider_.self(), in_.call, state_, in_.frame_arena, &f, out_.straight ? &relay : nullptr);
    });
    if (status < 0 && !in_.down->failed()) fail(Error(status, "The provider's answer was not understood."));
    if (status >= 0 && !in_.down->failed() && out_.straight && relay.drop == 0) pass_on(frame, relay, streamed);
    in_.frame_arena->reset();
  }

  void pass_on(const Frame& frame, const oc_relay& relay, bool streamed) {
    const std::span splices(relay.splices, relay.n_splices);
    const bool usable = valid_splices(frame.data, splices);
    if (!streamed) {
      if (splices.empty() || !usable)
        straight_whole_ = true;  // what the framer has: taken over, not copied
      else
        append_spliced(out_.whole.body, frame.data, splices);
      return;
    }
    if (splices.empty() || !usable) return in_.down->relay(frame.raw);
    edited_.clear();
    if (frame.data_in_raw) {
      const auto at = static_cast<std::size_t>(frame.data.data() - frame.raw.data());
      edited_.append(frame.raw.substr(0, at));
      append_spliced(edited_, frame.data, splices);
      edited_.append(frame.raw.substr(at + frame.data.size()));
    } else {  // several data lines: told anew as one, JSON does not mind
      edited_ = "data: ";
      append_spliced(edited_, frame.data, splices);
      for (char& c : edited_)
        if (c == '\n') c = ' ';
      edited_ += "\n\n";
    }
    in_.down->relay(edited_);
  }

  asio::awaitable<void> read_error() {
    const unsigned status = response_->status();
    WholeAnswer& whole = out_.whole;
    whole.status = status;
    for (;;) {
      auto bytes = co_await response_->read_some();
      if (!bytes || bytes->empty()) break;  // an error is an error, complete or not
      whole.body.append(bytes->substr(0, kErrorBodyMax - std::min(kErrorBodyMax, whole.body.size())));
    }
    Error error(status_from_http(status), "The provider answered with HTTP status " + std::to_string(status) + ".");
    error.http_status = status;
    oc_event said{};
    said.struct_size = sizeof said;
    if (codec_.map_error != nullptr) {
      const auto headers = response_->headers();
      if (codec_.map_error(provider_.self(), in_.call, state_, in_.arena, status, headers.data(), headers.size(),
                           bytes_of(whole.body), &said) >= 0) {
        const oc_json* body = json::parse(*in_.frame_arena, whole.body);
        said_something_ = body != nullptr && (body->type == OC_JSON_OBJECT || body->type == OC_JSON_ARRAY);
        in_.frame_arena->reset();
        if (said.status < 0) error.status = said.status;
        if (said.http_status != 0) error.http_status = said.http_status;
        if (said.text.len != 0) error.message = view(said.text);
        error.code = view(said.code);
        error.param = view(said.param);
        error.retry_after_ms = said.retry_after_ms;
      }
    }
    // Passed on as it is only when it is in the dialect's form at all; a proxy's HTML is not.
    out_.has_whole = out_.straight && said_something_;
    fail(error);
    out_.target_at_fault = target_fault_status(status);
    out_.retryable = retryable_status(status);
    keep_headers();
  }

  // Ends the codec's state, exactly once after build(), and judges the outcome.
  void finish() {
    if (codec_.finish != nullptr && built_ && !finished_) {
      finished_ = true;
      const oc_status transport = client_gone_ ? OC_E_CANCELLED : out_.error.status < 0 ? out_.error.status : transport_.status;
      const oc_status judged = codec_.finish(provider_.self(), in_.call, state_, in_.arena, transport);
      if (out_.error.status == OC_OK && !in_.down->failed() && response_ != nullptr) {
        // A stream may be complete by its dialect's rules though its connection was cut; a body may not.
        const bool cut = transport_.status < 0 && http_.framing == OC_FRAME_BODY;
        if (judged < 0 || cut) {
          fail(transport_.status < 0 ? transport_ : Error(judged, "The provider's answer ended before it was complete."));
          out_.target_at_fault = transport_.status != OC_E_CANCELLED && !client_gone_;
          out_.retryable = out_.target_at_fault && !in_.down->committed();
        }
      }
    }
    if (out_.error.status == OC_OK && client_gone_) fail(Error(OC_E_CANCELLED, "The client closed the connection."));
    if (out_.error.status == OC_OK && transport_.status < 0 && codec_.finish == nullptr) fail(transport_);
    if (out_.error.status != OC_OK || in_.down->failed() || http_.framing != OC_FRAME_BODY || response_ == nullptr || !out_.straight) return;
    out_.has_whole = true;
    out_.whole.status = response_->status();
    keep_headers();
  }

  void keep_headers() {
    out_.whole.content_type = response_->header("content-type");
    for (const oc_header& h : response_->headers())
      for (std::string_view name : kPassedOn)
        if (view(h.name) == name) out_.whole.headers.emplace_back(name, view(h.value));
  }

  bool fail(const Error& e) {
    if (out_.error.status == OC_OK) out_.error = e;
    return false;
  }
  static oc_bytes bytes_of(const std::string& s) { return bytes(std::string_view(s)); }

  const Provider& provider_;
  const oc_provider_codec& codec_;
  net::Client& client_;
  AttemptInput in_;
  AttemptOutcome& out_;
  void* state_ = nullptr;
  oc_http_request http_{};
  std::string built_body_, edited_;
  oc_jsonw writer_;
  Pieces body_;
  std::unique_ptr<net::Response> response_;
  Error transport_{OC_OK};
  std::uint64_t begin_ns_ = 0;
  bool built_ = false, finished_ = false, client_gone_ = false, said_something_ = false;
  bool straight_whole_ = false;  // the answer's body goes on as it came
};

}  // namespace

bool retryable_status(unsigned s) noexcept { return s == 401 || s == 403 || s == 404 || s == 408 || s == 409 || s == 429 || s >= 500; }
bool target_fault_status(unsigned s) noexcept { return s == 401 || s == 403 || s == 408 || s == 429 || s >= 500; }

oc_status status_from_http(unsigned s) noexcept {
  switch (s) {
    case 401:
    case 403: return OC_E_AUTH;
    case 402: return OC_E_FUNDS;
    case 404: return OC_E_NOT_FOUND;
    case 408:
    case 504: return OC_E_TIMEOUT;
    case 409: return OC_E_CONFLICT;
    case 413: return OC_E_TOO_LARGE;
    case 429: return OC_E_RATE;
    case 503: return OC_E_UNAVAILABLE;
    default: return s >= 500 ? OC_E_UPSTREAM : OC_E_INVALID;
  }
}

asio::awaitable<void> attempt_codec(const Provider& provider, net::Client& client, AttemptInput input,
                                    AttemptOutcome& out) {
  void* const place = input.arena->allocate(sizeof(CodecAttempt), alignof(CodecAttempt));
  if (place == nullptr) throw std::bad_alloc();
  return CodecAttempt::run(CodecAttempt::Owned(new (place) CodecAttempt(provider, client, std::move(input), out)));
}

}  // namespace onechat::upstream
