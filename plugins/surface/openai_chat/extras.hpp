// Pieces of a message that need more than a copy: each becomes one JSON value, in the arena of the call.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "choice.hpp"

namespace onechat::openai_chat {

// Entries of "reasoning_details", comma between them: the vendor's own as they came, another dialect's state as a token
// together with the text it belongs to. "" when there is nothing to tell.
std::string_view details_of(const oc::Call& call, Choice& choice, const ReasoningPart& part, const oc_event& state);
// {"google":{"thought_signature":..}}
std::string_view signature_of(const oc::Call& call, std::string_view slot);
// {"type":"url_citation","url_citation":{..}}; "" when the citation has no address.
std::string_view annotation_of(const oc::Call& call, const Choice& choice, const oc_event& citation);
// {"type":"image_url","image_url":{"url":"data:.."}}
std::string_view image_of(const oc::Call& call, const oc_event& media);
// {"id","data","expires_at","transcript"}
std::string_view audio_of(const oc::Call& call, const oc_event& media);
// What our own provider knows of this dialect and nobody models: {"audio":..}, {"annotation":..}; nothing otherwise.
oc::Json own_opaque(const oc::Call& call, const oc_event& opaque);

}  // namespace onechat::openai_chat
