#include "routes.hpp"

#include <utility>

namespace onechat::gemini {
namespace {

constexpr std::string_view kStream = ":streamGenerateContent", kBatch = ":batchEmbedContents";

bool ends(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && text.substr(text.size() - with.size()) == with;
}

}  // namespace

Routes::Routes() {
  for (const std::string version : {"/v1beta", "/v1", "/v1alpha"}) add_verbs(version + "/models/{model...}");
  for (const std::string version : {"/v1beta", "/v1"}) {
    add(OC_OP_GENERATE, "POST", version + "/tunedModels/{model...}:generateContent");
    add(OC_OP_GENERATE, "POST", version + "/tunedModels/{model...}" + std::string(kStream));
  }
  // Vertex AI: the same bodies below longer names.
  for (const std::string version : {"/v1beta1", "/v1"}) {
    add_verbs(version + "/projects/{model...}");
    add_verbs(version + "/publishers/{model...}");
  }
  for (const std::string version : {"/v1beta", "/v1alpha"}) {
    add(OC_OP_LIST_MODELS, "GET", version + "/models");
    add(OC_OP_GET_MODEL, "GET", version + "/models/{model...}");
  }
  // /v1/models is everybody's: only callers that show themselves as Google's clients are meant.
  for (const std::string_view claim : {"x-goog-api-key", "x-goog-api-client", "?key"}) {
    add(OC_OP_LIST_MODELS, "GET", "/v1/models", claim);
    add(OC_OP_GET_MODEL, "GET", "/v1/models/{model...}", claim);
  }
}

void Routes::add_verbs(const std::string& collection) {
  add(OC_OP_GENERATE, "POST", collection + ":generateContent");
  add(OC_OP_GENERATE, "POST", collection + std::string(kStream));
  add(OC_OP_COUNT_TOKENS, "POST", collection + ":countTokens");
  add(OC_OP_EMBED, "POST", collection + ":embedContent");
  add(OC_OP_EMBED, "POST", collection + std::string(kBatch));
}

void Routes::add(std::uint32_t op, std::string_view method, std::string path, std::string_view claim) {
  paths_.push_back(std::move(path));
  oc_route r = oc::sized<oc_route>();
  r.op = op;
  r.method = oc::str(method);
  r.path = oc::str(paths_.back());
  r.claim_header = oc::str(claim);
  routes_.push_back(r);
  pointers_.push_back(&routes_.back());
}

bool is_stream(std::string_view path) noexcept { return ends(path, kStream); }
bool is_batch(std::string_view path) noexcept { return ends(path, kBatch); }

}  // namespace onechat::gemini
