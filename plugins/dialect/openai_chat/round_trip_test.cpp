// A recorded request that is written anew for a vendor of its own dialect says what it said. Skipped where the recordings
// are not there.
#include <set>

#include "openai_chat/recordings_test.hpp"

namespace onechat::openai_chat {
namespace {

// Writes a request in one spelling where the API has several for the same: null is absent, a list of one plain text is that
// text, one stop sequence is a list of one, an image may be its address alone, false is the default of `stream`, `strict` and `logprobs`.
class OneSpelling {
 public:
  explicit OneSpelling(const oc_json* root) : w_(&out_) { body(root); }
  const std::string& text() const { return out_; }

 private:
  using Drop = bool (*)(const oc_json*);
  static bool is_null(const oc_json* v) { return v->type == OC_JSON_NULL; }
  static bool is_false(const oc_json* v) { return v->raw == "false"; }

  void body(const oc_json* root) {
    w_.object();
    for (const oc_json* m = root->first; m != nullptr; m = m->next) {
      const auto name = m->key;
      if (is_null(m) || name == "stream_options") continue;
      if ((name == "stream" || name == "logprobs") && is_false(m)) continue;
      if (name == "stop" && m->type == OC_JSON_STRING)
        w_.key(name).array().raw(m->raw).close();
      else if (name == "messages")
        list(name, m, &OneSpelling::message);
      else if (name == "tools")
        list(name, m, &OneSpelling::tool);
      else if (name == "functions")
        list(name, m, &OneSpelling::function);
      else
        w_.key(name).raw(m->raw);
    }
    w_.close();
  }

  void list(std::string_view name, const oc_json* items, void (OneSpelling::*item)(const oc_json*)) {
    if (items->size == 0) return;
    w_.key(name).array();
    for (const oc_json* m = items->first; m != nullptr; m = m->next) (this->*item)(m);
    w_.close();
  }

  void message(const oc_json* m) {
    const bool assistant = json::get(m, "role")->text == "assistant";
    w_.object();
    for (const oc_json* v = m->first; v != nullptr; v = v->next) {
      // Earlier reasoning goes to vendors that are set up for it only.
      if (is_null(v) || (assistant && (v->key == "reasoning_content" || v->key == "reasoning"))) continue;
      if (v->key == "content")
        content(v);
      else if (v->key == "tool_calls")
        list(v->key, v, &OneSpelling::call);
      else if (v->key != "refusal" || !v->text.empty())
        w_.key(v->key).raw(v->raw);
    }
    w_.close();
  }

  // Empty members of calls that some clients copy from chunks.
  void call(const oc_json* c) {
    w_.object();
    for (const oc_json* v = c->first; v != nullptr; v = v->next)
      if (!is_null(v) && v->key != "index") w_.key(v->key).raw(v->raw);
    w_.close();
  }

  void content(const oc_json* v) {
    const bool one = v->type == OC_JSON_ARRAY && v->size == 1 && v->first->size == 2;
    const oc_json* only = one ? json::get(v->first, "text") : nullptr;
    if (v->type == OC_JSON_ARRAY && v->size == 0) return void(w_.key("content").string(""));
    w_.key("content");
    if (only != nullptr || v->type != OC_JSON_ARRAY) return void(w_.raw(only != nullptr ? only->raw : v->raw));
    w_.array();
    for (const oc_json* p = v->first; p != nullptr; p = p->next) {
      const oc_json* url = json::get(p, "image_url");
      if (url != nullptr && url->type == OC_JSON_STRING)
        w_.object().key("type").string("image_url").key("image_url").object().key("url").raw(url->raw).close().close();
      else
        w_.raw(p->raw);
    }
    w_.close();
  }

  void tool(const oc_json* t) {
    const oc_json* inner = json::get(t, "function");
    if (inner == nullptr) return void(w_.raw(t->raw));
    w_.object();
    for (const oc_json* v = t->first; v != nullptr; v = v->next)
      if (v->key == "function") {
        w_.key("function");
        function(v);
      } else {
        w_.key(v->key).raw(v->raw);
      }
    w_.close();
  }

