#include "answer_reader.hpp"

#include <algorithm>

#include "common/headers.hpp"
#include "common/ids.hpp"
#include "common/members.hpp"
#include "common/state_token.hpp"
#include "gemini/error_shape.hpp"
#include "gemini/finish_reason.hpp"
#include "gemini/model_name.hpp"
#include "gemini/names.hpp"
#include "gemini/tool_ids.hpp"
#include "gemini/usage.hpp"

namespace onechat::gemini {
namespace {

constexpr std::string_view kDialect = "gemini";
constexpr std::int64_t kCandidatesMax = 64;
constexpr std::uint32_t kToolsMax = 1024;
constexpr std::size_t kCitationsMax = 512;

// Parts that say something beside text: code that Google ran, its own tools, and what else there will be.
bool is_more_than_text(oc::Json part) {
  for (const oc::Json m : part) {
    const auto key = m.key();
    if (m.is_object() && !spells(key, "partMetadata") && !spells(key, "videoMetadata") &&
        !spells(key, "mediaResolution"))
      return true;
  }
  return false;
}

}  // namespace

void AnswerReader::begin(std::string_view model, bool serial, bool keep) {
  model_ = model;
  serial_ = serial;
  keep_ = keep;
}

void AnswerReader::read_body(const oc::Call& call, oc::Json root) {
  read(call, root, true);
  if (!keep_ || failed_) return;
  oc_event e = oc::Call::event(OC_EV_ANSWER);
  e.ext_json = oc::str(root.raw());
  call.emit(e);
}

void AnswerReader::read_chunk(const oc::Call& call, oc::Json root) { read(call, root, false); }

void AnswerReader::read(const oc::Call& call, oc::Json root, bool whole) {
  if (!start(call, root)) return;
  const oc::Json list = root["candidates"], feedback = member(root, "promptFeedback");
  std::uint64_t position = 0;
  if (list.is_array())
    for (const oc::Json wire : list)
      if (Candidate* c = candidate(wire, position++)) read_candidate(call, *c, wire);
  if (position == 0 && !is_no_reason(member(feedback, "blockReason").str())) blocked(call, feedback);
  if (whole)
    for (Candidate& c : candidates_) finish(call, c, {}, {});
  usage(call, root, whole || finished());
}

void AnswerReader::read_embeddings(const oc::Call& call, oc::Json root) {
  if (!start(call, root)) return;
  const oc::Json list = root["embeddings"];
  std::uint32_t i = 0;
  const auto one = [&](oc::Json embedding) {
    oc_event e = oc::Call::event(OC_EV_EMBEDDING, 0, i++);
    e.ext_json = oc::str(embedding["values"].raw());
    call.emit(e);
  };
  if (list.is_array()) {
    for (const oc::Json embedding : list) one(embedding);
  } else if (root["embedding"].is_object()) {
    one(root["embedding"]);
  }
  usage(call, root, true);
  call.finish(OC_FIN_STOP);
  complete_ = i != 0;
}

void AnswerReader::read_count(const oc::Call& call, oc::Json root) {
  if (!start(call, root)) return;
  const oc::Json total = member(root, "totalTokens");
  const std::int64_t n = total.integer(0), cached = member(root, "cachedContentTokenCount").integer(0);
  oc_usage used = oc::sized<oc_usage>();
  used.flags = OC_USAGE_FINAL | OC_USAGE_CUMULATIVE;
  used.cache_read = static_cast<std::uint64_t>(std::clamp<std::int64_t>(cached, 0, std::max<std::int64_t>(n, 0)));
  used.input = static_cast<std::uint64_t>(std::max<std::int64_t>(n, 0)) - used.cache_read;
  usage_seen_ = complete_ = total.is_number() || root.size() == 0;  // a count of zero is left out of Google's JSON
  call.usage(used);
  call.finish(OC_FIN_STOP);
}

bool AnswerReader::finished() const {
  if (blocked_ || complete_) return true;
  return !candidates_.empty() &&
         std::all_of(candidates_.begin(), candidates_.end(), [](const Candidate& c) { return c.finished; });
}

bool AnswerReader::start(const oc::Call& call, oc::Json root) {
  if (failed_) return false;
  if (!root.is_object() || !root["error"].absent_or_null()) {
    error(call, root);
    return false;
  }
  if (started_) return true;
  started_ = true;
  const auto id = member(root, "responseId").str();
  id_ = id.empty() ? dialect::made_id(call, "", 16, 0) : id;
  call.start(id, member(root, "modelVersion").str());
  return true;
}

void AnswerReader::error(const oc::Call& call, oc::Json root) {
  const GoogleError said = read_error(root);
  oc_event e = oc::Call::event(OC_EV_ERROR);
  e.status = said.found ? status_of(said, 0) : OC_E_UPSTREAM;
  e.text = oc::str(said.message.empty() ? std::string_view("The provider broke off its answer.") : said.message);
  e.code = oc::str(code_of(said));
  e.param = oc::str(said.param);
  e.retry_after_ms = said.retry_after_ms;
  e.ext_json = oc::str(said.found ? dialect::one_line(call, root.raw()) : std::string_view());
  failed_ = true;
  call.emit(e);
}

// A prompt that is not answered at all: there is no candidate.
void AnswerReader::blocked(const oc::Call& call, oc::Json feedback) {
  if (blocked_ || !candidates_.empty()) return;
  blocked_ = true;
  oc_event e = oc::Call::event(OC_EV_FINISH);
  e.finish = OC_FIN_FILTER;
  e.ext_json = oc::str(dialect::object_of(call, "promptFeedback", dialect::one_line(call, feedback.raw())));
  call.emit(e);
}

void AnswerReader::usage(const oc::Call& call, oc::Json root, bool last_word) {
  oc_usage used;
  if (!read_usage(member(root, "usageMetadata"), used)) return;
  if (last_word) used.flags |= OC_USAGE_FINAL;
  // Up to Gemini 2.5 a grounded answer is charged once, later every search is.
  for (const Candidate& c : candidates_)
    used.searches += is_third_generation(model_) ? c.queries : std::min<std::size_t>(c.queries, 1);
  usage_seen_ = true;
  call.usage(used);
}

AnswerReader::Candidate* AnswerReader::candidate(oc::Json wire, std::uint64_t position) {
  const std::int64_t index = wire["index"].integer(static_cast<std::int64_t>(position));
  if (index < 0 || index >= kCandidatesMax) return nullptr;
  for (Candidate& c : candidates_)
    if (c.index == static_cast<std::uint32_t>(index)) return &c;
  candidates_.emplace_back();
  candidates_.back().index = static_cast<std::uint32_t>(index);
  return &candidates_.back();
}

void AnswerReader::read_candidate(const oc::Call& call, Candidate& c, oc::Json wire) {
  if (c.finished) return;
  if (const oc::Json parts = wire["content"]["parts"]; parts.is_array())
    for (const oc::Json p : parts) part(call, c, p);
  grounding(call, c, member(wire, "groundingMetadata"));
  citations(call, c, member(wire, "citationMetadata"));
  logprobs(call, c, member(wire, "logprobsResult"));
  if (const auto word = member(wire, "finishReason").str(); !is_no_reason(word))
    finish(call, c, word, member(wire, "finishMessage"));
}

void AnswerReader::part(const oc::Call& call, Candidate& c, oc::Json p) {
  const auto signed_by = member(p, "thoughtSignature").str();
  const bool thought = p["thought"].boolean();
  if (const oc::Json f = member(p, "functionCall"); f.is_object()) return function_call(call, c, f, signed_by);
  if (c.call_open) end_call(call, c);
  if (const oc::Json blob = member(p, "inlineData"); blob.is_object()) {
    if (!thought) return media(call, c, blob, signed_by);  // a draft that a thought is about is not the answer's
  } else if (is_more_than_text(p)) {
    return opaque(call, c, p);
  }
  text(call, c, thought ? OC_EV_REASONING : OC_EV_TEXT, p["text"].str());
  if (!signed_by.empty()) signature(call, c, signed_by);
}

void AnswerReader::text(const oc::Call& call, Candidate& c, std::uint32_t type, std::string_view text) {
  if (text.empty()) return;
  if (c.open_type != type || c.open_signed) {
    close_text(call, c);
    c.open_type = type;
    c.open_part = c.parts++;
    if (type == OC_EV_TEXT) c.text_part = c.open_part;
  }
  oc_event e = oc::Call::event(type, c.index, c.open_part);
  e.text = oc::str(text);
  call.emit(e);
}

// What a signature signs ends with it. One that stands alone is told as reasoning without words: every dialect has a
// place for that, and none for an empty text.
void AnswerReader::signature(const oc::Call& call, Candidate& c, std::string_view signature) {
  if (c.open_signed) close_text(call, c);
  if (c.open_type == 0) {
    c.open_type = OC_EV_REASONING;
    c.open_part = c.parts++;
    call.reasoning({}, c.open_part, c.index);
  }
  state(call, c, c.open_part, signature);
  c.open_signed = true;
}

void AnswerReader::state(const oc::Call& call, const Candidate& c, std::uint32_t part, std::string_view signature) {
  call.state(signature, dialect::origin_of(call, kDialect, model_), part, c.index);
}

void AnswerReader::close_text(const oc::Call& call, Candidate& c) {
  if (c.open_type == 0) return;
  c.open_type = 0;
  c.open_signed = false;
  call.part_end(c.open_part, c.index);
}

// Calls come whole, or begun by a name with willContinue, continued by partialArgs and ended by a piece without it.
void AnswerReader::function_call(const oc::Call& call, Candidate& c, oc::Json f, std::string_view signed_by) {
  close_text(call, c);
  const bool named = !f["name"].str().empty(), more = member(f, "willContinue").boolean();
  if (named || !c.call_open) {
    if (c.call_open) end_call(call, c);
    if (!named) return;
    begin_call(call, c, f, signed_by);
  }
  const oc::Json pieces = member(f, "partialArgs");
  if (named && !more && !pieces) {
    if (!c.call_hidden)
      call.tool_args(f["args"].is_object() ? f["args"].raw() : std::string_view("{}"), c.call_part, c.index);
    c.call_open = false;
    if (!c.call_hidden) call.part_end(c.call_part, c.index);
    return;
  }
  c.args.add_object(f["args"]);
  if (pieces.is_array())
    for (const oc::Json piece : pieces) c.args.add(piece);
  if (!more) end_call(call, c);
}

void AnswerReader::begin_call(const oc::Call& call, Candidate& c, oc::Json f, std::string_view signed_by) {
  c.call_open = true;
  c.args.clear();
  c.call_hidden = c.tools >= kToolsMax || (serial_ && c.tools > 0);
  if (c.call_hidden) return;
  c.call_part = c.parts++;
  const std::uint64_t ordinal = c.tools++;
  const auto id = f["id"].str();
  call.tool_begin(id.empty() ? id_in_answer(call, id_, c.index, ordinal) : id, f["name"].str(), c.call_part, c.index);
  if (!signed_by.empty()) state(call, c, c.call_part, signed_by);
}

void AnswerReader::end_call(const oc::Call& call, Candidate& c) {
  c.call_open = false;
  if (c.call_hidden) return;
  call.tool_args(call.json([&](oc::Writer& w) { c.args.write(w); }), c.call_part, c.index);
  call.part_end(c.call_part, c.index);
}

void AnswerReader::media(const oc::Call& call, Candidate& c, oc::Json blob, std::string_view signed_by) {
  close_text(call, c);
  oc_event e = oc::Call::event(OC_EV_MEDIA, c.index, c.parts++);
  e.media_type = oc::str(member(blob, "mimeType").str());
  e.text = oc::str(blob["data"].str());
  call.emit(e);
  if (!signed_by.empty()) state(call, c, e.index, signed_by);
  call.part_end(e.index, c.index);
}

void AnswerReader::opaque(const oc::Call& call, Candidate& c, oc::Json part) {
  close_text(call, c);
  oc_event e = oc::Call::event(OC_EV_OPAQUE, c.index, c.parts++);
  e.ext_json = oc::str(dialect::one_line(call, part.raw()));
  call.emit(e);
  call.part_end(e.index, c.index);
}

void AnswerReader::grounding(const oc::Call& call, Candidate& c, oc::Json metadata) {
  if (!metadata.is_object()) return;
  c.queries = std::max<std::size_t>(c.queries, member(metadata, "webSearchQueries").size());
  const oc::Json chunks = member(metadata, "groundingChunks"), supports = member(metadata, "groundingSupports");
  if (!chunks.is_array()) return;
  std::vector<oc::Json> sources;
  for (const oc::Json chunk : chunks) {
    const oc::Json web = chunk["web"];
    sources.push_back(web.is_object() ? web : member(chunk, "retrievedContext"));
  }
  std::size_t n = 0;  // later chunks of a stream repeat what the earlier ones said
  const auto once = [&](oc::Json source, std::string_view quote, oc::Json raw) {
    if (++n > c.cited && n <= kCitationsMax) cite(call, c, source, quote, raw);
  };
  if (supports.is_array() && supports.size() != 0) {
    for (const oc::Json support : supports)
      for (const oc::Json index : member(support, "groundingChunkIndices")) {
        const std::int64_t at = index.integer(-1);
        if (at >= 0 && static_cast<std::size_t>(at) < sources.size())
          once(sources[static_cast<std::size_t>(at)], member(support, "segment")["text"].str(), support);
      }
  } else {
    for (const oc::Json source : sources) once(source, {}, {});
  }
  c.cited = std::max(c.cited, n);
}

void AnswerReader::citations(const oc::Call& call, Candidate& c, oc::Json metadata) {
  const oc::Json sources = member(metadata, "citationSources"),
                 list = sources.is_array() ? sources : metadata["citations"];
  if (!list.is_array()) return;
  for (const oc::Json source : list)
    if (c.cited++ < kCitationsMax) cite(call, c, source, {}, source);
}

void AnswerReader::cite(const oc::Call& call, const Candidate& c, oc::Json source, std::string_view quote,
                        oc::Json raw) {
  const auto url = source["uri"].str(), title = source["title"].str();
  oc_event e = oc::Call::event(OC_EV_CITATION, c.index, c.text_part);
  e.ext_json = oc::str(call.json([&](oc::Writer& w) {
    w.object();
    if (!url.empty()) w.member("url", url);
    if (!title.empty()) w.member("title", title);
    if (!quote.empty()) w.member("text", quote);
    if (raw) w.key("raw").raw(raw.raw());
    w.close();
  }));
  call.emit(e);
}

void AnswerReader::logprobs(const oc::Call& call, Candidate& c, oc::Json result) {
  const oc::Json chosen = member(result, "chosenCandidates");
  if (!chosen.is_array()) return;
  const auto facts = [](oc::Writer& w, oc::Json t) {
    w.member("token", t["token"].str()).key("logprob").number(member(t, "logProbability").number());
    w.key("bytes").array();
    for (const char byte : t["token"].str()) w.integer(static_cast<unsigned char>(byte));
    w.close();
  };
  oc::Json top = member(result, "topCandidates").first();
  oc_event e = oc::Call::event(OC_EV_LOGPROBS, c.index, c.text_part);
  e.ext_json = oc::str(call.json([&](oc::Writer& w) {
    w.array();
    for (const oc::Json token : chosen) {
      w.object();
      facts(w, token);
      w.key("top_logprobs").array();
      for (const oc::Json other : top["candidates"]) {
        w.object();
        facts(w, other);
        w.close();
      }
      top = top.next();
      w.close().close();
    }
    w.close();
  }));
  call.emit(e);
}

void AnswerReader::finish(const oc::Call& call, Candidate& c, std::string_view word, oc::Json message) {
  if (c.finished) return;
  c.finished = true;
  if (c.call_open) end_call(call, c);
  close_text(call, c);
  oc_event e = oc::Call::event(OC_EV_FINISH, c.index);
  e.finish = finish_from_wire(word);
  const bool plain = finish_to_wire(e.finish) == word && !message.is_string();
  if (e.finish == OC_FIN_STOP && c.tools != 0) e.finish = OC_FIN_TOOL;
  if (!plain && !word.empty())
    e.ext_json = oc::str(call.json([&](oc::Writer& w) {
      w.object().member("finishReason", word);
      if (message.is_string()) w.member("finishMessage", message.str());
      w.close();
    }));
  call.emit(e);
}

}  // namespace onechat::gemini
