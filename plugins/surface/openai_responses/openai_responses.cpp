#include "surface.hpp"

ONECHAT_SURFACE(onechat::openai_responses::Surface, "surface.openai_responses", "0.9.0", "OpenAI Responses", nullptr, 0)
