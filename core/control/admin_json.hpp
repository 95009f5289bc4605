// What the admin API says, as JSON: money as exact decimal text, times as UTC text, ids as hex.
#pragma once
#include <onechat/host.h>

#include "control/books.hpp"
#include "control/directory.hpp"
#include "json/json.hpp"

namespace onechat::control {

void write_project(oc_jsonw& w, const admission::ProjectRecord& p);
void write_key(oc_jsonw& w, const admission::KeyRecord& k,
               const std::string& key_text = {});  // text only when just made
void write_balance(oc_jsonw& w, const std::string& project, const Balance& b);
// Project names and key ids are what people know; the ledger has numbers.
void write_statement_line(oc_jsonw& w, const StatementLine& line, const std::string& key_id);
void write_verdict(oc_jsonw& w, const Verdict& v);
void write_trace(oc_jsonw& w, const record::TraceRecord& t, bool with_content);

}  // namespace onechat::control
