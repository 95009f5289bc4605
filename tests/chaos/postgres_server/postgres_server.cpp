// Starts a PostgreSQL server of its own, prints its address and obeys words on standard input: "crash", "start". Ends,
// and the server with it, when the input ends.
#include <iostream>
#include <string>

#include "support/postgres.hpp"

int main() {
  if (const auto why = onechat::test::PostgresServer::missing()) {
    std::cout << "missing " << *why << std::endl;
    return 0;
  }
  try {
    onechat::test::PostgresServer server;
    std::cout << "url " << server.tcp_url() << std::endl;
    for (std::string word; std::getline(std::cin, word);) {
      if (word == "crash") server.crash();
      if (word == "start") server.start();
      std::cout << "done " << word << std::endl;
    }
    return 0;
  } catch (const std::exception& e) {
    std::cerr << e.what() << std::endl;
    return 1;
  }
}
