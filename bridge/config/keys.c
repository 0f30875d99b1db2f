#include "bridge/config/keys.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <string.h>

static const struct key_group *const groups[] = {
        &keys_network, &keys_bridge, &keys_servers, &keys_features, &keys_crypto};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

/* Names of older layouts: mautrix-slack before bridgev2 (its example-config.yaml and
 * bridgeconfig/legacymigrate.go), and bridge.conversation_count. A name of a section
 * renames all that is under it. An empty name: gone without a successor. */
static const struct {
	const char *old, *now;
} renamed[] = {
        {"appservice.database", "database"},
        {"appservice.bot_username", "appservice.bot.username"},
        {"appservice.bot_displayname", "appservice.bot.displayname"},
        {"appservice.bot_avatar", "appservice.bot.avatar"},
        {"appservice.msc4190", "encryption.msc4190"},
        {"appservice.provisioning", "provisioning"},
        {"bridge.username_template", "appservice.username_template"},
        {"bridge.displayname_template", "network.displayname_template"},
        {"bridge.channel_name_template", "network.channel_name_template"},
        {"bridge.team_name_template", "network.team_name_template"},
        {"bridge.custom_emoji_reactions", "network.custom_emoji_reactions"},
        {"bridge.workspace_avatar_in_rooms", "network.workspace_avatar_in_rooms"},
        {"bridge.participant_sync_count", "network.participant_sync_count"},
        {"bridge.participant_sync_only_on_create",
                "network.participant_sync_only_on_create"},
        {"bridge.conversation_count", "network.backfill.conversation_count"},
        {"network.conversation_count", "network.backfill.conversation_count"},
        {"bridge.backfill.conversations_count", "network.backfill.conversation_count"},
        {"bridge.backfill.enable", "backfill.enabled"},
        {"bridge.backfill.unread_hours_threshold", "backfill.unread_hours_threshold"},
        {"bridge.backfill.initial_messages", "backfill.max_initial_messages"},
        {"bridge.backfill.missed_messages", "backfill.max_catchup_messages"},
        {"bridge.message_status_events", "matrix.message_status_events"},
        {"bridge.delivery_receipts", "matrix.delivery_receipts"},
        {"bridge.message_error_notices", "matrix.message_error_notices"},
        {"bridge.sync_direct_chat_list", "matrix.sync_direct_chat_list"},
        {"bridge.federate_rooms", "matrix.federate_rooms"},
        {"bridge.provisioning", "provisioning"},
        {"bridge.double_puppet_server_map", "double_puppet.servers"},
        {"bridge.double_puppet_allow_discovery", "double_puppet.allow_discovery"},
        {"bridge.login_shared_secret_map", "double_puppet.secrets"},
        {"bridge.encryption", "encryption"},
        {"bridge.management_room_text", "management_room_texts"},
        {"bridge.portal_message_buffer", ""},
        {"bridge.kick_on_logout", ""},
        {"bridge.caption_in_message", ""},
        {"bridge.backfill.incremental", ""},
};

size_t keys_count(void)
{
	size_t count = 0;

	for (size_t i = 0; i < GROUPS; i++) {
		count += groups[i]->count;
	}
	return count;
}

const struct config_key *keys_at(size_t index)
{
	size_t group = 0;

	while (index >= groups[group]->count) {
		index -= groups[group++]->count;
	}
	return &groups[group]->keys[index];
}

size_t keys_find(const char *path)
{
	size_t index = 0;

	for (size_t i = 0; i < GROUPS; i++) {
		for (size_t j = 0; j < groups[i]->count; j++, index++) {
			if (strcmp(groups[i]->keys[j].path, path) == 0) {
				return index;
			}
		}
	}
	return index;
}

bool key_is_under(const char *path, const char *section)
{
	size_t n = strlen(section);
	return strncmp(path, section, n) == 0 && path[n] == '.';
}

bool key_lands(const struct config_key *key)
{
	return key->field != 0 || key->apply != NULL;
}

bool key_is_used(const struct config_key *key)
{
	if (key->type != KEY_SECTION) {
		return key_lands(key) && !(key->flags & KEY_LATER);
	}
	for (size_t i = keys_find(key->path) + 1; i < keys_count(); i++) {
		const struct config_key *under = keys_at(i);
		if (!key_is_under(under->path, key->path)) {
			break;
		}
		if (under->type != KEY_SECTION && key_is_used(under)) {
			return true;
		}
	}
	return false;
}

const char *key_type_to_str(enum key_type type)
{
	switch (type) {
	case KEY_SECTION:
		return "a section";
	case KEY_TEXT:
		return "text";
	case KEY_BOOL:
		return "true or false";
	case KEY_INT:
		return "a whole number";
	case KEY_DURATION:
		return "a duration such as 1h30m";
	case KEY_LIST:
		return "a list";
	case KEY_MAP:
		return "a mapping";
	}
	return "";
}

static const char *last_part(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot == NULL ? path : dot + 1;
}

const char *keys_nearest(const char *path)
{
	const char *nearest = NULL;
	unsigned limit = (unsigned)strlen(last_part(path)) / 3 + 1;

	limit = limit > 4 ? 4 : limit;
	for (size_t i = 0; i < keys_count(); i++) {
		unsigned distance = str_distance(path, keys_at(i)->path, limit);
		if (distance < limit) {
			limit = distance;
			nearest = keys_at(i)->path;
		}
	}
	for (size_t i = 0; nearest == NULL && i < keys_count(); i++) {
		if (strcmp(last_part(path), last_part(keys_at(i)->path)) == 0) {
			nearest =
			        keys_at(i)->path; /* the right name in the wrong place */
		}
	}
	return nearest;
}

const char *keys_renamed(const char *path)
{
	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
		if (strcmp(renamed[i].old, path) == 0) {
			return renamed[i].now;
		}
	}
	return NULL;
}

bool keys_renamed_under(const char *path)
{
	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
		if (key_is_under(renamed[i].old, path)) {
			return true;
		}
	}
	return false;
}

bool keys_renamed_at(size_t index, const char **old, const char **now)
{
	if (index >= sizeof(renamed) / sizeof(renamed[0])) {
		return false;
	}
	*old = renamed[index].old;
	*now = renamed[index].now;
	return true;
}

const char *key_name(const struct config_key *key)
{
	return last_part(key->path);
}
