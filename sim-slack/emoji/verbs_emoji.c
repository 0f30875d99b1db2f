/* What administrators do with emoji. */
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/emoji/emoji.h"
#include "sim-slack/verbs.h"

#include <stdlib.h>

/* False and *err: it cannot be the name of a new one. */
static bool may_be_named(const struct sim_slack *sim, const char *name, struct err *err)
{
	char kept[EMOJI_NAME_BYTES];

	if (emoji_is_name(name) && !emoji_known(sim, name, kept)) {
		return true;
	}
	return err_set(err, ERR_PERMANENT, 0, "the name %s cannot be taken", name);
}

static bool is_there(const struct sim_slack *sim, const char *name, struct err *err)
{
	if (map_get(sim->ws.emoji, name)) {
		return true;
	}
	return err_set(err, ERR_PERMANENT, 0, "there is no custom emoji %s", name);
}

bool verb_add_emoji(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *name = json_str_or(args, "name", "");
	const char *of = json_str(args, "alias_of");
	autofree char *alias = of ? xasprintf("alias:%s", of) : NULL;

	if (!may_be_named(sim, name, err)) {
		return false;
	}
	act_emoji_add(sim, name, alias ? alias : json_str(args, "url"));
	*result = json_set_str(json_new(), "value", map_get(sim->ws.emoji, name));
	return true;
}

bool verb_remove_emoji(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *name = json_str_or(args, "name", "");

	(void)result;
	if (!is_there(sim, name, err)) {
		return false;
	}
	act_emoji_remove(sim, name);
	return true;
}

bool verb_rename_emoji(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *name = json_str_or(args, "name", ""),
	           *to = json_str_or(args, "to", "");

	(void)result;
	if (!is_there(sim, name, err) || !may_be_named(sim, to, err)) {
		return false;
	}
	act_emoji_rename(sim, name, to);
	return true;
}
