#include "sim-matrix/content.h"
#include "sim-matrix/events.h"

#include <string.h>

/* Matrix specification, room versions 1 to 11, "Redactions". */
static const struct {
	const char *type;
	const char *key;
	int since, until; /* room versions; until 0: for ever */
} kept[] = {
        {"m.room.member", "membership", 1, 0},
        {"m.room.member", "join_authorised_via_users_server", 9, 0},
        {"m.room.member", "third_party_invite", 11, 0},
        {"m.room.create", "creator", 1, 10},
        {"m.room.join_rules", "join_rule", 1, 0},
        {"m.room.join_rules", "allow", 8, 0},
        {"m.room.power_levels", "ban", 1, 0},
        {"m.room.power_levels", "events", 1, 0},
        {"m.room.power_levels", "events_default", 1, 0},
        {"m.room.power_levels", "invite", 11, 0},
        {"m.room.power_levels", "kick", 1, 0},
        {"m.room.power_levels", "redact", 1, 0},
        {"m.room.power_levels", "state_default", 1, 0},
        {"m.room.power_levels", "users", 1, 0},
        {"m.room.power_levels", "users_default", 1, 0},
        {"m.room.aliases", "aliases", 1, 5},
        {"m.room.history_visibility", "history_visibility", 1, 0},
        {"m.room.redaction", "redacts", 11, 0},
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

cJSON *event_redacted_content(const char *type, const cJSON *content, int version)
{
	cJSON *out;

	if (version >= 11 && strcmp(type, "m.room.create") == 0) {
		return content_copy(content);
	}
	out = json_new();
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const cJSON *value = content_get(content, kept[i].key);
		bool applies = version >= kept[i].since &&
		               (kept[i].until == 0 || version <= kept[i].until);
		if (applies && value != NULL && strcmp(kept[i].type, type) == 0) {
			json_set(out, kept[i].key, kept_value(kept[i].key, value));
		}
	}
	return out;
}
