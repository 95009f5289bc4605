#include "answer.hpp"

#include <algorithm>

#include "common/ids.hpp"
#include "common/state_token.hpp"
#include "input_list.hpp"
#include "common/members.hpp"
#include "openai_responses/tool_names.hpp"

namespace onechat::openai_responses {
namespace {

constexpr std::size_t kIdRandom = 24, kIdMax = 128;
constexpr std::string_view kNoLogprobs = "[]";

}  // namespace

void Answer::begin(const oc::Call& call, const oc_request& request, const RequestFacts& facts, std::uint64_t serial) {
  arena_ = call.arena;
  facts_ = &facts;
  generates_ = request.op == OC_OP_GENERATE;
  stream_ = (request.flags & OC_REQ_STREAM) != 0;
  model_ = request.model;
  created_s_ = call.host->unix_ms() / 1000;
  if (generates_) id_ = oc::str(dialect::made_id(call, call.concat({"resp_", kMark}), kIdRandom, serial));
}

oc_status Answer::event(const oc::Call& call, const oc_event& e, oc::Out& out) {
  if (e.type == OC_EV_USAGE) {
    if (e.usage == nullptr) return OC_OK;
    std::memcpy(&usage_, e.usage, std::min<std::size_t>(sizeof usage_, e.usage->struct_size));
    has_usage_ = true;
  }
  if (!generates_ || e.choice != 0) return OC_OK;
  if (const auto s = open(call, out); s < 0) return s;
  const oc::Call keep = lasting(call);
  switch (e.type) {
    case OC_EV_TEXT:
    case OC_EV_REFUSAL: say(keep, e, out); break;
    case OC_EV_REASONING: reason(keep, e, out); break;
    case OC_EV_TOOL_BEGIN: begin_tool(keep, e, out); break;
    case OC_EV_TOOL_ARGS: tool_piece(keep, e, out); break;
    case OC_EV_STATE: state(keep, e, out); break;
    case OC_EV_LOGPROBS: logprobs(keep, e); break;
    case OC_EV_CITATION: return citation(call, e, out);
    case OC_EV_MEDIA: return media(call, e, out);
    case OC_EV_OPAQUE: return foreign(call, e, out);
    case OC_EV_PART_END: part_end(keep, e.index, out); break;
    case OC_EV_FINISH:
      if (finish_ == 0) finish_ = e.finish;
      break;
    default: break;
  }
  return OC_OK;
}

void Answer::say(const oc::Call& keep, const oc_event& e, oc::Out& out) {
  if (e.text.len == 0) return;
  Item* item = nullptr;
  ContentPart* part = content_of(e.index, &item);
  if (part == nullptr) {
    part = &add_content(keep, e.index, e.type == OC_EV_REFUSAL, out);
    item = message_;
  }
  if (part->done) return;
  part->text.append(keep, oc::view(e.text));
  if (!stream_) return;
  events_.text(out, part->refusal ? "response.refusal.delta" : "response.output_text.delta",
               place(*item, "content_index", part->index), "delta", oc::view(e.text),
               part->refusal ? std::string_view() : kNoLogprobs);
}

void Answer::reason(const oc::Call& keep, const oc_event& e, oc::Out& out) {
  if (e.text.len == 0) return;
  Item* item = item_of(e.index);
  if (item == nullptr) {
    item = &add_item(keep, ItemKind::reasoning, e.index, "rs_", oc::view(e.id), out);
    item->summary = (e.flags & OC_EVF_SUMMARY) != 0;
    announce(keep, *item, out);
  }
  if (item->kind != ItemKind::reasoning || item->done) return;
  const auto where = place(*item, item->summary ? "summary_index" : "content_index");
  if (!item->begun) {
    item->begun = true;
    if (stream_)
      events_.part(out, item->summary ? "response.reasoning_summary_part.added" : "response.content_part.added", where,
                   item->summary ? R"({"type":"summary_text","text":""})" : R"({"type":"reasoning_text","text":""})");
  }
  item->text.append(keep, oc::view(e.text));
  if (stream_)
    events_.text(out, item->summary ? "response.reasoning_summary_text.delta" : "response.reasoning_text.delta", where,
                 "delta", oc::view(e.text));
}

void Answer::begin_tool(const oc::Call& keep, const oc_event& e, oc::Out& out) {
  const auto called = oc::view(e.tool_name);
  const ToolEntry* entry = facts_->tools.by_flat_name(called);
  const bool free_text = (e.flags & OC_EVF_CUSTOM) != 0;
  const bool custom = free_text || (entry != nullptr && entry->custom);
  Item& item =
      add_item(keep, custom ? ItemKind::custom : ItemKind::function, e.index, custom ? "ctc_" : "fc_", {}, out);
  item.unwraps = custom && !free_text;
  item.call_id = oc::str(keep.copy(oc::view(e.tool_id)));
  item.name = oc::str(keep.copy(entry != nullptr ? oc::view(entry->name) : called));
  if (entry != nullptr) item.space = entry->space;
  if (entry == nullptr && e.ext_json.len != 0)
    item.space = oc::str(keep.copy(keep.parse(oc::view(e.ext_json))["namespace"].str()));
  announce(keep, item, out);
}

void Answer::tool_piece(const oc::Call& keep, const oc_event& e, oc::Out& out) {
  Item* item = item_of(e.index);
  if (item == nullptr || !item->is_tool() || item->done || e.text.len == 0) return;
  item->text.append(keep, oc::view(e.text));
  if (!stream_ || item->unwraps) return;
  events_.text(out,
               item->kind == ItemKind::custom ? "response.custom_tool_call_input.delta"
                                              : "response.function_call_arguments.delta",
               place(*item), "delta", oc::view(e.text));
}

void Answer::state(const oc::Call& keep, const oc_event& e, oc::Out& out) {
  const auto opaque = oc::view(e.opaque), origin = oc::view(e.opaque_origin);
  if (opaque.empty()) return;
  Item* item = item_of(e.index);
  ContentPart* part = item == nullptr ? content_of(e.index, &item) : nullptr;
  if (part != nullptr || (item != nullptr && item->kind != ItemKind::reasoning)) {
    // Calls and texts have no place for it: it will follow in an item of its own.
    const auto slot = dialect::to_slot(keep, kDialect, opaque, keep.concat({"+", origin}));
    (part != nullptr ? part->state : item->state) = oc::str(keep.copy(slot));
    return;
  }
  if (item == nullptr) {
    item = &add_item(keep, ItemKind::reasoning, e.index, "rs_", oc::view(e.id), out);
    announce(keep, *item, out);
  }
  if (!item->done) item->state = oc::str(keep.copy(dialect::to_slot(keep, kDialect, opaque, origin)));
}

void Answer::logprobs(const oc::Call& keep, const oc_event& e) {
  Item* item = nullptr;
  ContentPart* part = content_of(e.index, &item);
  const oc::Json list = keep.parse(oc::view(e.ext_json));
  if (part == nullptr || part->done || !list.is_array() || list.size() == 0) return;
  if (!part->logprobs.empty()) part->logprobs.append(keep, ",");
  const auto line = dialect::one_line(keep, list.raw());
  part->logprobs.append(keep, line.substr(1, line.size() - 2));
}

oc_status Answer::citation(const oc::Call& call, const oc_event& e, oc::Out& out) {
  Item* item = nullptr;
  ContentPart* part = content_of(e.index, &item);
  const oc::Json told = call.parse(oc::view(e.ext_json));
  const oc::Json raw = told["raw"], url = told["url"];
  const auto type = raw["type"].str();
  const bool own = (type == "url_citation" && raw["url"].is_string()) || type == "file_citation" ||
                   type == "container_file_citation" || type == "file_path";
  if (part == nullptr || part->done || part->refusal || (!own && !url.is_string())) return call.dropped("citations");
  const auto annotation = own ? dialect::one_line(call, raw.raw()) : call.json([&](oc::Writer w) {
    w.object().member("type", "url_citation").member("start_index", told["start"].integer(0));
    w.member("end_index", told["end"].integer(0)).member("url", url.str()).member("title", told["title"].str()).close();
  });
  const oc::Call keep = lasting(call);
  if (part->n_annotations != 0) part->annotations.append(keep, ",");
  part->annotations.append(keep, annotation);
  if (stream_)
    events_.at(
        out, "response.output_text.annotation.added", place(*item, "content_index", part->index),
        [&](oc::Writer& w) { w.member("annotation_index", part->n_annotations).key("annotation").raw(annotation); });
  ++part->n_annotations;
  return OC_OK;
}

oc_status Answer::media(const oc::Call& call, const oc_event& e, oc::Out& out) {
  constexpr std::string_view kImage = "image/";
  if (oc::view(e.media_type).substr(0, kImage.size()) != kImage) return call.dropped("output[audio]");
  const oc::Call keep = lasting(call);
  Item& item = add_item(keep, ItemKind::image, e.index, "ig_", {}, out);
  announce(keep, item, out);
  item.media_type = oc::str(keep.copy(oc::view(e.media_type)));
  item.raw = oc::str(keep.copy(oc::view(e.text)));
  end_item(keep, item, out);
  return OC_OK;
}

oc_status Answer::foreign(const oc::Call& call, const oc_event& e, oc::Out& out) {
  const oc::Json told = call.parse(oc::view(e.ext_json));
  const auto type = told["type"].str(), origin = oc::view(e.opaque_origin);
  const bool own = origin.substr(0, origin.find('/')) == kDialect;
  if (!own || type.empty()) return call.dropped(type.empty() ? "output" : call.concat({"output[", type, "]"}));
  const oc::Call keep = lasting(call);
  Item& item = add_item(keep, ItemKind::foreign, e.index, {}, told["id"].str(), out);
  item.raw = oc::str(keep.copy(dialect::one_line(call, told.raw())));
  announce(keep, item, out);
  end_item(keep, item, out);
  return OC_OK;
}

void Answer::part_end(const oc::Call& keep, std::uint32_t part, oc::Out& out) {
  if (Item* item = item_of(part)) {
    const bool was_done = item->done;
    end_item(keep, *item, out);
    if (!was_done && item->is_tool() && item->state.len != 0) add_carrier(keep, item->state, out);
    return;
  }
  Item* item = nullptr;
  if (ContentPart* content = content_of(part, &item); content != nullptr && !content->done) {
    end_content(keep, *item, *content, out);
    if (content->state.len != 0) add_carrier(keep, content->state, out);
  }
}

Item& Answer::add_item(const oc::Call& keep, ItemKind kind, std::uint32_t part, std::string_view id_prefix,
                       std::string_view given_id, oc::Out& out) {
  if (kind != ItemKind::message) end_message(keep, out);
  auto* item = keep.make<Item>();
  item->kind = kind;
  item->part = part;
  item->output_index = n_items_++;
  bool usable = !given_id.empty() && given_id.size() <= kIdMax && given_id.substr(0, id_prefix.size()) == id_prefix;
  for (const Item* i = first_; i != nullptr; i = i->next)
    usable = usable && oc::view(i->id) != given_id;  // some repeat them
  item->id = oc::str(usable ? keep.copy(given_id) : item_id(keep, id_prefix, oc::view(id_), n_made_++));
  (last_ != nullptr ? last_->next : first_) = item;
  last_ = item;
  return *item;
}

void Answer::announce(const oc::Call& keep, Item& item, oc::Out& out) {
  if (stream_)
    events_.item(out, "response.output_item.added", item.output_index,
                 [&](oc::Writer& w) { write_item(keep, w, item, true, false); });
}

ContentPart& Answer::add_content(const oc::Call& keep, std::uint32_t part, bool refusal, oc::Out& out) {
  if (message_ == nullptr) {
    message_ = &add_item(keep, ItemKind::message, part, "msg_", {}, out);
    announce(keep, *message_, out);
  }
  Item& item = *message_;
  auto* content = keep.make<ContentPart>();
  content->part = part;
  content->index = item.n_contents++;
  content->refusal = refusal;
  (item.last != nullptr ? item.last->next : item.first) = content;
  item.last = content;
  if (stream_)
    events_.at(out, "response.content_part.added", place(item, "content_index", content->index), [&](oc::Writer& w) {
      w.key("part");
      write_content(keep, w, *content, true);
    });
  return *content;
}

// Nothing but state, for clients that give it back and for what is kept.
void Answer::add_carrier(const oc::Call& keep, oc_str state, oc::Out& out) {
  Item& item = add_item(keep, ItemKind::reasoning, UINT32_MAX, "rs_", {}, out);
  item.state = state;
  item.hidden = !facts_->shows_state;
  if (item.hidden) {
    --n_items_;
    item.done = true;
    return;
  }
  announce(keep, item, out);
  end_item(keep, item, out);
}

Item* Answer::item_of(std::uint32_t part) const {
  const auto is_it = [&](const Item* i) { return i->part == part && i->kind != ItemKind::message; };
  if (last_ != nullptr && is_it(last_)) return last_;
  for (Item* i = first_; i != nullptr; i = i->next)
    if (is_it(i)) return i;
  return nullptr;
}

ContentPart* Answer::content_of(std::uint32_t part, Item** item) const {
  const auto inside = [&](Item* i) -> ContentPart* {
    if (i == nullptr || i->kind != ItemKind::message) return nullptr;
    *item = i;
    if (i->last != nullptr && i->last->part == part) return i->last;
    for (ContentPart* p = i->first; p != nullptr; p = p->next)
      if (p->part == part) return p;
    return nullptr;
  };
  if (ContentPart* p = inside(message_)) return p;
  for (Item* i = first_; i != nullptr; i = i->next)
    if (ContentPart* p = inside(i)) return p;
  *item = nullptr;
  return nullptr;
}

EventStream::Place Answer::place(const Item& item, std::string_view inner, std::uint32_t index) const {
  return {oc::view(item.id), item.output_index, inner, index};
}

}  // namespace onechat::openai_responses
