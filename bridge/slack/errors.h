/* errors: what the answer to a Web API request means; the one place where that is
 * decided. Pure. The classes are web_api.h's. */
#ifndef BRIDGE_SLACK_ERRORS_H
#define BRIDGE_SLACK_ERRORS_H

#include "bridge/slack/methods.h"
#include "lib/err.h"
#include "lib/http_client.h"
#include "lib/json.h"

enum {
	SLACK_DEFAULT_PARK_MS = 30000, /* a 429 that does not say how long */
	SLACK_SHORTEST_PARK_MS = 1000, /* one that says: no time at all */
};

/* reply and transport as http_done_fn got them. On success *out is the answer, an object
 * with ok:true; the caller deletes it. err.name is Slack's word, "ratelimited" for every
 * refusal by rate limit. */
bool slack_classify(const struct slack_method_info *method,
        const struct http_reply *reply, const struct err *transport, cJSON **out,
        struct err *err);

/* Slack said ok, but what was asked for is not in the answer. */
bool slack_unusable(
        const struct slack_method_info *method, const char *what, struct err *err);

/* The token itself is refused, whatever was asked for (Slack protocol reference, 5.1). */
bool slack_is_dead_token(const struct err *err);

bool slack_is_rate_limit(const struct err *err);

#endif
