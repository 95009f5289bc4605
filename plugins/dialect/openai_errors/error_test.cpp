#include <gtest/gtest.h>

#include "openai_errors/error_answer.hpp"
#include "openai_errors/error_shape.hpp"
#include "support/fake_host.hpp"

namespace onechat::openai_errors {
namespace {

struct Errors : ::testing::Test {
  test::FakeHost host;
  test::FakeCall fake;
  oc::Call call{host.table(), fake.handle(), &fake.arena};

  oc_event mapped(std::uint32_t http, std::string_view body, std::string_view secret = {},
                  std::vector<oc_header> headers = {}) {
    oc_event e{};
    map_error(call, http, headers.data(), headers.size(), body, secret, e);
    return e;
  }
  VendorError error(std::string_view json) { return read_error(call, call.parse(fake.arena.copy(json))); }
  std::string written(const oc_event& e) {
    std::string out;
    oc_jsonw w(&out);
    oc::Writer writer(host.table(), &w);
    write_error(call, writer, e);
    return out;
  }
  test::FakeOut answered(const oc_event& e) {
    test::FakeOut fake_out;
    oc::Out out(host.table(), fake_out.handle());
    write_error_answer(call, out, e);
    return fake_out;
  }
};

TEST_F(Errors, VendorsTellTheSameInManyForms) {
  struct Row {
    std::uint32_t http;
    std::string_view body, message, code;
    oc_status status;
  };
  const Row rows[] = {
      {404,
       R"({"error":{"message":"no such model","type":"invalid_request_error","param":"model","code":"model_not_found"}})",
       "no such model", "model_not_found", OC_E_NOT_FOUND},
      {400, R"({"code":"invalid-argument","error":"Incorrect API key provided."})", "Incorrect API key provided.",
       "invalid-argument", OC_E_INVALID},
      {422, R"({"detail":[{"loc":["body","model"],"msg":"field required"}]})", "field required", "", OC_E_INVALID},
      {429, R"({"error":{"message":"pay","code":"insufficient_quota"}})", "pay", "insufficient_quota", OC_E_LIMIT},
      {429, R"({"error":{"message":"slow","code":429}})", "slow", "429", OC_E_RATE},
      {502, "<html>bad gateway</html>", "The model's provider failed.", "", OC_E_UPSTREAM},
  };
  for (const Row& row : rows) {
    const oc_event e = mapped(row.http, row.body);
    EXPECT_EQ(oc::view(e.text), row.message);
    EXPECT_EQ(oc::view(e.code), row.code);
    EXPECT_EQ(e.status, row.status) << row.body;
    EXPECT_EQ(e.http_status, row.http);
  }
}

TEST_F(Errors, ABodyThatRepeatsTheKeyIsNotShown) {
  const oc_event e = mapped(401, R"({"error":{"message":"Incorrect key","hint":"sk-secret-1234"}})", "sk-secret-1234");
  EXPECT_EQ(e.status, OC_E_AUTH);
  EXPECT_EQ(oc::view(e.text), "Incorrect API key provided.");
  EXPECT_EQ(e.ext_json.len, 0u);
}

TEST_F(Errors, AnAnswerTellsWhetherToTryAgain) {
  oc_event e =
      mapped(429, R"({"error":{"message":"slow","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}})",
             {}, {{oc::str("retry-after"), oc::str("1.5")}});
  EXPECT_EQ(e.retry_after_ms, 1500u);
  const auto slow = answered(e);
  EXPECT_EQ(slow.status, 429u);
  EXPECT_EQ(slow.header("retry-after"), "2");
  EXPECT_EQ(slow.header("retry-after-ms"), "1500");
  EXPECT_EQ(slow.header("x-should-retry"), "");
  e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_FUNDS;
  const auto broke = answered(e);
  EXPECT_EQ(broke.status, 402u);
  EXPECT_EQ(broke.header("x-should-retry"), "false");
  EXPECT_TRUE(test::same_json(
      broke.body,
      R"({"error":{"message":"The project has not enough credit for this request.","type":"insufficient_quota",)"
      R"("param":null,"code":"insufficient_quota"}})"));
}

TEST_F(Errors, InsideAStreamTheCodeIsAllThereIs) {
  EXPECT_EQ(status_in_stream("503", ""), OC_E_UNAVAILABLE);
  EXPECT_EQ(status_in_stream("rate_limit_exceeded", ""), OC_E_RATE);
  EXPECT_EQ(status_in_stream("", "insufficient_quota"), OC_E_LIMIT);
  EXPECT_EQ(status_in_stream("server_error", ""), OC_E_UPSTREAM);
}

TEST_F(Errors, ErrorsOfManyVendorsAreRead) {
  EXPECT_EQ(error(R"({"error":{"message":"no","type":"t","code":"c","param":"p"}})").param, "p");
  EXPECT_EQ(error(R"({"code":"bad","error":"words"})").message, "words");
  EXPECT_EQ(error(R"({"code":"bad","error":"words"})").code, "bad");
  EXPECT_EQ(error(R"({"detail":"Invalid API Key"})").message, "Invalid API Key");
  EXPECT_EQ(error(R"({"detail":[{"loc":["body"],"msg":"field required"}]})").message, "field required");
  EXPECT_EQ(error(R"({"error":{"code":429,"message":"slow"}})").code, "429");
  EXPECT_EQ(error(R"([{"error":{"code":400,"message":"wrapped","status":"INVALID_ARGUMENT"}}])").message, "wrapped");
  EXPECT_EQ(error(R"({"message":"plain","object":"error"})").message, "plain");
  EXPECT_FALSE(error(R"({"choices":[]})").found);
  EXPECT_FALSE(error(R"("text")").found);
}

TEST_F(Errors, AnErrorHasFourMembers) {
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_INTERNAL;
  EXPECT_TRUE(test::same_json(written(e), R"({"error":{"message":"The server had an error while processing the request.",
    "type":"server_error","param":null,"code":null}})"))
      << written(e);
}

TEST_F(Errors, AVendorsOwnErrorIsShownAsItIs) {
  const char* body = R"({"error":{"message":"m","type":"t","code":"tool_use_failed","failed_generation":"x"}})";
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = OC_E_INVALID;
  e.text = oc::str("m");
  e.ext_json = oc::str(body);
  EXPECT_EQ(written(e), body);
  e.text = oc::str("a stage changed the words");
  EXPECT_EQ(written(e).find("failed_generation"), std::string::npos);
}

}  // namespace
}  // namespace onechat::openai_errors
