// The client's answer while a surface writes it: collects head and body, or feeds the stream of the transaction.
//
// One per exchange, confined to its loop. The head lies in the transaction's arena. Nothing goes out by itself: the exchange decides when to send or flush.
#pragma once
#include <boost/container/small_vector.hpp>
#include <string>
#include <string_view>

#include "net/server.hpp"
#include "plugin/host_services.hpp"

namespace onechat::surface {

class Answer final : public oc_out {
 public:
  explicit Answer(net::Transaction& transaction) : transaction_(transaction) {}

  // oc_out: what surfaces call.
  void head(std::uint32_t http_status, std::string_view content_type) override;
  void header(std::string_view name, std::string_view value) override;
  oc_jsonw* json() override;
  oc_jsonw* event(std::string_view name) override;
  void event_end() override;
  void raw(std::string_view bytes) override;
  void framing(std::uint32_t how) override;

  // Sends events to the transaction's stream from now on.
  void stream() noexcept { streaming_ = true; }
  bool streaming() const noexcept { return streaming_; }
  // Forgets head and body written so far (nothing of it was sent).
  void clear() noexcept;
  std::uint32_t status() const noexcept { return status_; }
  std::string_view body() const noexcept { return body_; }
  void raw_body(std::string body) noexcept { body_ = std::move(body); }
  // Elements of a streamed array were passed on as they came: the next one follows them.
  void relayed() noexcept { begun_ = true; }
  std::string take_body() noexcept { return std::move(body_); }

  boost::asio::awaitable<bool> send();   // head and body as a whole
  // The same in two steps, as of the transaction.
  std::optional<bool> send_now();
  boost::asio::awaitable<bool> send_rest() { return transaction_.send_rest(); }
  void start_stream();                   // the head; goes out with the first flush

 private:
  void start(std::string_view default_type);
  std::string& sink() noexcept { return streaming_ ? transaction_.stream_buffer() : body_; }

  net::Transaction& transaction_;
  std::uint32_t status_ = 200;
  std::string_view content_type_;
  boost::container::small_vector<oc_header, 8> headers_;
  std::string body_;
  oc_jsonw writer_;
  bool streaming_ = false;
  bool begun_ = false;  // an event was written
  std::uint32_t framing_ = OC_OUT_SSE;
  std::size_t data_begins_ = 0;  // of the event that is written, in sink()
};

}  // namespace onechat::surface
