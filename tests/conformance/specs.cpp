#include "specs.hpp"

#include <cstdlib>
#include <filesystem>

#include "files.hpp"

namespace onechat::conformance {
namespace {

// Members beyond OpenAI's own that clients of the dialect know from other vendors; a surface writes them, an upstream
// gets them only where its settings say so.
constexpr std::string_view kChatExtensions[] = {
    "reasoning_content", "reasoning", "reasoning_details", "images", "extra_content",
    "signature",         "format",    "summary",           "data",   "google",
    "thought_signature", "custom"};

// Items that go back lose their ids where nothing is stored: Codex sends them so.
const Leniency kResponsesRequestLenient = {{"detail", "id"}, {"usage", "user", "description"}};
const Leniency kResponsesLenient = {{"cache_write_tokens", "name", "detail"}, {"usage", "user", "description"}};
const Leniency kChatLenient = {{"logprobs"}, {"system_fingerprint", "usage"}};
const Leniency kAnthropicLenient = {{"container", "context_management", "stop_details", "iterations", "server_tool_use",
                                     "speed", "inference_geo", "citations", "skills", "file_id", "web_fetch_requests",
                                     "encrypted_content", "cache_creation", "service_tier", "caller"},
                                    {}};

Problems error_object(View value) {
  Problems out;
  const View error = value["error"];
  if (!error.is(OC_JSON_OBJECT)) return {"$.error: should be an object"};
  if (!error["message"].is(OC_JSON_STRING) || error["message"].str().empty())
    out.push_back("$.error.message: is missing");
  if (!error["type"].is(OC_JSON_STRING) || error["type"].str().empty()) out.push_back("$.error.type: is missing");
  for (const auto name : {"param", "code"})
    if (error[name].node == nullptr) out.push_back(std::string("$.error.") + name + ": is missing");
  return out;
}

Problems gemini_error(View value) {
  Problems out;
  const View error = value["error"];
  if (error["code"].integer(0) < 400) out.push_back("$.error.code: should be an HTTP status");
  if (error["message"].str().empty()) out.push_back("$.error.message: is missing");
  static const std::set<std::string_view> kWords = {
      "INVALID_ARGUMENT",   "FAILED_PRECONDITION", "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND",
      "RESOURCE_EXHAUSTED", "CANCELLED",           "INTERNAL",        "UNAVAILABLE",       "DEADLINE_EXCEEDED",
      "UNIMPLEMENTED",      "ALREADY_EXISTS",      "ABORTED",         "UNKNOWN",           "OUT_OF_RANGE",
      "DATA_LOSS"};
  if (!kWords.contains(error["status"].str()))
    out.push_back("$.error.status: no word of Google's: " + std::string(error["status"].raw()));
  return out;
}

}  // namespace

const Specs* Specs::get() {
  static const std::unique_ptr<Specs> loaded = [] {
    const char* set = std::getenv("ONECHAT_SPECS");
    const std::string folder = set != nullptr ? set : "../shared/specs";
    return std::filesystem::is_directory(folder) ? std::unique_ptr<Specs>(new Specs(folder)) : nullptr;
  }();
  return loaded.get();
}

Specs::Specs(const std::string& folder) {
  inventory_ = std::make_unique<Document>(read_file(folder + "/sdk-type-inventory.2026-11.json"));
  const View types = inventory_->root;
  Inventory chat(types, {"openai_chat", "openai_shared", "openai_completions_usage", "openai_embeddings"});
  for (const auto name : kChatExtensions) chat.add_member(name);
  chat.add_word("type", "custom");  // streamed calls of custom tools
  const std::string openai = read_file(folder + "/openai-openapi.json");
  chat_ = std::make_unique<JsonSchema>(openai, std::move(chat), kChatLenient);
  const Inventory responses(types, {"openai_responses", "openai_shared", "openai_conversation_items"});
  responses_ = std::make_unique<JsonSchema>(openai, responses, kResponsesLenient);
  responses_request_ = std::make_unique<JsonSchema>(openai, responses, kResponsesRequestLenient);
  anthropic_ = std::make_unique<JsonSchema>(
      read_file(folder + "/anthropic-openapi.yaml"),
      Inventory(types, {"anthropic_messages", "anthropic_shared", "anthropic_models"}), kAnthropicLenient);
  gemini_ = std::make_unique<ProtoSchema>(read_file(folder + "/gemini-generativelanguage.protos.json"), "v1beta",
                                          Inventory(types, {"gemini"}));
}

Problems Specs::check(std::string_view dialect, Shape shape, View value, Author author) const {
  if (dialect == "anthropic_messages") return anthropic(shape, value, author);
  if (dialect == "gemini") return gemini(shape, value, author);
  return openai(dialect, shape, value, author);
}

Problems Specs::openai(std::string_view dialect, Shape shape, View value, Author author) const {
  const bool chat = dialect == "openai_chat";
  std::string_view schema;
  switch (shape) {
    case Shape::kRequest: schema = chat ? "CreateChatCompletionRequest" : "CreateResponse"; break;
    case Shape::kAnswer: schema = chat ? "CreateChatCompletionResponse" : "Response"; break;
    case Shape::kEvent: schema = chat ? "CreateChatCompletionStreamResponse" : "ResponseStreamEvent"; break;
    case Shape::kError: return error_object(value);
    case Shape::kCountRequest: schema = "TokenCountsBody"; break;
    case Shape::kCountAnswer: schema = "TokenCountsResource"; break;
    case Shape::kEmbedRequest: schema = "CreateEmbeddingRequest"; break;
    case Shape::kEmbedAnswer: schema = "CreateEmbeddingResponse"; break;
    case Shape::kModels: schema = "ListModelsResponse"; break;
  }
  const JsonSchema& specification = chat ? *chat_ : shape == Shape::kRequest ? *responses_request_ : *responses_;
  return specification.check(schema, value, author == Author::kOurs ? Unknown::kRefused : Unknown::kAllowed);
}

Problems Specs::anthropic(Shape shape, View value, Author author) const {
  std::string schema;
  switch (shape) {
    case Shape::kRequest: schema = "CreateMessageParams"; break;
    case Shape::kAnswer: schema = "Message"; break;
    case Shape::kEvent: schema = value["type"].str() == "error" ? "ErrorResponse" : "MessageStreamEvent"; break;
    case Shape::kError: schema = "ErrorResponse"; break;
    case Shape::kCountRequest: schema = "CountMessageTokensParams"; break;
    case Shape::kCountAnswer: schema = "CountMessageTokensResponse"; break;
    case Shape::kModels: schema = "ListResponse_ModelInfo_"; break;
    default: return {"the dialect has no such thing"};
  }
  const Unknown unknown = author == Author::kOurs ? Unknown::kRefused : Unknown::kAllowed;
  Problems out = anthropic_->check(schema, value, unknown);
  if (out.empty() || author == Author::kOurs || !anthropic_->has("Beta" + schema)) return out;
  return anthropic_->check("Beta" + schema, value, unknown);
}

Problems Specs::gemini(Shape shape, View value, Author author) const {
  const bool ours = author == Author::kOurs;
  switch (shape) {
    case Shape::kRequest: return gemini_->check("GenerateContentRequest", value, ours);
    case Shape::kAnswer:
    case Shape::kEvent: return gemini_->check("GenerateContentResponse", value, ours);
    case Shape::kError: return gemini_error(value);
    case Shape::kCountRequest: return gemini_->check("CountTokensRequest", value, ours);
    case Shape::kCountAnswer: return gemini_->check("CountTokensResponse", value, ours);
    case Shape::kEmbedRequest:
      return gemini_->check(value["requests"].node != nullptr ? "BatchEmbedContentsRequest" : "EmbedContentRequest",
                            value, ours);
    case Shape::kEmbedAnswer:
      return gemini_->check(value["embeddings"].node != nullptr ? "BatchEmbedContentsResponse" : "EmbedContentResponse",
                            value,
                            false);  // newer models tell usage there too
    case Shape::kModels: return gemini_->check("ListModelsResponse", value, ours);
  }
  return {};
}

}  // namespace onechat::conformance
