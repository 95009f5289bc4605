// A request of any dialect, written anew as a Chat Completions or embeddings body.
//
// One of this dialect loses nothing: typed values are written, and what clients spell in several ways (request.anchors)
// as this client spelled it.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "losses.hpp"
#include "settings.hpp"

namespace onechat::openai_chat {

class BodyWriter {
 public:
  BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer out);

  // OC_OK, or the refusal of a strict request for what had to be left out.
  oc_status write_chat();
  oc_status write_embeddings();

 private:
  void stream();
  void limits();
  void sampling();
  void stop();
  void options();
  void reasoning();
  void tools();
  bool tool(const oc_tool& t, bool open);
  void function(const oc_tool& t);
  void tool_choice();
  void choice_of_names();
  void named(std::string_view name);
  void response_format();
  void unmodelled();

  bool is_set(std::uint64_t bit) const { return (request_.set_mask & bit) != 0; }
  // May the member be written? If not, it is noted as lost.
  bool may(Takes what, std::string_view name);
  const oc_anchor* anchor(std::string_view name) const;
  // As the client wrote it; false when it did not.
  bool verbatim(std::string_view name);
  bool is_chosen(const oc_tool& t) const;
  bool only_chosen() const;

  const oc::Call& call_;
  const Settings& settings_;
  const oc_request& request_;
  oc::Writer out_;
  Losses losses_;
  const bool own_;
};

}  // namespace onechat::openai_chat
