#include "control/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <thread>

#include "json/json.hpp"

namespace onechat::control {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(Log, WritesOneJsonObjectALine) {
  std::ostringstream out;
  {
    Log log(Level::info, out);
    log.info("listening",
             {{"address", "127.0.0.1:8080"}, {"workers", 2}, {"big", UINT64_MAX}, {"ok", true}, {"share", 0.5}});
    log.warn("odd \"text\"\n\x01");
  }
  const auto lines = lines_of(out.str());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr(R"("level":"info","event":"listening","address":"127.0.0.1:8080","workers":2,)"
                                  R"("big":18446744073709551615,"ok":true,"share":0.5})"));
  for (const auto& line : lines) {
    Arena arena;
    EXPECT_NE(json::parse(arena, line), nullptr) << line;
  }
  EXPECT_THAT(lines[0], testing::MatchesRegex(R"(\{"time":"....-..-..T..:..:..\....Z".*)"));
}

TEST(Log, SaysNothingBelowItsLevelAndFollowsAChange) {
  std::ostringstream out;
  {
    Log log(Level::warn, out);
    log.info("quiet");
    EXPECT_FALSE(log.on(Level::info));
    log.set_level(Level::debug);
    log.debug("loud");
    log.trace("still quiet");
  }
  EXPECT_THAT(out.str(), Not(HasSubstr("quiet")));
  EXPECT_THAT(out.str(), HasSubstr("loud"));
}

TEST(Log, NeverShowsASecret) {
  std::ostringstream out;
  {
    Log log(Level::info, out);
    log.set_secrets({"Bearer sk-secret-1", "sk-secret-1", "with\"quote\"", "none"});
    log.info("event sk-secret-1",
             {{"header", "Bearer sk-secret-1"}, {"twice", "sk-secret-1sk-secret-1"}, {"q", "a with\"quote\" b"}});
    log.info("none", {{"proxy", "none"}});
    EXPECT_EQ(log.masked("x sk-secret-1 y"), "x *** y");
  }
  EXPECT_THAT(out.str(), Not(HasSubstr("secret")));
  EXPECT_THAT(out.str(), Not(HasSubstr("quote")));
  EXPECT_THAT(out.str(), HasSubstr(R"("event":"none","proxy":"none")"));
}

TEST(Log, TakesLinesFromManyThreads) {
  std::ostringstream out;
  {
    Log log(Level::info, out);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 500; ++i) {
          log.info("line", {{"thread", t}, {"i", i}});
          if (i % 100 == 0) log.set_secrets({"something-secret-" + std::to_string(i)});
        }
      });
    for (auto& t : threads) t.join();
  }
  EXPECT_EQ(lines_of(out.str()).size(), 2000u);
}

}  // namespace
}  // namespace onechat::control
