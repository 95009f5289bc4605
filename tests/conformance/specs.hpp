// The stored specifications of the four dialects, as one question: has this value the right shape?
#pragma once
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "json_schema.hpp"
#include "proto_schema.hpp"
#include "view.hpp"

namespace onechat::conformance {

enum class Shape {
  kRequest,
  kAnswer,
  kEvent,
  kError,
  kCountRequest,
  kCountAnswer,
  kEmbedRequest,
  kEmbedAnswer,
  kModels
};
// kRecorded: as somebody else wrote it: what no schema names is let through, beta features count. kOurs: as the gateway
// writes it: nothing may be there that the dialect does not know.
enum class Author { kRecorded, kOurs };

class Specs {
 public:
  // Once per process; nullptr where the specifications are not there (../shared/specs or ONECHAT_SPECS).
  static const Specs* get();

  Problems check(std::string_view dialect, Shape shape, View value, Author author) const;

 private:
  explicit Specs(const std::string& folder);
  Problems openai(std::string_view dialect, Shape shape, View value, Author author) const;
  Problems anthropic(Shape shape, View value, Author author) const;
  Problems gemini(Shape shape, View value, Author author) const;

  std::unique_ptr<Document> inventory_;
  std::unique_ptr<JsonSchema> chat_, responses_, responses_request_, anthropic_;
  std::unique_ptr<ProtoSchema> gemini_;
};

}  // namespace onechat::conformance
