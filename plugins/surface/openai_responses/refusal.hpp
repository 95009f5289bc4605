// How the parsers of a request say no: the first thing that is wrong, with its place, in OpenAI's words.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "common/field_path.hpp"

namespace onechat::openai_responses {

using dialect::FieldPath;

struct Refusal {
  const oc::Call& call;
  oc_status status = OC_OK;

  // Always false, so that a parser can end with it.
  bool operator()(const FieldPath& at, std::string_view words, std::string_view code = "invalid_value") {
    const auto param = at.text(call);
    const auto message = param.empty() ? words : call.concat({"Invalid '", param, "': ", words});
    status = call.fail(OC_E_INVALID, message, code, param, 400);
    return false;
  }
  bool missing(const FieldPath& at) {
    const auto param = at.text(call);
    status = call.fail(OC_E_INVALID, call.concat({"Missing required parameter: '", param, "'."}),
                       "missing_required_parameter", param, 400);
    return false;
  }
  bool want_string(oc::Json value, const FieldPath& at, oc_str& out) {
    if (value.absent_or_null()) return missing(at);
    if (!value.is_string()) return (*this)(at, "A string is expected.", "invalid_type");
    out = oc::str(value.str());
    return true;
  }
};

}  // namespace onechat::openai_responses
