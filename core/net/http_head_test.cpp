// A head is read in one way or refused: what two parsers could read differently never becomes a request.
#include "net/http_head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace onechat::net {
namespace {

struct Read {
  std::string text;  // the head's bytes: the views point here
  Arena arena;
  RequestHead head;
  unsigned status = 0;  // 0: a request; 1: the scanner wants more; else why it is refused

  explicit Read(std::string bytes, std::uint32_t headers_max = 64) : text(std::move(bytes)) {
    HeadScanner scanner;
    switch (scanner.scan(text)) {
      case HeadScanner::State::incomplete: status = 1; return;
      case HeadScanner::State::fault: status = 400; return;
      case HeadScanner::State::complete: break;
    }
    const auto fault = parse_head({text.data(), scanner.end()}, scanner.lines(), headers_max, arena, head);
    if (fault) status = fault->status;
  }
};

TEST(HttpHead, FieldsAreFoundByLowerCaseNameAndKeepTheirOrderAndValues) {
  Read r("POST /v1/chat?x=1&y HTTP/1.1\r\nHoSt: a.example:80\r\nX-One: \t a b \t\r\nX-Empty:\r\nx-one: second\r\n\r\n");
  ASSERT_EQ(r.status, 0u);
  EXPECT_EQ(r.head.view.method, "POST");
  EXPECT_EQ(r.head.view.target, "/v1/chat?x=1&y");
  EXPECT_EQ(r.head.view.path, "/v1/chat");
  EXPECT_EQ(r.head.view.query, "x=1&y");
  EXPECT_EQ(r.head.view.version, 11u);
  ASSERT_EQ(r.head.view.headers.size(), 4u);
  EXPECT_EQ(view(r.head.view.headers[1].name), "x-one");
  EXPECT_EQ(r.head.view.header("x-one"), "a b");
  EXPECT_EQ(r.head.view.header("x-empty"), "");
  EXPECT_EQ(view(r.head.view.headers[3].value), "second");
  EXPECT_EQ(r.head.view.header("absent"), "");
}

TEST(HttpHead, TheTargetsPathIsFoundInBothForms) {
  struct Row {
    const char *target, *path, *query;
  } rows[] = {
      {"/", "/", ""},
      {"/a/b?c?d", "/a/b", "c?d"},
      {"http://h/a?b", "/a", "b"},
      {"HTTPS://h:8443/a", "/a", ""},
      {"http://h", "/", ""},
      {"http://h?q", "/", "q"},
      {"/models/x:stream", "/models/x:stream", ""},
  };
  for (const Row& row : rows) {
    Read r("GET " + std::string(row.target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(r.status, 0u) << row.target;
    EXPECT_EQ(r.head.view.path, row.path) << row.target;
    EXPECT_EQ(r.head.view.query, row.query) << row.target;
  }
}

TEST(HttpHead, FramingAndPersistenceFollowTheFields) {
  struct Row {
    const char *line, *fields;
    BodyFraming framing;
    std::uint64_t length;
    bool keep_alive, expect;
  } rows[] = {
      {"GET / HTTP/1.1", "Host: h\r\n", BodyFraming::none, 0, true, false},
      {"POST / HTTP/1.1", "Host: h\r\nContent-Length: 12\r\n", BodyFraming::length, 12, true, false},
      {"POST / HTTP/1.1", "Host: h\r\nContent-Length: 0\r\nExpect: 100-continue\r\n", BodyFraming::none, 0, true,
       false},
      {"POST / HTTP/1.1", "Host: h\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n", BodyFraming::length, 1, true,
       true},
      {"POST / HTTP/1.1", "Host: h\r\nTransfer-Encoding: Chunked\r\n", BodyFraming::chunked, 0, true, false},
      {"GET / HTTP/1.1", "Host: h\r\nConnection: x, Close\r\n", BodyFraming::none, 0, false, false},
      {"GET / HTTP/1.0", "", BodyFraming::none, 0, false, false},
      {"GET / HTTP/1.0", "Connection: Keep-Alive\r\n", BodyFraming::none, 0, true, false},
      {"POST / HTTP/1.0", "Content-Length: 1\r\nExpect: 100-continue\r\n", BodyFraming::length, 1, false, false},
  };
  for (const Row& row : rows) {
    Read r(std::string(row.line) + "\r\n" + row.fields + "\r\n");
    ASSERT_EQ(r.status, 0u) << row.fields;
    EXPECT_EQ(r.head.framing, row.framing) << row.fields;
    EXPECT_EQ(r.head.content_length, row.length) << row.fields;
    EXPECT_EQ(r.head.keep_alive, row.keep_alive) << row.fields;
    EXPECT_EQ(r.head.expect_continue, row.expect) << row.fields;
  }
}

TEST(HttpHead, EveryByteThatIsNoTextIsRefusedInValuesAndNamesAndTargets) {
  for (int c = 0; c < 256; ++c) {
    const std::string b(1, static_cast<char>(c));
    const bool text = c == '\t' || (c >= 0x20 && c != 0x7f);
    // At each distance from the value's start: the check goes eight bytes at a time.
    for (int before = 0; before < 17; ++before) {
      const std::string value = std::string(static_cast<std::size_t>(before), 'v') + b + "wwwww";
      EXPECT_EQ(Read("GET / HTTP/1.1\r\nHost: h\r\nX: " + value + "\r\n\r\n").status == 0, text)
          << c << " at " << before;
    }
    const bool token =
        std::isalnum(c) ? c < 128 : c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(b) != std::string_view::npos;
    if (c != ':') {
      EXPECT_EQ(Read("GET / HTTP/1.1\r\nHost: h\r\nX" + b + "Y: v\r\n\r\n").status == 0, token) << c;
    }
    EXPECT_EQ(Read("G" + b + "T / HTTP/1.1\r\nHost: h\r\n\r\n").status == 0, token) << c;
    const bool target = c > 0x20 && c < 0x7f && c != '#';
    EXPECT_EQ(Read("GET /" + b + "x HTTP/1.1\r\nHost: h\r\n\r\n").status == 0, target) << c;
  }
}

TEST(HttpHead, TheNumberOfFieldsIsLimited) {
  std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 7; ++i) head += "X: y\r\n";
  EXPECT_EQ(Read(head + "\r\n", 8).status, 0u);
  EXPECT_EQ(Read(head + "X: y\r\n\r\n", 8).status, 431u);
}

TEST(HttpHead, AHeadInPiecesIsFoundAtItsLastByteOnly) {
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  HeadScanner scanner;
  for (std::size_t n = 1; n < head.size(); ++n)
    ASSERT_EQ(scanner.scan(std::string_view(head).substr(0, n)), HeadScanner::State::incomplete) << n;
  EXPECT_EQ(scanner.scan(head + "tail"), HeadScanner::State::complete);
  EXPECT_EQ(scanner.end(), head.size());
  EXPECT_EQ(scanner.lines(), 2u);
}

TEST(HttpHead, ARefusalStillKnowsThePathWhenItCouldBeRead) {
  Read r("GET /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n");
  EXPECT_EQ(r.status, 400u);
  EXPECT_EQ(r.head.view.path, "/v1/messages");
}

}  // namespace
}  // namespace onechat::net