  void function(const oc_json* f) {
    w_.object();
    for (const oc_json* v = f->first; v != nullptr; v = v->next) {
      if (is_null(v) || (v->key == "strict" && is_false(v)) || (v->key == "description" && v->text.empty())) continue;
      w_.key(v->key).raw(v->raw);
    }
    w_.close();
  }

  std::string out_;
  oc_jsonw w_;
};

std::string one_spelling(const std::string& text) {
  Arena arena;
  return OneSpelling(json::parse(arena, text)).text();
}

// Found by looking at what differs: recordings whose clients send what no API promises.
bool is_odd(const Recording& r) {
  Arena arena;
  const oc_json* root = json::parse(arena, r.request);
  for (const oc_json* t = json::get(root, "tools") ? json::get(root, "tools")->first : nullptr; t != nullptr; t = t->next)
    if (json::get(t, "type") == nullptr) return true;  // a function without its envelope gets one
  return false;
}

TEST_F(Corpus, ARequestWrittenAnewForItsOwnDialectLosesNothing) {
  FakeHost host;
  int n = 0, odd = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || op_of(r) == 0) continue;
    const Parsed p(host, r.request, op_of(r));
    ASSERT_EQ(p.status, OC_OK) << r.id;
    Attempt attempt(host);
    const std::string sent = attempt.build(*p.request, false);
    ASSERT_EQ(attempt.built, OC_OK) << r.id;
    ASSERT_EQ(attempt.http.straight, 0u);
    EXPECT_TRUE(attempt.call.dropped.empty()) << r.id << " lost " << attempt.call.dropped.front();
    if (is_odd(r)) {
      ++odd;
      continue;
    }
    EXPECT_TRUE(test::same_json(one_spelling(sent), one_spelling(r.request)))
        << r.id << "\nsent     " << one_spelling(sent) << "\nrecorded " << one_spelling(r.request);
    ++n;
  }
  RecordProperty("requests", n);
  EXPECT_GT(n, 400);
  EXPECT_LT(odd, 20);
}

// The same turns, told by a client of another dialect: still one valid conversation of this one.
TEST_F(Corpus, ARequestOfAnotherDialectObeysTheOrderOfMessages) {
  FakeHost host;
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || op_of(r) != OC_OP_GENERATE) continue;
    const Parsed p(host, r.request, op_of(r));
    oc_request foreign = *p.request;
    foreign.dialect = oc::str("anthropic_messages");
    foreign.n_anchors = 0;
    Attempt attempt(host);
    const std::string sent = attempt.build(foreign, false);
    ASSERT_EQ(attempt.built, OC_OK) << r.id;
    Arena arena;
    const oc_json* root = json::parse(arena, sent);
    ASSERT_NE(root, nullptr) << r.id << sent;
    std::set<std::string> open;
    for (const oc_json* m = json::get(root, "messages")->first; m != nullptr; m = m->next) {
      const std::string role(json::get(m, "role")->text);
      if (role == "tool") {
        const std::string id(json::get(m, "tool_call_id")->text);
        EXPECT_LE(id.size(), 40u) << r.id;
        EXPECT_TRUE(open.erase(id) == 1) << r.id << ": result " << id << " answers no call before it\n" << sent;
        continue;
      }
      if (role != "assistant") continue;
      open.clear();
      const oc_json* calls = json::get(m, "tool_calls");
      for (const oc_json* c = calls != nullptr ? calls->first : nullptr; c != nullptr; c = c->next) {
        EXPECT_FALSE(json::get(c, "id")->text.empty()) << r.id;
        open.emplace(json::get(c, "id")->text);
      }
      EXPECT_TRUE(calls != nullptr || json::get(m, "content")->type != OC_JSON_NULL) << r.id << ": an empty message\n" << sent;
    }
    ++n;
  }
  EXPECT_GT(n, 400);
}

}  // namespace
}  // namespace onechat::openai_chat
