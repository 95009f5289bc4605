#include "content_writer.hpp"

#include "common/base64.hpp"
#include "common/media.hpp"
#include "common/members.hpp"
#include "part_name.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::string_view kBetweenTexts = "\n\n";  // of a person; a model's own pieces (around citations, or a stream's
                                                    // chunks sent back one by one) are one text

// audio/mpeg -> mp3; the dialect names formats, not media types.
std::string_view audio_format(std::string_view media_type) {
  const auto slash = media_type.find('/');
  auto format = slash == std::string_view::npos ? media_type : media_type.substr(slash + 1);
  format = format.substr(0, format.find(';'));
  if (format == "mpeg") return "mp3";
  return format == "x-wav" || format == "wave" || format == "vnd.wave" ? std::string_view("wav") : format;
}

}  // namespace

ContentWriter::ContentWriter(const oc::Call& call, const Settings& settings, const oc_request& request, Losses& losses,
                             oc::Writer out)
    : call_(call), settings_(settings), losses_(losses), out_(out), own_(oc::view(request.dialect) == "openai_chat") {}

void ContentWriter::begin(std::uint32_t role, std::uint64_t parts_max) {
  role_ = role;
  pieces_ = call_.array<Piece>(parts_max + 1);
  n_ = 0;
}

void ContentWriter::add(const oc_part& p) {
  switch (p.type) {
    case OC_PART_TOOL_CALL:
    case OC_PART_TOOL_RESULT:
    case OC_PART_REASONING: return;
    case OC_PART_REFUSAL:
      if (role_ == OC_ROLE_ASSISTANT) return;  // a member of its own there
      break;
    default: break;
  }
  if (own_)
    pieces_[n_++] = {&p, oc::view(p.text), {}};
  else
    add_foreign(p);
}

void ContentWriter::add_text(std::string_view text) { pieces_[n_++] = {nullptr, text, {}}; }

void ContentWriter::add_foreign(const oc_part& p) {
  if (p.type == OC_PART_TEXT || p.type == OC_PART_REFUSAL) {
    if (p.text.len != 0) pieces_[n_++] = {nullptr, oc::view(p.text), cache_control(p)};  // empty texts are refused by some
    return;
  }
  if (role_ != OC_ROLE_USER || p.type == OC_PART_OPAQUE || (p.flags & OC_PARTF_FILE_ID) != 0)
    return losses_.note(part_name(call_, p));
  switch (p.type) {
    case OC_PART_IMAGE: break;
    case OC_PART_AUDIO:
      if (p.data_base64.len == 0) return losses_.note(part_name(call_, p));
      break;
    case OC_PART_FILE: return add_file(p);
    default: return losses_.note(part_name(call_, p));
  }
  pieces_[n_++] = {&p, {}, cache_control(p)};
}

// A text in the form of a file is a text: the API takes PDF only.
void ContentWriter::add_file(const oc_part& p) {
  const auto type = oc::view(p.media_type);
  if (p.text.len != 0) {
    pieces_[n_++] = {nullptr, oc::view(p.text), cache_control(p)};
    return;
  }
  if (type.substr(0, 5) == "text/" && p.data_base64.len != 0) {
    if (const auto text = dialect::base64_decode(call_, oc::view(p.data_base64))) {
      pieces_[n_++] = {nullptr, *text, cache_control(p)};
      return;
    }
  }
  if (p.data_base64.len == 0 && !settings_.takes(kTakesFileUrl)) return losses_.note("messages[].content[file].url");
  pieces_[n_++] = {&p, {}, cache_control(p)};
}

std::string_view ContentWriter::cache_control(const oc_part& p) {
  if (p.ext_json.len == 0) return {};
  const oc::Json mark = call_.parse(oc::view(p.ext_json))["cache_control"];
  if (mark.absent_or_null()) return {};
  if (settings_.cache_control) return mark.raw();
  losses_.note("messages[].cache_control");
  return {};
}

bool ContentWriter::one_text() const {
  if (own_) return n_ == 1 && (pieces_[0].part == nullptr || (pieces_[0].part->type == OC_PART_TEXT && pieces_[0].part->ext_json.len == 0));
  for (std::uint64_t i = 0; i < n_; ++i)
    if (pieces_[i].part != nullptr || !pieces_[i].cache_control.empty()) return false;
  return true;
}

std::string_view ContentWriter::joined() const {
  std::string_view all = pieces_[0].text;
  const auto between = role_ == OC_ROLE_ASSISTANT ? std::string_view() : kBetweenTexts;
  for (std::uint64_t i = 1; i < n_; ++i) all = call_.concat({all, between, pieces_[i].text});
  return all;
}

void ContentWriter::write() {
  if (n_ == 0) {
    role_ == OC_ROLE_ASSISTANT ? out_.null() : out_.str("");
    return;
  }
  if (one_text()) {
    out_.str(joined());
    return;
  }
  out_.array();
  for (std::uint64_t i = 0; i < n_; ++i) piece(pieces_[i]);
  out_.close();
}

void ContentWriter::piece(const Piece& piece) {
  const oc_part* p = piece.part;
  if (p != nullptr && p->type == OC_PART_OPAQUE) {
    out_.raw(oc::view(p->ext_json));
    return;
  }
  out_.object();
  if (p == nullptr || p->type == OC_PART_TEXT || p->type == OC_PART_REFUSAL) {
    const std::string_view name = p != nullptr && p->type == OC_PART_REFUSAL ? "refusal" : "text";
    out_.member("type", name).member(name, piece.text);
  } else {
    media(*p);
  }
  if (own_ && p != nullptr) dialect::write_members(call_, out_, oc::view(p->ext_json));
  if (!piece.cache_control.empty()) out_.key("cache_control").raw(piece.cache_control);
  out_.close();
}

void ContentWriter::media(const oc_part& p) {
  const auto where = [&] {
    if (p.data_base64.len == 0) return oc::view(p.uri);
    return p.media_type.len != 0 ? dialect::data_url(call_, p) : oc::view(p.data_base64);
  };
  if (p.type == OC_PART_IMAGE) {
    out_.member("type", "image_url").key("image_url").object().member("url", where());
    if (p.detail.len != 0) out_.member("detail", oc::view(p.detail));
  } else if (p.type == OC_PART_AUDIO) {
    out_.member("type", "input_audio").key("input_audio").object();
    out_.member("data", oc::view(p.data_base64)).member("format", audio_format(oc::view(p.media_type)));
  } else {
    out_.member("type", "file").key("file").object();
    out_.member((p.flags & OC_PARTF_FILE_ID) != 0 ? "file_id" : "file_data", where());
    const bool name_needed = !own_ && p.name.len == 0;
    if (name_needed || p.name.len != 0) out_.member("filename", name_needed ? std::string_view("file.pdf") : oc::view(p.name));
  }
  out_.close();
}

}  // namespace onechat::openai_chat
