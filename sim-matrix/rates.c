#include "sim-matrix/rates.h"

#include "lib/mem.h"

#include "sim-matrix/appservice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_limited(const struct call *call)
{
	static const char *const routes[] = {"PUT send", "PUT state", "PUT redact",
	        "POST createRoom", "POST join", "POST invite"};

	if (call->sim->rate_burst == 0 || call->user == NULL ||
	        (call->as != NULL && !call->sim->rate_all &&
	                call->as->reg.rate_limited_set && !call->as->reg.rate_limited)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(routes[i], call->route->name) == 0) {
			return true;
		}
	}
	return false;
}

static void refuse(struct call *call, int64_t wait_ms)
{
	autofree char *seconds = xasprintf("%lld", (long long)((wait_ms + 999) / 1000));
	cJSON *json = json_set_str(json_new(), "errcode", "M_LIMIT_EXCEEDED");

	json_set_str(json, "error", "Too Many Requests");
	json_set_int(json, "retry_after_ms", wait_ms);
	snprintf(call->errcode, sizeof(call->errcode), "M_LIMIT_EXCEEDED");
	call_add_header(call, "Retry-After", seconds);
	call_reply(call, 429, json);
}

/* Time is what fills the bucket: it holds burst * rate_every_ms of it. */
bool rates_allow(struct call *call)
{
	int64_t now = loop_now_ms(call->sim->loop);
	int64_t every = call->sim->rate_every_ms;
	int64_t full = now - every * call->sim->rate_burst;
	struct user *user = call->user;

	if (!is_limited(call)) {
		return true;
	}
	if (user->rate_spent_ms < full) {
		user->rate_spent_ms = full;
	}
	if (user->rate_spent_ms + every > now) {
		refuse(call, user->rate_spent_ms + every - now);
		return false;
	}
	user->rate_spent_ms += every;
	return true;
}
