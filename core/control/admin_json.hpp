// What the admin API says, as JSON: money as exact decimal text, times as UTC text, ids as hex.
#pragma once
#include <onechat/host.h>

#include "control/directory.hpp"
#include "json/json.hpp"

namespace onechat::control {

void write_project(oc_jsonw& w, const admission::ProjectRecord& p);
void write_org(oc_jsonw& w, const admission::OrgRecord& o);
void write_key(oc_jsonw& w, const admission::KeyRecord& k,
               const std::string& key_text = {});  // text only when just made
void write_trace(oc_jsonw& w, const record::TraceRecord& t, bool with_content);

}  // namespace onechat::control
