// Bodies of generateContent, countTokens and embedContent become a normalised request.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "common/field_path.hpp"
#include "common/media.hpp"
#include "content_parser.hpp"

namespace onechat::gemini {

class RequestParser {
 public:
  // `out` has dialect, raw and model; the rest is filled here.
  RequestParser(const oc::Call& call, oc_request& out) : call_(call), out_(out), contents_(call, media_) {}

  oc_status generate();
  oc_status count_tokens();
  oc_status embed(bool batch);

 private:
  bool open_body();
  bool generation(oc::Json body);
  bool contents(oc::Json list, oc::Json system);
  bool tools(oc::Json list);
  bool functions(oc::Json list, const dialect::FieldPath& at, const oc_tool** to);
  bool tool_config(oc::Json config);
  bool generation_config(oc::Json config);
  bool limits(oc::Json config, const dialect::FieldPath& at);
  bool scalars(oc::Json config, const dialect::FieldPath& at);
  bool logprobs(oc::Json config);
  bool stop(oc::Json list, const dialect::FieldPath& at);
  bool format(oc::Json config, const dialect::FieldPath& at);
  bool thinking(oc::Json config, const dialect::FieldPath& at);
  void leftovers(oc::Json body);
  bool embed_one(oc::Json request, const dialect::FieldPath& at, bool& only_text);

  void anchor(std::string_view name, oc::Json value);
  bool number(oc::Json value, const dialect::FieldPath& at, double& to, std::uint64_t bit);
  bool integer(oc::Json value, const dialect::FieldPath& at, std::int64_t least, std::int64_t most, std::int64_t& to);
  bool refuse(const dialect::FieldPath& at, std::string_view message);
  oc_status done(bool ok);

  const oc::Call& call_;
  oc_request& out_;
  oc::Json root_;
  dialect::MediaWeight media_;
  ContentParser contents_;
  std::string_view kept_generation_config_, kept_tool_config_, kept_thinking_;  // what of them is not modelled
  std::uint64_t anchors_max_ = 0;
  oc_status failed_ = OC_E_INVALID;
};

}  // namespace onechat::gemini
