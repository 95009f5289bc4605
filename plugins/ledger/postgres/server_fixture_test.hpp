// One server for all cases of a test program; each case takes a schema of its own.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "backend_fixture_test.hpp"

namespace onechat::ledger_test {

class PostgresTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!test::PostgresServer::missing()) server_ = std::make_unique<test::PostgresServer>();
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (const auto why = test::PostgresServer::missing()) GTEST_SKIP() << *why;
    g_now_ms = 1'700'000'000'000;
  }
  static test::PostgresServer& server() { return *server_; }
  static std::string url() { return server_->url(); }
  // In the test's schema.
  static std::string ask(const std::string& sql) {
    std::string out = test::query_text(url(), "SET search_path = " + schema() + "; " + sql);
    if (!out.empty()) out.pop_back();
    return out;
  }
  static std::string schema() {
    std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return name.substr(0, 40);
  }
  static int number_from(const char* variable, int otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::atoi(text) : otherwise;
  }

 private:
  static inline std::unique_ptr<test::PostgresServer> server_;
};

}  // namespace onechat::ledger_test
