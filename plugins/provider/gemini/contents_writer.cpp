#include "contents_writer.hpp"

#include <algorithm>
#include <utility>

#include "common/media.hpp"
#include "common/members.hpp"
#include "common/state_token.hpp"
#include "common/tools.hpp"
#include "gemini/names.hpp"
#include "gemini/tool_ids.hpp"

namespace onechat::gemini {
namespace {

constexpr std::string_view kDialect = "gemini";
// What Google documents for histories that another model wrote.
constexpr std::string_view kDummySignature = "skip_thought_signature_validator";

bool is_system(const oc_turn& t) { return t.role == OC_ROLE_SYSTEM || t.role == OC_ROLE_DEVELOPER; }
bool is_media(const oc_part& p) { return p.type == OC_PART_IMAGE || p.type == OC_PART_AUDIO || p.type == OC_PART_FILE; }
// Nothing that could be sent; Google refuses texts of no length.
bool is_silent(const oc_part& p) {
  return p.type == OC_PART_OPAQUE || ((p.type == OC_PART_TEXT || p.type == OC_PART_REFUSAL) && p.text.len == 0);
}
bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

bool google_holds(std::string_view uri) {
  for (const std::string_view place :
       {"gs://", "https://generativelanguage.googleapis.com/", "https://www.youtube.com/", "https://youtu.be/"})
    if (starts(uri, place)) return true;
  return false;
}

struct Ending {
  std::string_view text, media_type;
};
constexpr Ending kEndings[] = {{".png", "image/png"},       {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
                               {".webp", "image/webp"},     {".gif", "image/gif"},  {".heic", "image/heic"},
                               {".pdf", "application/pdf"}, {".mp3", "audio/mpeg"}, {".wav", "audio/wav"},
                               {".mp4", "video/mp4"},       {".txt", "text/plain"}};

std::string_view media_type_of(const oc_part& p) {
  if (p.media_type.len != 0) return oc::view(p.media_type);
  auto path = p.uri.len != 0 ? oc::view(p.uri) : oc::view(p.name);
  path = path.substr(0, path.find_first_of("?#"));
  for (const Ending& e : kEndings)
    if (path.size() > e.text.size() && path.substr(path.size() - e.text.size()) == e.text) return e.media_type;
  if (p.uri.len != 0) return {};
  return p.type == OC_PART_IMAGE ? "image/png" : p.type == OC_PART_AUDIO ? "audio/wav" : "application/pdf";
}

}  // namespace

ContentsWriter::ContentsWriter(const oc::Call& call, const Settings& settings, const oc_request& request,
                               oc::Writer& out)
    : call_(call),
      settings_(settings),
      request_(request),
      out_(out),
      model_(oc::view(request.model)),
      same_dialect_(oc::view(request.dialect) == kDialect),
      third_generation_(is_third_generation(oc::view(request.model))) {}

oc_status ContentsWriter::write() {
  if (const oc_status s = tell_losses(); s < 0) return s;
  const std::uint64_t n = request_.n_turns;
  std::uint64_t at = 0;
  while (at < n && is_system(*request_.turns[at])) ++at;
  if (at == n) at = 0;  // nothing else is said: Google needs contents
  if (at != 0) system(at);
  out_.key("contents").array();
  while (at < n) {
    const bool model = request_.turns[at]->role == OC_ROLE_ASSISTANT;
    std::uint64_t end = at + 1;
    // Of its own dialect every content stays as the client cut it.
    while (!same_dialect_ && end < n && (request_.turns[end]->role == OC_ROLE_ASSISTANT) == model) ++end;
    const oc_status status = same_dialect_ ? as_it_was(*request_.turns[at])
                             : model       ? model_run(at, end)
                                           : user_run(at, end);
    if (status < 0) return status;
    at = end;
  }
  out_.close();
  return OC_OK;
}

void ContentsWriter::system(std::uint64_t turns) {
  out_.key("systemInstruction").object().key("parts").array();
  for (std::uint64_t t = 0; t < turns; ++t) {
    const oc_turn& turn = *request_.turns[t];
    for (std::uint64_t i = 0; i < turn.n_parts; ++i)
      if (turn.parts[i]->text.len != 0) text(*turn.parts[i], {});
  }
  out_.close();
  if (same_dialect_ && turns == 1) dialect::write_members(call_, out_, oc::view(request_.turns[0]->ext_json));
  out_.close();
}

oc_status ContentsWriter::as_it_was(const oc_turn& turn) {
  Items items;
  bool first_call = true;
  for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
    const oc_part& p = *turn.parts[i];
    Item item{&p, own_signature(p)};
    // A signature that another model made cannot go along; where Google asks for one, its dummy does.
    const bool foreign = p.opaque.len != 0 && item.signature.empty();
    if (p.type == OC_PART_TOOL_CALL && first_call) {
      first_call = false;
      if (foreign && third_generation_ && settings_.dummy_signature) item.signature = kDummySignature;
    }
    if (p.type == OC_PART_REASONING && foreign) continue;
    items.push_back(item);
  }
  if (items.empty() && turn.n_parts != 0) return OC_OK;  // nothing of it may be sent
  return content(turn.role == OC_ROLE_ASSISTANT ? "model" : "user", items, oc::view(turn.ext_json));
}

oc_status ContentsWriter::model_run(std::uint64_t from, std::uint64_t to) {
  const Items items = model_items(from, to);
  calls_.clear();
  for (const Item& item : items)
    if (item.part != nullptr && item.part->type == OC_PART_TOOL_CALL) calls_.push_back(item.part);
  return content("model", items);
}

// Reasoning of other dialects is not sent as text. A signature that travelled on it moves on to what it stood before:
// the first tool call, where Google gave it, or the text.
ContentsWriter::Items ContentsWriter::model_items(std::uint64_t from, std::uint64_t to) {
  Items items;
  std::string_view carried;
  bool first_call = true;
  for (std::uint64_t t = from; t < to; ++t) {
    const oc_turn& turn = *request_.turns[t];
    for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
      const oc_part& p = *turn.parts[i];
      auto own = own_signature(p);
      if (p.type == OC_PART_REASONING) {
        if (own.empty()) continue;
        if (!carried.empty()) items.push_back({nullptr, carried});
        carried = own;
        continue;
      }
      if (is_silent(p) && (own.empty() || p.type == OC_PART_OPAQUE)) continue;
      if (own.empty()) own = std::exchange(carried, {});
      if (p.type == OC_PART_TOOL_CALL && std::exchange(first_call, false) && own.empty() && third_generation_ &&
          settings_.dummy_signature)
        own = kDummySignature;
      items.push_back({&p, own});
    }
  }
  if (!carried.empty()) items.push_back({nullptr, carried});
  return items;
}

