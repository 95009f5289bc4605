#include "surface.hpp"

ONECHAT_SURFACE(onechat::gemini::Surface, "surface.gemini", "0.9.0", "Google Gemini generateContent", nullptr, 0)
