#include "bridge/flow/refusal.h"

#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

const struct refusal refusals[] = {
        {"M_LIMIT_EXCEEDED", FAILURE_WAITS, ""},
        {"M_UNKNOWN_TOKEN", FAILURE_WAITS, ""},
        {"M_MISSING_TOKEN", FAILURE_WAITS, ""},
        {"M_DUPLICATE_ANNOTATION", FAILURE_FINE, ""},
        {"M_FORBIDDEN", FAILURE_ASKS,
                "the homeserver does not let the bridge's users do this here; give them the power to, or invite the bridge bot again"},
        {"M_NOT_FOUND", FAILURE_ASKS,
                "the homeserver does not know the room, or what it is about, any more"},
        {"M_EXCLUSIVE", FAILURE_ASKS,
                "the homeserver does not take the user for the bridge's: the registration must be renewed"},
        {"M_USER_DEACTIVATED", FAILURE_ASKS,
                "the user of its author was deactivated on the homeserver"},
        {"M_USER_SUSPENDED", FAILURE_ASKS,
                "the user of its author was suspended on the homeserver"},
        {"M_GUEST_ACCESS_FORBIDDEN", FAILURE_ASKS, "the room does not let guests in"},
        {"M_RESOURCE_LIMIT_EXCEEDED", FAILURE_ASKS,
                "the homeserver has reached a limit of its own; its administrators can change that"},
        {"M_CANNOT_LEAVE_SERVER_NOTICE_ROOM", FAILURE_ASKS,
                "the homeserver allows nobody to leave that room"},
        {"M_TOO_LARGE", FAILURE_ENDS, "it is too large for the homeserver"},
        {"M_BAD_JSON", FAILURE_ENDS, "the homeserver refused the form of it"},
        {"M_NOT_JSON", FAILURE_ENDS, "the homeserver refused the form of it"},
        {"M_INVALID_PARAM", FAILURE_ENDS, "the homeserver refused the form of it"},
        {"M_MISSING_PARAM", FAILURE_ENDS, "the homeserver refused the form of it"},
        {"M_UNRECOGNIZED", FAILURE_ENDS, "the homeserver does not know this request"},
        {"M_UNSUPPORTED_ROOM_VERSION", FAILURE_ENDS,
                "the homeserver does not know this version of rooms"},
        {"M_UNKNOWN", FAILURE_ENDS, "the homeserver refused it and does not say why"},
        {NULL, FAILURE_ENDS, ""},
};

const struct refusal *refusal_find(const char *errcode)
{
	for (const struct refusal *refusal = refusals; refusal->name != NULL; refusal++) {
		if (str_equal(refusal->name, errcode)) {
			return refusal;
		}
	}
	return NULL;
}

void refusal_tell(struct flow *flow, struct store_tx *tx, const char *what,
        const char *reply_to, const char *once)
{
	const struct portal *portal = payload_portal(flow);
	const struct refusal *refusal = refusal_find(flow->err.name);
	bool has_words = refusal != NULL && refusal->words[0] != '\0';
	bool has_name = flow->err.name[0] != '\0';

	if (refusal != NULL && refusal->outcome == FAILURE_FINE) {
		return;
	}
	/* One that is tried again may fail again: that is said again. */
	autofree char *job = xasprintf("%s:%u", flow->key, flow->attempts);
	autofree char *key = xasprintf("notice:%s", once == NULL ? job : once);
	autofree char *text = xasprintf(
	        "\xE2\x9A\xA0 %s: %s.%s%s%s React to this with \xF0\x9F\x94\x81 to try again.",
	        what, has_words ? refusal->words : flow->err.msg, has_name ? " (" : "",
	        flow->err.name, has_name ? ")" : "");
	const struct notice notice = {
	        .room_id = portal == NULL ? NULL : portal->room_id,
	        .reply_to = reply_to,
	        .text = text,
	        .about = flow->key,
	        .team_id = payload_text(flow, "team"),
	};
	notice_say(flow->app, tx, key, &notice);
}
