#include "router.hpp"

ONECHAT_ROUTER(onechat::direct::Router, "router.direct", "0.9.0", "Targets in the configured order", nullptr, 0)