// Results first, in one content and in the order of their calls; then what the user said.
oc_status ContentsWriter::user_run(std::uint64_t from, std::uint64_t to) {
  Items results, rest;
  for (std::uint64_t t = from; t < to; ++t) {
    const oc_turn& turn = *request_.turns[t];
    for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
      const oc_part& p = *turn.parts[i];
      if (p.type == OC_PART_TOOL_RESULT)
        results.push_back({&p, {}});
      else if (p.type != OC_PART_REASONING && !is_silent(p))
        rest.push_back({&p, {}});
    }
  }
  const auto rank = [&](const Item& item) {
    const auto call = std::find_if(calls_.begin(), calls_.end(), [&](const oc_part* c) {
      return oc::view(c->tool_id) == oc::view(item.part->tool_id);
    });
    return call - calls_.begin();
  };
  std::stable_sort(results.begin(), results.end(), [&](const Item& a, const Item& b) { return rank(a) < rank(b); });
  // Models before the third generation take no media in a result: they follow it.
  Items hoisted;
  for (const Item& r : results)
    for (std::uint64_t i = 0; i < r.part->n_parts && !third_generation_; ++i)
      if (is_media(*r.part->parts[i])) hoisted.push_back({r.part->parts[i], {}});
  rest.insert(rest.begin(), hoisted.begin(), hoisted.end());
  if (const oc_status s = content("user", results); s < 0) return s;
  return content("user", rest);
}

