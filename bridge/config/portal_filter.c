/* bridge.portal_create_filter: which conversations get a room. */
#include "bridge/config/reading.h"
#include "bridge/exit_codes.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

#define PATH "bridge.portal_create_filter.list"

static const char *pattern_of(const struct node *item)
{
	const struct node *id = item->kind == NODE_MAP ? node_get(item, "id") : item;

	return id != NULL && id->kind == NODE_SCALAR && !node_is_null(id) ? id->text
	                                                                  : NULL;
}

void portal_filter_apply(struct reading *reading, const struct node *value)
{
	struct config *config = reading->config;

	portal_filter_free(config);
	if (value == NULL || value->kind != NODE_LIST) {
		return;
	}
	config->bridge.filter = xcalloc(value->count + 1, sizeof(char *));
	for (size_t i = 0; i < value->count; i++) {
		const char *pattern = pattern_of(value->items[i]);
		if (pattern == NULL || pattern[0] == '\0') {
			complain(reading, PATH, value->items[i], EXIT_CONFIG_UNREADABLE,
			        "expected an ID or a name, or {id: ...}");
			continue;
		}
		config->bridge.filter[config->bridge.filter_count++] = xstrdup(pattern);
	}
}

void portal_filter_free(struct config *config)
{
	for (size_t i = 0; i < config->bridge.filter_count; i++) {
		free(config->bridge.filter[i]);
	}
	free(config->bridge.filter);
	config->bridge.filter = NULL;
	config->bridge.filter_count = 0;
}

/* * stands for anything. Without recursion: the last * takes more where the rest does not
 * fit. */
static bool matches(const char *pattern, const char *name)
{
	const char *star = NULL, *from = NULL;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			from = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star;
			name = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*') {
		pattern++;
	}
	return *pattern == '\0';
}

bool config_filter_allows(const struct config *config, const char *team_id,
        const char *channel_id, const char *name)
{
	autofree char *both = xasprintf("%s-%s", team_id, channel_id);
	bool is_in = false;

	for (size_t i = 0; i < config->bridge.filter_count; i++) {
		const char *pattern = config->bridge.filter[i];
		const char *bare = pattern[0] == '#' ? pattern + 1 : pattern;
		is_in |= str_equal(pattern, channel_id) || str_equal(pattern, both) ||
		         (name[0] != '\0' && matches(bare, name));
	}
	return is_in == str_equal(config->bridge.filter_mode, "allow");
}
