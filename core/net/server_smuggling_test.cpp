// Bytes that another hop could read as other requests are refused before any handler runs, and end the connection.
#include "net/server_test_kit.hpp"

namespace onechat::net::testing {
namespace {

struct Attempt {
  const char* name;
  std::string bytes;
  unsigned status = 400;
};

const std::string kPost = "POST / HTTP/1.1\r\nHost: h\r\n";
const std::string kHidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";

std::vector<Attempt> attempts() {
  const std::string nul(1, '\0');
  return {
      {"two different lengths", kPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + kHidden},
      {"two equal lengths", kPost + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + kHidden},
      {"a list of lengths", kPost + "Content-Length: 5, 5\r\n\r\nhello" + kHidden},
      {"a signed length", kPost + "Content-Length: +5\r\n\r\nhello" + kHidden},
      {"a negative length", kPost + "Content-Length: -1\r\n\r\n" + kHidden},
      {"a hexadecimal length", kPost + "Content-Length: 0x5\r\n\r\nhello" + kHidden},
      {"an empty length", kPost + "Content-Length:\r\n\r\n" + kHidden},
      {"a length with a space inside", kPost + "Content-Length: 1 1\r\n\r\n" + kHidden},
      {"a length that overflows", kPost + "Content-Length: 18446744073709551617\r\n\r\n" + kHidden},
      {"length before chunked", kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kHidden},
      {"chunked before length", kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + kHidden},
      {"an unknown coding", kPost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + kHidden},
      {"two codings", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + kHidden},
      {"chunked not last", kPost + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + kHidden},
      {"identity", kPost + "Transfer-Encoding: identity\r\n\r\n" + kHidden},
      {"an empty coding", kPost + "Transfer-Encoding:\r\n\r\n" + kHidden},
      {"chunked twice", kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kHidden},
      {"chunked and a decoy", kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + kHidden},
      {"a coding with a vertical tab", kPost +
                                           "Transfer-Encoding: \x0b"
                                           "chunked\r\n\r\n0\r\n\r\n" +
                                           kHidden},
      {"a quoted coding", kPost + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" + kHidden},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kHidden},
      {"a space before the colon", kPost + "Content-Length : 5\r\n\r\nhello" + kHidden},
      {"a tab before the colon", kPost + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" + kHidden},
      {"a folded field", kPost + "X: a\r\n b\r\n\r\n" + kHidden},
      {"a folded coding", kPost + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + kHidden},
      {"a space before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n" + kHidden},
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n" + kHidden},
      {"bare LF after a field", kPost + "X: y\nContent-Length: 5\r\n\r\nhello"},
      {"bare LF as the blank line", kPost + "X: y\r\n\n" + kHidden},
      {"bare LF in front", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"bare CR in a value", kPost + "X: y\rContent-Length: 5\r\n\r\nhello"},
      {"bare CR in the request line", "GET /\rHTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"CR CR LF", kPost + "X: y\r\r\n\r\n" + kHidden},
      {"NUL in a value", kPost + "X: a" + nul + "b\r\n\r\n"},
      {"NUL in a name", kPost + "X" + nul + "Y: b\r\n\r\n"},
      {"a control character in a value", kPost + "X: a\x01"
                                                 "b\r\n\r\n"},
      {"DEL in a value", kPost + "X: a\x7f"
                                 "b\r\n\r\n"},
      {"a name with a byte above ASCII", kPost + "X\xc3\xa9: b\r\n\r\n"},
      {"an empty name", kPost + ": b\r\n\r\n"},
      {"a field without a colon", kPost + "Nothing\r\n\r\n"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n" + kHidden},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" + kHidden},
      {"a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
      {"a Host that is a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
      {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
      {"an invalid method", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"no method", " / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"no target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"no version", "GET /\r\nHost: h\r\n\r\n"},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a tab between the parts", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a control character in the target", "GET /a\x02 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a byte above ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a fragment in the target", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"another scheme", "GET ftp://h/a HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"an absolute target without a host", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"a lower-case protocol", "GET / http/1.1\r\nHost: h\r\n\r\n"},
      {"a long version", "GET / HTTP/1.10\r\nHost: h\r\n\r\n"},
      {"a short version", "GET / HTTP/1\r\nHost: h\r\n\r\n"},
      {"an unknown minor version", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"the next major version", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"a TLS hello on a plain port", std::string("\x16\x03\x01\x02\x00\x01", 6)},
      {"a flood of blank lines", "\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
  };
}

TEST(Smuggling, NoAttemptReachesTheHandlerAndEachEndsTheConnection) {
  TestServer server(echo);
  for (const Attempt& attempt : attempts()) {
    RawClient client(server.port());
    client.send(attempt.bytes);
    const std::string answer = client.read_to_end();
    EXPECT_EQ(status_of(answer), attempt.status) << attempt.name;
    EXPECT_TRUE(has(answer, "connection: close\r\n")) << attempt.name;
    EXPECT_EQ(answer.find("HTTP/1.1 2"), std::string::npos) << attempt.name << ": a second answer";
    EXPECT_TRUE(client.ended) << attempt.name;
    EXPECT_EQ(server.handled.exchange(0), 0) << attempt.name;
  }
}

TEST(Smuggling, TheSameHoldsBehindAGoodRequestAndByteByByte) {
  TestServer server(echo);
  for (const Attempt& attempt : attempts()) {
    if (attempt.bytes.size() > 200) continue;
    RawClient client(server.port());
    for (const char c : "GET / HTTP/1.1\r\nHost: h\r\n\r\n" + attempt.bytes)
      if (!client.send({&c, 1})) break;
    const std::string good = client.read_answer();
    EXPECT_EQ(status_of(good), 200u) << attempt.name;
    EXPECT_EQ(status_of(client.read_to_end()), attempt.status) << attempt.name;
    EXPECT_EQ(server.handled.exchange(0), 1) << attempt.name;
  }
}

TEST(Smuggling, ABrokenChunkedBodyIsAnErrorForTheHandlerAndNothingFollowsIt) {
  TestServer server(echo);
  const std::string chunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string bodies[] = {
      "zz\r\n",
      "5\nhello\r\n0\r\n\r\n",
      "5\r\nhelloX\r\n0\r\n\r\n",
      "FFFFFFFFFFFFFFFFFF\r\n",
      "8000000000000000\r\n",
      "1;" + std::string(400, 'e') + "\r\na\r\n0\r\n\r\n",
      "0\r\nX: y\n\r\n",
      "-5\r\n",
      "0x5\r\nhello\r\n0\r\n\r\n",
  };
  for (const std::string& body : bodies) {
    RawClient client(server.port());
    client.send(chunked + body + kHidden);
    const std::string answer = client.read_to_end();
    EXPECT_EQ(status_of(answer), 400u) << body.substr(0, 30);
    EXPECT_EQ(answer.find("HTTP/1.1 2"), std::string::npos) << body.substr(0, 30);
    EXPECT_TRUE(has(answer, "connection: close\r\n"));
    EXPECT_TRUE(client.ended);
    EXPECT_EQ(server.handled.exchange(0), 1);
  }
}

}  // namespace
}  // namespace onechat::net::testing
