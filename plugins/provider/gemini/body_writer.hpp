// A request of any dialect, written anew as a body of generateContent, countTokens or batchEmbedContents.
#pragma once
#include <onechat/onechat.hpp>

#include "settings.hpp"

namespace onechat::gemini {

class BodyWriter {
 public:
  BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer out);

  // < 0: call.fail() or a strict refusal has told why.
  oc_status generate();
  oc_status count_tokens();
  oc_status embed();

 private:
  oc_status body();
  oc_status tools();
  void function(const oc_tool& t);
  void tool_config();
  oc_status leftovers();
  oc_status service_tier();
  void embed_one(oc_str text, oc::Json ext);

  const oc::Call& call_;
  const Settings& settings_;
  const oc_request& request_;
  oc::Writer out_;
  bool same_dialect_;
  oc::Json ext_;
};

}  // namespace onechat::gemini
