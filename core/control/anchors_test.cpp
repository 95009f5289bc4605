// Anchors: what was written once is told from what is there now.
#include "control/anchors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "control/auditor.hpp"
#include "control/control_fixture.hpp"
#include "json/json.hpp"

namespace onechat::control {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Link link_of(std::uint64_t node, std::uint64_t n, std::uint64_t first_seq, std::uint8_t hash) {
  Link link;
  link.node = node;
  link.n = n;
  link.first_seq = link.last_seq = first_seq;
  link.unix_ms = 1'800'000'000'000;
  link.sha256.fill(hash);
  return link;
}

class Anchors : public testing::Test, protected ControlFixture {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(plane->boot().has_value());
    keep(there_);
  }
  void keep(const std::vector<Link>& links) {
    fake_ledger.chain.clear();
    for (const Link& l : links) fake_ledger.chain.push_back({l.node, l.n, l.first_seq, l.last_seq, l.unix_ms, l.sha256});
  }
  std::vector<Verdict::Breach> check(const std::vector<Link>& anchors) {
    auto found = check_anchors(plane->books(), anchors);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : std::vector<Verdict::Breach>{};
  }
  const std::vector<Link> there_{link_of(1, 1, 10, 0xab), link_of(1, 2, 20, 0xcd), link_of(2, 1, 30, 0xef)};
  std::string file() const { return data_dir + "/anchors.jsonl"; }
  std::string written() const {
    std::ostringstream all;
    all << std::ifstream(file()).rdbuf();
    return all.str();
  }
};

TEST_F(Anchors, OfChainsThatAreAsTheyWereAreFound) { EXPECT_THAT(check(there_), IsEmpty()); }

TEST_F(Anchors, WhatIsGoneOrHasAnotherHashIsABreach) {
  keep({there_[0], link_of(1, 2, 20, 0xce)});
  const auto found = check(there_);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].invariant, "I14");
  EXPECT_EQ(found[0].detail, "node 1: link 2 has another hash than it had");
  EXPECT_EQ(found[1].detail, "node 2: link 1 over the transfers from 30 is gone");
}

TEST_F(Anchors, ALinkThatIsAnotherNodesNowIsABreach) {
  EXPECT_THAT(check({link_of(7, 2, 20, 0xcd)}), SizeIs(1));
}

TEST_F(Anchors, AreReadAsTheyWereWritten) {
  std::string text;
  oc_jsonw w(&text);
  write_anchor(w, there_[1]);
  Arena arena;
  const auto read = read_anchor(json::parse(arena, text));
  ASSERT_TRUE(read) << text;
  EXPECT_THAT(check({*read}), IsEmpty());
  for (const char* wrong : {R"({"node":1,"link":2,"first":20})", R"({"node":1,"link":2,"first":20,"sha256":"ab"})",
                            "[]", "7"})
    EXPECT_FALSE(read_anchor(json::parse(arena, wrong))) << wrong;
  EXPECT_FALSE(read_anchor(nullptr));
}

TEST_F(Anchors, TheFileGrowsByWhatChanged) {
  AnchorFile out(file());
  ASSERT_TRUE(out.append({link_of(1, 2, 20, 0xcd), link_of(2, 1, 30, 0xef)}));
  ASSERT_TRUE(out.append({link_of(1, 2, 20, 0xcd), link_of(2, 1, 30, 0xef)}));
  ASSERT_TRUE(out.append({link_of(1, 2, 20, 0xcd), link_of(2, 2, 40, 0x01)}));
  const std::string text = written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
  EXPECT_THAT(text, HasSubstr(R"("node":2,"link":2,"first":40,"last":40,"time":"2027-01-15T08:00:00.000Z")"));
}

TEST_F(Anchors, AFolderThatCannotBeWrittenIsAnError) {
  EXPECT_EQ(AnchorFile("/nowhere/at/all").append(there_).error().status, OC_E_IO);
}

TEST_F(Anchors, ADiskThatFillsUpWithinALineLeavesNoHalfOfIt) {
  AnchorFile out(file());
  ASSERT_TRUE(out.append({there_[0]}));
  const std::string before = written();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
  const rlimit small{before.size() + 20, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto full = out.append({there_[1]});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &usual), 0);
  EXPECT_EQ(full.error().status, OC_E_IO);
  EXPECT_EQ(written(), before);
  EXPECT_TRUE(out.append({there_[1]})) << "it is written when there is room again";
  EXPECT_GT(written().size(), before.size());
}

TEST_F(Anchors, AreWrittenInTheBackgroundAndOnceMoreAtTheEnd) {
  Auditor auditor(plane->books(), system_clock(),
                  {.anchor_every = std::chrono::milliseconds(5), .anchor_file = file()});
  for (int i = 0; i < 1'000 && auditor.last().anchored == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  auditor.stop();
  EXPECT_GE(auditor.last().anchored, 2u);
  EXPECT_EQ(auditor.last().anchor_failures, 0u);
  const std::string text = written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;  // of each node its last
}

}  // namespace
}  // namespace onechat::control