oc_status ContentsWriter::content(std::string_view role, const Items& items, std::string_view ext) {
  if (items.empty() && !same_dialect_) return OC_OK;
  out_.object().key("parts").array();
  for (const Item& item : items)
    if (const oc_status s = part(item); s < 0) return s;
  out_.close().member("role", role);
  dialect::write_members(call_, out_, ext);
  out_.close();
  return OC_OK;
}

oc_status ContentsWriter::part(const Item& item) {
  if (item.part == nullptr) {
    out_.object().member("text", "").member("thoughtSignature", item.signature).close();
    return OC_OK;
  }
  const oc_part& p = *item.part;
  switch (p.type) {
    case OC_PART_TOOL_CALL: tool_call(p, item.signature); return OC_OK;
    case OC_PART_TOOL_RESULT: return tool_result(p);
    case OC_PART_IMAGE:
    case OC_PART_AUDIO:
    case OC_PART_FILE: return media(p, item.signature);
    case OC_PART_OPAQUE: out_.raw(oc::view(p.ext_json)); return OC_OK;
    default: text(p, item.signature); return OC_OK;
  }
}

void ContentsWriter::text(const oc_part& p, std::string_view signature) {
  out_.object().member("text", oc::view(p.text));
  if (p.type == OC_PART_REASONING) out_.key("thought").boolean(true);
  if (!signature.empty()) out_.member("thoughtSignature", signature);
  if (same_dialect_) dialect::write_members(call_, out_, oc::view(p.ext_json));
  out_.close();
}

void ContentsWriter::tool_call(const oc_part& p, std::string_view signature) {
  out_.object().key("functionCall").object();
  if (p.tool_id.len != 0 && !is_made_up(oc::view(p.tool_id))) out_.member("id", oc::view(p.tool_id));
  out_.member("name", oc::view(p.tool_name)).key("args").raw(dialect::arguments_object(call_, p));
  extras(p, "functionCall");
  if (!signature.empty()) out_.member("thoughtSignature", signature);
  out_.close();
}

oc_status ContentsWriter::tool_result(const oc_part& p) {
  auto words = oc::view(p.text);
  for (std::uint64_t i = 0; i < p.n_parts; ++i)
    if (p.parts[i]->type == OC_PART_TEXT)
      words = words.empty() ? oc::view(p.parts[i]->text) : call_.concat({words, "\n", oc::view(p.parts[i]->text)});
  const bool failed = (p.flags & OC_PARTF_ERROR) != 0;
  const oc::Json parsed = words.empty() ? oc::Json() : call_.parse(words);
  const bool whole = parsed.is_object() && (!failed || !parsed["error"].absent_or_null());

  out_.object().key("functionResponse").object();
  if (p.tool_id.len != 0 && !is_made_up(oc::view(p.tool_id))) out_.member("id", oc::view(p.tool_id));
  out_.member("name", name_of(p)).key("response");
  if (whole)
    out_.raw(parsed.raw());
  else
    out_.object().member(failed ? "error" : "result", words).close();
  if (third_generation_ || same_dialect_) {
    bool open = false;
    for (std::uint64_t i = 0; i < p.n_parts; ++i) {
      if (!is_media(*p.parts[i])) continue;
      if (!std::exchange(open, true)) out_.key("parts").array();
      if (const oc_status s = media(*p.parts[i], {}); s < 0) return s;
    }
    if (open) out_.close();
  }
  extras(p, "functionResponse");
  out_.close();
  return OC_OK;
}

