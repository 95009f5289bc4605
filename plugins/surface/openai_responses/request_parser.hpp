// A body of POST /v1/responses becomes a request: turns, tools, parameters. What is not modelled is carried verbatim.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "item_parser.hpp"
#include "response_object.hpp"
#include "tool_table.hpp"

namespace onechat::openai_responses {

// What of a request its answer needs again. Plain, in the call state; points into the body or the request's arena.
struct RequestFacts {
  Echo echo;
  ToolTable tools;
  oc_str input;       // the items of the input as a list of JSON values without its brackets
  bool shows_state;   // encrypted reasoning is part of what the client gets
  bool by_reference;  // previous_id was found in an item reference: only what is referred to is taken from there
  bool background, conversation, prompt;  // asked for, but nothing that a translation has
};

class RequestParser {
 public:
  RequestParser(const oc::Call& call, oc_request& out, RequestFacts& facts)
      : call_(call), out_(out), facts_(facts), refuse_{call, OC_OK} {}

  // OC_OP_GENERATE and OC_OP_COUNT_TOKENS by out.op.
  oc_status parse();

 private:
  struct Fields;

  bool sort_members(Fields& f);
  bool model(const Fields& f);
  bool input(const Fields& f);
  bool limits(const Fields& f);
  bool format(const Fields& f);
  bool flags(const Fields& f);
  void options(const Fields& f, bool choice_known);
  void anchors(const Fields& f);
  bool boolean(oc::Json value, const FieldPath& at, bool& out);
  bool number(oc::Json value, const FieldPath& at, double& out, std::uint64_t bit);
  bool count(oc::Json value, const FieldPath& at, std::int64_t least, std::uint64_t& out, std::uint64_t bit);

  const oc::Call& call_;
  oc_request& out_;
  RequestFacts& facts_;
  Refusal refuse_;
  oc::Json root_;
  dialect::MediaWeight media_;
};

}  // namespace onechat::openai_responses
