// One request and its response: from the first wait for a connection to the last byte of the body.
#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "net/client_state.hpp"

namespace onechat::net {

// Confined to the loop. Owns its connection from attach() until the body was read; then the pool has it back.
class Send final : public Response {
 public:
  Send(std::shared_ptr<Client::Impl> client, Cancel& cancel);
  ~Send() override;

  // Gives this a new connection, or the one that the pool has next. Nothing on success.
  boost::asio::awaitable<std::optional<SendError>> attach();
  // The same with one that lies idle. False: there is none.
  bool attach_idle();
  // Writes the request and reads the response's head. Nothing on success.
  boost::asio::awaitable<std::optional<SendError>> perform(const Request& request);
  // After perform() failed: the server had closed a connection that lay in the pool, before this request reached it.
  bool was_stale() const noexcept { return stale_; }
  // Gives the connection back unused.
  void give_up();
  std::optional<SendError> interrupted(Phase phase) const;

  unsigned status() const noexcept override { return head_.status; }
  std::span<const oc_header> headers() const noexcept override { return head_.headers; }
  std::string_view header(std::string_view lower_case_name) const noexcept override;
  boost::asio::awaitable<Result<std::string_view>> read_some() override;
  std::optional<Result<std::string_view>> read_now() override;

 private:
  void begin_read();
  Result<void> end_read();
  void adopt(std::unique_ptr<ClientConnection> connection);
  void release();        // to the pool, if the connection can carry another request
  void drop() noexcept;  // closes it
  SendError fail(Error error, Phase phase);

  std::shared_ptr<Client::Impl> client_;
  Interrupt interrupt_;
  ResponseHead head_;
  std::unique_ptr<ClientConnection> connection_;
  std::optional<Error> broken_;
  bool must_close_ = false, stale_ = false;
};

}  // namespace onechat::net
