// The recorded traffic of all four dialects (../shared/corpus or ONECHAT_CORPUS), read by its index.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace onechat::conformance {

struct Recording {
  std::string id;       // file name without its endings
  std::string dialect;  // as plugins name it: "openai_chat", ...
  std::string endpoint, provider, model, framing;
  int status = 0;
  bool streamed = false;
  std::set<std::string> features;  // hints of the index
  std::string request;             // "" when it was not recorded
  std::string body;                // the answer as recorded
  bool first_party = false;        // by the vendor whose dialect it is

  bool generates() const;  // asks for an answer of turns (not a count, an embedding, a list ...)
  // A stream's events with their names; of "payload-lines" the name is the payload's type.
  struct Frame {
    std::string event, data;
  };
  std::vector<Frame> frames() const;
};

// In the order of the index; empty when there is none.
const std::vector<Recording>& corpus();

}  // namespace onechat::conformance
