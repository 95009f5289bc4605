// Parts become content blocks.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "plan.hpp"

namespace onechat::anthropic_messages {

class ContentWriter {
 public:
  // `own`: the request is of this dialect, so its extra members and opaque parts are ours.
  ContentWriter(const oc::Call& call, oc::Writer& out, Drops& drops, bool own)
      : call_(call), out_(out), drops_(drops), own_(own) {}

  // False after call.fail(): the upstream has no way to take this part, and without it the question would be another.
  bool block(const oc_part& part);
  oc_status failed() const { return failed_; }

 private:
  bool text(const oc_part& p);
  bool image(const oc_part& p);
  bool file(const oc_part& p);
  bool document(const oc_part& p, std::string_view media_type);
  void tool_call(const oc_part& p);
  bool tool_result(const oc_part& p);
  void thinking(const oc_part& p);
  void base64_source(std::string_view media_type, oc_str data);
  bool uri_source(const oc_part& p);
  void extras(const oc_part& p);
  bool refuse(std::string_view message);

  const oc::Call& call_;
  oc::Writer& out_;
  Drops& drops_;
  bool own_;
  oc_status failed_ = OC_OK;
};

// Writes the "cache_control" of a part's or tool's ext_json, whatever dialect it came from.
void write_cache_control(const oc::Call& call, oc::Writer& out, std::string_view ext_json);

}  // namespace onechat::anthropic_messages
