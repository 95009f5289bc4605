// The plugins under test, driven as the gateway drives them, without a network.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "corpus.hpp"
#include "support/fake_host.hpp"

namespace onechat::conformance {

struct Dialect {
  std::string_view name;
  const oc_component *surface, *provider;
};
// Those that are built, in the order of the documents.
const std::vector<Dialect>& dialects();
const Dialect* dialect_named(std::string_view name);

// How a client asks: what is not in the body itself.
struct Asked {
  bool streamed = false;
  bool json_array = false;        // gemini without alt=sse
  std::string model = "model-1";  // gemini: in the path
  std::string version = "2023-06-01";
  std::uint32_t op = OC_OP_GENERATE;
  std::string verb;  // gemini: other than generateContent and its streamed form
};

// A request as its surface reads it, and then the answer as that surface writes it.
class Client {
 public:
  Client(const Dialect& dialect, std::string body, const Asked& asked);
  // Not to be moved: the request points into it.
  Client(const Client&) = delete;

  bool parsed() const { return request != nullptr; }
  std::string refusal() const { return call.failure ? call.failure->message + " (" + call.failure->param + ")" : ""; }

  // Renders `events` and ends the answer; `failed`: why the upstream's part did not come to its end.
  void answer(const std::vector<test::Event>& events, oc_status failed = OC_OK);
  // An error before the first byte.
  void error(const test::Event& e);

  const Dialect& dialect;
  test::FakeHost host;
  test::Instance<oc_surface> surface;
  test::CallState state;
  test::FakeCall call;
  test::FakeOut out;
  std::string body;
  Asked asked;
  const oc_request* request = nullptr;
  oc_status status = OC_OK;
  bool error_rendered = false;

 private:
  std::vector<std::pair<std::string, std::string>> header_texts_;
  std::vector<oc_header> headers_;
  std::string path_, query_;
};

// One attempt at an upstream.
class Upstream {
 public:
  explicit Upstream(const Dialect& dialect, std::string_view settings = "{}");
  ~Upstream();
  Upstream(const Upstream&) = delete;

  // The body that goes upstream; "" when build refused.
  std::string build(const oc_request& request, bool straight_ok = false);
  void frame(std::string_view event, std::string_view data);
  void feed(const Recording& r);
  oc_status finish(oc_status transport = OC_OK);
  test::Event map_error(unsigned http_status, const std::string& body);
  std::string refusal() const { return call.failure ? call.failure->message : "status " + std::to_string(built); }

  const Dialect& dialect;
  test::FakeHost host;
  test::Instance<oc_provider_codec> provider;
  test::CallState state;
  test::FakeCall call;
  oc_http_request http{};
  std::string body;
  oc_status built = OC_OK, framed = OC_OK, finished = OC_OK;

 private:
  Arena arena_;
  oc_jsonw writer_;
  bool ended_ = true;
};

// A plain request of the dialect that asks for everything an answer can show.
std::string plain_request(std::string_view dialect, bool streamed, std::size_t choices = 1);

// What a recorded answer is made of by its provider.
struct Heard {
  std::vector<test::Event> events;
  std::vector<std::string> dropped;
  oc_status framed = OC_OK, finished = OC_OK;
  std::string failure;
};
Heard hear(const Recording& r);
// The same of frames that are given. `request`: of the same dialect, or "" for a plain one.
Heard hear_frames(std::string_view dialect, const std::vector<Recording::Frame>& frames, bool streamed,
                  std::string request = "", std::string model = "model-1");

}  // namespace onechat::conformance
