#include "surface.hpp"

ONECHAT_SURFACE(onechat::openai_chat::Surface, "surface.openai_chat", "0.9.0", "OpenAI Chat Completions", nullptr, 0)
