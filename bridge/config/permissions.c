#include "bridge/config/reading.h"

#include "lib/mem.h"

#include "bridge/exit_codes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const level_names[] = {
        [PERM_BLOCK] = "block",
        [PERM_RELAY] = "relay",
        [PERM_COMMANDS] = "commands",
        [PERM_USER] = "user",
        [PERM_ADMIN] = "admin",
};

enum { LEVELS = sizeof(level_names) / sizeof(level_names[0]) };

#define PATH "bridge.permissions"

const char *permission_to_str(enum permission level)
{
	return level_names[level];
}

static bool level_from_str(const char *text, enum permission *out)
{
	for (size_t i = 0; i < LEVELS; i++) {
		if (strcasecmp(text, level_names[i]) == 0) {
			*out = (enum permission)i;
			return true;
		}
	}
	return false;
}

/* The numbers of the oldest files; mautrix-go bridgeconfig/permissions.go still reads
 * them. */
static enum permission level_from_number(long number)
{
	if (number < 5) {
		return PERM_BLOCK;
	}
	if (number < 10) {
		return PERM_RELAY;
	}
	return number < 100 ? PERM_USER : PERM_ADMIN;
}

/* Single rights. Our levels are steps: the highest one whose mark is set counts. */
static enum permission level_from_rights(
        struct reading *reading, const struct node *rights)
{
	static const struct {
		const char *name;
		enum permission level;
	} marks[] = {
	        {"send_events", PERM_RELAY},
	        {"commands", PERM_COMMANDS},
	        {"manage_relay", PERM_COMMANDS},
	        {"login", PERM_USER},
	        {"double_puppet", PERM_USER},
	        {"admin", PERM_ADMIN},
	};
	enum permission level = PERM_BLOCK;

	for (size_t i = 0; i < rights->count; i++) {
		const char *name = rights->keys[i]->text;
		bool is_set = false, is_known = strcmp(name, "max_logins") == 0;
		for (size_t j = 0; j < sizeof(marks) / sizeof(marks[0]); j++) {
			if (strcmp(name, marks[j].name) != 0) {
				continue;
			}
			is_known = true;
			if (!node_to_bool(rights->items[i], &is_set)) {
				complain(reading, PATH, rights->items[i],
				        EXIT_CONFIG_UNREADABLE,
				        "%s: expected true or false", name);
			}
			if (is_set && marks[j].level > level) {
				level = marks[j].level;
			}
		}
		if (!is_known) {
			warn(reading, PATH, rights->keys[i], "unknown right %s, ignored",
			        name);
		}
	}
	return level;
}

static bool level_read(
        struct reading *reading, const struct node *value, enum permission *out)
{
	long number;

	if (value->kind == NODE_MAP) {
		*out = level_from_rights(reading, value);
		warn(reading, PATH, value, "single rights are read as the level %s",
		        permission_to_str(*out));
		return true;
	}
	if (node_to_long(value, &number)) {
		*out = level_from_number(number);
		warn(reading, PATH, value, "numbers are an older form; %ld is read as %s",
		        number, permission_to_str(*out));
		return true;
	}
	if (value->kind == NODE_SCALAR && level_from_str(value->text, out)) {
		return true;
	}
	autofree char *found = node_show(value);
	complain(reading, PATH, value,
	        value->kind == NODE_SCALAR && !node_is_null(value)
	                ? EXIT_CONFIG_INVALID
	                : EXIT_CONFIG_UNREADABLE,
	        "found %s; expected one of: block relay commands user admin", found);
	return false;
}

/* A Matrix user ID, a domain, or the star. Anything else would match nobody. */
static bool can_match(const char *who)
{
	if (strcmp(who, "*") == 0) {
		return true;
	}
	if (who[0] == '@') {
		const char *colon = strchr(who, ':');
		return colon != NULL && colon > who + 1 && colon[1] != '\0';
	}
	return who[0] != '\0' && strpbrk(who, "@/ *") == NULL;
}

void permissions_apply(struct reading *reading, const struct node *value)
{
	struct config *config = reading->config;

	config->bridge.permissions =
	        xcalloc(value->count + 1, sizeof(*config->bridge.permissions));
	for (size_t i = 0; i < value->count; i++) {
		const char *who = value->keys[i]->text;
		enum permission level;
		if (!can_match(who)) {
			warn(reading, PATH, value->keys[i],
			        "found \"%s\", which matches nobody; expected *, a domain such as "
			        "example.org, or a user ID such as @name:example.org",
			        who);
		}
		if (level_read(reading, value->items[i], &level)) {
			config->bridge.permissions[config->bridge.permission_count++] =
			        (struct config_permission){xstrdup(who), level};
		}
	}
}

static const struct config_permission *find(const struct config *config, const char *who)
{
	for (size_t i = 0; i < config->bridge.permission_count; i++) {
		if (strcmp(config->bridge.permissions[i].who, who) == 0) {
			return &config->bridge.permissions[i];
		}
	}
	return NULL;
}

enum permission config_permission(const struct config *config, const char *mxid)
{
	const char *colon = strchr(mxid, ':');
	const struct config_permission *found = find(config, mxid);

	if (mxid[0] != '@') {
		return PERM_BLOCK; /* no user: "*" and domains are not for it */
	}
	if (found == NULL && colon != NULL && colon[1] != '\0') {
		found = find(config, colon + 1);
	}
	if (found == NULL) {
		found = find(config, "*");
	}
	return found == NULL ? PERM_BLOCK : found->level;
}
