#include "control/admin_client.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include <sstream>

#include "base/arena.hpp"
#include "json/json.hpp"

namespace onechat::control {
namespace {

namespace pn = Poco::Net;

constexpr long kTimeoutS = 120;  // a verification reads the whole ledger

Error refusal(int http_status, const std::string& body) {
  Arena arena;
  const oc_json* root = json::parse(arena, body);
  const oc_json* error = root ? json::get(root, "error") : nullptr;
  const oc_json* message = error ? json::get(error, "message") : nullptr;
  const oc_json* code = error ? json::get(error, "code") : nullptr;
  Error e(OC_E_UPSTREAM,
          message ? std::string(message->text) : "the gateway answered with status " + std::to_string(http_status),
          code ? std::string(code->text) : std::string());
  e.http_status = static_cast<std::uint32_t>(http_status);
  return e;
}

}  // namespace

std::string path_segment(const std::string& text) {
  std::string out;
  Poco::URI::encode(text, "/?#%&=+:;@,!$'()*[]", out);
  return out;
}

Result<void> AdminClient::exchange(const std::string& method, const std::string& path, const Query& query,
                                   const std::string& json_body, std::ostream& out) const {
  try {
    Poco::URI uri(url_);
    if (uri.getScheme() != "http" || uri.getHost().empty())
      return Error(OC_E_CONFIG, "the admin address must be like http://127.0.0.1:8081, not '" + url_ + "'");
    uri.setPath(path);
    for (const auto& [name, value] : query)
      if (!value.empty()) uri.addQueryParameter(name, value);
    pn::HTTPClientSession session(uri.getHost(), uri.getPort());
    session.setTimeout(Poco::Timespan(kTimeoutS, 0));
    pn::HTTPRequest request(method, uri.getPathAndQuery(), pn::HTTPMessage::HTTP_1_1);
    request.set("Authorization", "Bearer " + token_);
    if (!json_body.empty()) request.setContentType("application/json");
    request.setContentLength64(static_cast<Poco::Int64>(json_body.size()));
    session.sendRequest(request) << json_body;
    pn::HTTPResponse response;
    std::istream& body = session.receiveResponse(response);
    if (response.getStatus() >= 200 && response.getStatus() < 300) {
      Poco::StreamCopier::copyStream(body, out);
      return {};
    }
    std::string text;
    Poco::StreamCopier::copyToString(body, text);
    return refusal(response.getStatus(), text);
  } catch (const Poco::Exception& e) {
    return Error(OC_E_IO, "cannot reach the gateway at " + url_ + ": " + e.displayText() + " (is it running?)");
  }
}

Result<std::string> AdminClient::call(const std::string& method, const std::string& path, const Query& query,
                                      const std::string& json_body) const {
  std::ostringstream out;
  if (const auto done = exchange(method, path, query, json_body, out); !done) return done.error();
  return out.str();
}

Result<void> AdminClient::download(const std::string& path, const Query& query, std::ostream& out) const {
  return exchange("GET", path, query, "", out);
}

}  // namespace onechat::control
