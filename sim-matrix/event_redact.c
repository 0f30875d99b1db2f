#include "sim-matrix/content.h"
#include "sim-matrix/events.h"

#include <string.h>

enum { KEPT_MAX = 10 };

/* Room version 11, "Redactions". */
static const struct {
	const char *type;
	const char *keys[KEPT_MAX];
} kept[] = {
        {"m.room.member",
                {"membership", "join_authorised_via_users_server", "third_party_invite"}},
        {"m.room.join_rules", {"join_rule", "allow"}},
        {"m.room.power_levels",
                {"ban", "events", "events_default", "invite", "kick", "redact",
                        "state_default", "users", "users_default"}},
        {"m.room.history_visibility", {"history_visibility"}},
        {"m.room.redaction", {"redacts"}},
};

/* Of third_party_invite only `signed` stays. */
static cJSON *kept_value(const char *key, const cJSON *value)
{
	cJSON *out;

	if (strcmp(key, "third_party_invite") != 0) {
		return content_copy(value);
	}
	out = json_new();
	if (content_get(value, "signed") != NULL) {
		json_set(out, "signed", content_copy(content_get(value, "signed")));
	}
	return out;
}

cJSON *event_redacted_content(const char *type, const cJSON *content)
{
	cJSON *out;

	if (strcmp(type, "m.room.create") == 0) {
		return content_copy(content);
	}
	out = json_new();
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (strcmp(kept[i].type, type) != 0) {
			continue;
		}
		for (size_t k = 0; k < KEPT_MAX && kept[i].keys[k] != NULL; k++) {
			const cJSON *value = content_get(content, kept[i].keys[k]);
			if (value != NULL) {
				json_set(out, kept[i].keys[k],
				        kept_value(kept[i].keys[k], value));
			}
		}
	}
	return out;
}
