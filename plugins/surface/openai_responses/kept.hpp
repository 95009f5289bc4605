// Kept answers: {"input":[the conversation's items up to the answer],"response":{the response object as the client got
// it}, "output":[its items with the state that the client was not shown, if there was any]}.
//
// A document holds the whole conversation, so that one of them is enough to go on, whatever became of the ones before.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

#include "event_stream.hpp"
#include "refusal.hpp"

namespace onechat::openai_responses {

// `elements`: see input_list.hpp. `output_json`: "" when the response tells it all.
std::string_view kept_document(const oc::Call& call, std::string_view input_elements, std::string_view response_json,
                               std::string_view output_json);
// A response object without the encrypted reasoning; the very text when there is none.
std::string_view without_state(const oc::Call& call, oc::Json response);
// Everything that was said up to and in the kept answer, as elements.
std::string_view conversation_of(const oc::Call& call, oc::Json document);

// Query of GET /v1/responses/{id}/input_items. Plain.
struct ListQuery {
  std::uint32_t limit;
  bool ascending;
  oc_str after;  // id
};
// False: refused.
bool parse_list_query(const oc::Call& call, Refusal& refuse, std::string_view query, ListQuery& out);
// Items in the form in which the API lists them: messages with parts, everything with an id.
void write_input_list(const oc::Call& call, oc::Writer w, oc::Json document, const ListQuery& query);

// The kept answer as its event sequence; each text comes in one piece.
void replay(const oc::Call& call, oc::Json response, EventStream& events, oc::Out& out);

}  // namespace onechat::openai_responses