// Closes the inner object. What the client had beside the modelled members goes where it was.
void ContentsWriter::extras(const oc_part& p, std::string_view inner) {
  if (!same_dialect_ || p.ext_json.len == 0) {
    out_.close();
    return;
  }
  const oc::Json ext = call_.parse(oc::view(p.ext_json));
  const oc::Json inside = ext[inner];
  if (inside.is_object())
    for (const oc::Json m : inside) out_.key(m.key()).raw(m.raw());
  out_.close();
  for (const oc::Json m : ext)
    if (m.key() != inner) out_.key(m.key()).raw(m.raw());
}

oc_status ContentsWriter::media(const oc_part& p, std::string_view signature) {
  oc_str mime{}, data{};
  oc_part inline_part = p;
  if (p.data_base64.len == 0 && dialect::split_data_url(oc::view(p.uri), mime, data)) {
    inline_part.data_base64 = data;
    inline_part.media_type = mime;
  }
  if (inline_part.data_base64.len == 0 && p.uri.len == 0) {  // a document that is plain text
    if (p.text.len != 0) text(p, signature);
    return OC_OK;
  }
  if (const oc_status s = check_media(inline_part); s < 0) return s;
  const bool by_data = inline_part.data_base64.len != 0;
  const std::string_view inner = by_data ? "inlineData" : "fileData";
  const auto type = media_type_of(inline_part);
  out_.object().key(inner).object();
  if (!type.empty()) out_.member("mimeType", type);
  if (by_data)
    out_.member("data", oc::view(inline_part.data_base64));
  else
    out_.member("fileUri", oc::view(p.uri));
  if (same_dialect_ && p.name.len != 0) out_.member("displayName", oc::view(p.name));
  extras(p, inner);
  if (!signature.empty()) out_.member("thoughtSignature", signature);
  out_.close();
  return OC_OK;
}

// The gateway fetches nothing for anyone, and a file kept by another vendor is out of Google's reach.
oc_status ContentsWriter::check_media(const oc_part& p) {
  if (same_dialect_ || p.data_base64.len != 0 || google_holds(oc::view(p.uri))) return OC_OK;
  if ((p.flags & OC_PARTF_FILE_ID) == 0 && dialect::is_url(oc::view(p.uri)) && settings_.fetches_urls) return OC_OK;
  const std::string_view what = (p.flags & OC_PARTF_FILE_ID) != 0
                                    ? "The model's provider cannot read a file by an id of another provider"
                                    : "The model's provider cannot fetch media by their URL";
  return call_.fail(OC_E_INVALID, call_.concat({what, ": send the content itself, base64-encoded."}),
                    "unsupported_media_url", "messages[].content[]", 400);
}

std::string_view ContentsWriter::own_signature(const oc_part& p) const {
  return p.opaque.len != 0 && dialect::belongs_to(oc::view(p.opaque_origin), kDialect, model_) ? oc::view(p.opaque)
                                                                                               : std::string_view();
}

std::string_view ContentsWriter::name_of(const oc_part& result) const {
  if (same_dialect_) return oc::view(result.tool_name);
  for (const oc_part* c : calls_)
    if (oc::view(c->tool_id) == oc::view(result.tool_id)) return oc::view(c->tool_name);
  if (result.tool_name.len != 0) return oc::view(result.tool_name);
  const auto name = dialect::name_of_call(request_, oc::view(result.tool_id));
  return name.empty() ? std::string_view("function") : name;
}

// What the client's own dialect has and Google's has not.
oc_status ContentsWriter::tell_losses() {
  if (same_dialect_) return OC_OK;
  bool opaque = false, cache = false;
  for (std::uint64_t t = 0; t < request_.n_turns; ++t)
    for (std::uint64_t i = 0; i < request_.turns[t]->n_parts; ++i) {
      const oc_part& p = *request_.turns[t]->parts[i];
      opaque = opaque || p.type == OC_PART_OPAQUE;
      cache = cache || oc::view(p.ext_json).find("\"cache_control\"") != std::string_view::npos;
    }
  if (opaque)
    if (const oc_status s = call_.dropped("messages[] parts of the client's own API"); s < 0) return s;
  return cache ? call_.dropped("messages[].cache_control") : oc_status(OC_OK);
}

}  // namespace onechat::gemini
