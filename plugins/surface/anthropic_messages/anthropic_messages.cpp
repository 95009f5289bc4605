#include "surface.hpp"

ONECHAT_SURFACE(onechat::anthropic_messages::Surface, "surface.anthropic_messages", "0.9.0", "Anthropic Messages", nullptr, 0)
