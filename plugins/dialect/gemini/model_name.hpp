// Names of models: the resource paths they come in, and what they tell about a model's abilities.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::gemini {

// "models/x", "publishers/google/models/x" and ".../models/x" are x; other collections ("tunedModels/x") stay.
std::string_view bare_model(std::string_view name) noexcept;
// "/models/x:verb", ready for a URL. "" for a name that would leave its place in the path.
std::string_view model_path(const oc::Call& call, std::string_view name, std::string_view verb);

enum class Thinking { none, budget, level };
// How the model is told to think: Gemini 2.5 by a budget of tokens, Gemini 3 and later by a level.
Thinking thinking_of(std::string_view name) noexcept;
// Gemini 3 and later: signed tool calls, media in tool results, tools together with a format of the answer.
bool is_third_generation(std::string_view name) noexcept;

}  // namespace onechat::gemini
