#include "control/admin_server.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/ThreadPool.h>
#include <Poco/URI.h>

#include <array>

namespace onechat::control {
namespace {

namespace pn = Poco::Net;

constexpr int kThreads = 8, kQueued = 64, kTimeoutS = 15;

// The body, or false when it is larger than the API takes.
bool read_body(pn::HTTPServerRequest& in, std::string& out) {
  std::array<char, 16 * 1024> piece;
  while (in.stream().good() && out.size() <= AdminApi::kBodyBytesMax) {
    in.stream().read(piece.data(), piece.size());
    out.append(piece.data(), static_cast<std::size_t>(in.stream().gcount()));
  }
  return out.size() <= AdminApi::kBodyBytesMax;
}

Error too_large() {
  return Error(OC_E_TOO_LARGE, "the body is larger than " + std::to_string(AdminApi::kBodyBytesMax) + " bytes",
               "too_large");
}

Result<AdminRequest> read(pn::HTTPServerRequest& in) {
  AdminRequest request;
  request.method = in.getMethod();
  request.authorization = in.get("Authorization", "");
  try {
    const Poco::URI uri(in.getURI());
    request.path = uri.getPath();
    for (const auto& [name, value] : uri.getQueryParameters()) request.query[name] = value;
  } catch (const Poco::Exception&) {
    return Error(OC_E_INVALID, "the request target cannot be read", "invalid_request");
  }
  if (!read_body(in, request.body)) return too_large();
  return request;
}

void write(const AdminResponse& answer, pn::HTTPServerResponse& out) {
  out.setStatus(static_cast<pn::HTTPResponse::HTTPStatus>(answer.status));
  out.setReason(pn::HTTPResponse::getReasonForStatus(out.getStatus()));
  out.setContentType(answer.content_type);
  out.set("Cache-Control", "no-store");
  out.set("X-Content-Type-Options", "nosniff");
  if (!answer.allow.empty()) out.set("Allow", answer.allow);
  if (answer.status == 401) out.set("WWW-Authenticate", "Bearer");
  if (answer.stream) {
    out.setChunkedTransferEncoding(true);
    answer.stream(out.send());
  } else {
    out.sendBuffer(answer.body.data(), answer.body.size());
  }
}

class Handler final : public pn::HTTPRequestHandler {
 public:
  Handler(AdminApi& api, Log& log) : api_(api), log_(log) {}

  void handleRequest(pn::HTTPServerRequest& in, pn::HTTPServerResponse& out) override {
    try {
      const auto request = read(in);
      if (!request) out.setKeepAlive(false);  // what is left of the body is not read
      const AdminResponse answer = request ? api_.handle(*request) : AdminApi::error(request.error());
      if (in.getMethod() != "GET")
        log_.info("admin", {{"method", in.getMethod()},
                            {"path", in.getURI()},
                            {"status", answer.status},
                            {"peer", in.clientAddress().toString()}});
      write(answer, out);
    } catch (const std::exception& e) {
      log_.warn("admin connection broke", {{"why", e.what()}});
    }
  }

 private:
  AdminApi& api_;
  Log& log_;
};

class HandlerFactory final : public pn::HTTPRequestHandlerFactory {
 public:
  HandlerFactory(AdminApi& api, Log& log) : api_(api), log_(log) {}
  pn::HTTPRequestHandler* createRequestHandler(const pn::HTTPServerRequest&) override {
    return new Handler(api_, log_);
  }

 private:
  AdminApi& api_;
  Log& log_;
};

pn::HTTPServerParams::Ptr params() {
  pn::HTTPServerParams::Ptr p = new pn::HTTPServerParams;
  p->setMaxThreads(kThreads);
  p->setMaxQueued(kQueued);
  p->setKeepAlive(true);
  p->setKeepAliveTimeout(Poco::Timespan(kTimeoutS, 0));
  p->setTimeout(Poco::Timespan(kTimeoutS, 0));
  p->setThreadIdleTime(Poco::Timespan(kTimeoutS, 0));
  return p;
}

}  // namespace

class AdminServer::Impl {
 public:
  Impl(const Address& at, AdminApi& api, Log& log)
      : threads_("admin", 2, kThreads),
        socket_(pn::SocketAddress(at.host, at.port)),
        server_(new HandlerFactory(api, log), threads_, socket_, params()) {}
  ~Impl() { stop(); }

  void start() {
    server_.start();
    running_ = true;
  }
  void stop() {
    if (!running_) return;
    running_ = false;
    server_.stopAll(false);
    socket_.close();  // else the system would go on queueing connections that nobody answers
    threads_.joinAll();
  }
  Address address() const { return {socket_.address().host().toString(), socket_.address().port()}; }

 private:
  Poco::ThreadPool threads_;
  pn::ServerSocket socket_;
  pn::HTTPServer server_;
  bool running_ = false;
};

AdminServer::AdminServer(const Address& at, AdminApi& api, Log& log) : impl_(std::make_unique<Impl>(at, api, log)) {}
AdminServer::~AdminServer() = default;
Address AdminServer::address() const { return impl_->address(); }
void AdminServer::start() { impl_->start(); }
void AdminServer::stop() { impl_->stop(); }

}  // namespace onechat::control
