/* Who is in the workspace, and what they are. */
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/verbs.h"

#include <stdio.h>
#include <stdlib.h>

static void set_text(char **field, const cJSON *args, const char *name)
{
	const char *text = json_str(args, name);

	if (text) {
		str_replace(field, text);
	}
}

/* {"Title": "text"} becomes {"Xf...": {value, alt, label}}; the ID follows from the
 * place. */
static void set_fields(struct user *user, const cJSON *fields)
{
	const cJSON *field;
	int n = 0;

	if (!fields) {
		return;
	}
	cJSON_Delete(user->fields);
	user->fields = json_new();
	cJSON_ArrayForEach(field, fields)
	{
		autofree char *id = xasprintf("Xf0FIELD%03d", ++n);
		cJSON *one = json_set_str(json_new(), "value", field->valuestring);

		json_set_str(one, "alt", "");
		json_set(user->fields, id, json_set_str(one, "label", field->string));
	}
}

static void set_guest(struct user *user, const char *guest)
{
	if (guest) {
		user->restricted = str_equal(guest, "multi");
		user->ultra_restricted = str_equal(guest, "single");
	}
}

/* All but the ID, from the arguments of the verbs. */
static void fill(struct sim_slack *sim, struct user *user, const void *arg)
{
	const cJSON *args = arg;
	const char *rename = json_str(args, "user") ? json_str(args, "name") : NULL;

	if (rename) {
		str_replace(&user->name, rename);
	}
	set_text(&user->real_name, args, "real_name");
	set_text(&user->display_name, args, "display_name");
	set_text(&user->title, args, "title");
	set_text(&user->email, args, "email");
	set_text(&user->phone, args, "phone");
	set_text(&user->pronouns, args, "pronouns");
	set_text(&user->status_text, args, "status_text");
	set_text(&user->status_emoji, args, "status_emoji");
	set_text(&user->team_id, args, "team");
	set_guest(user, json_str(args, "guest"));
	set_fields(user, json_obj(args, "fields"));
	user->admin = json_bool(args, "admin", user->admin);
	user->deleted = json_bool(args, "deleted", user->deleted);
	if (json_bool(args, "avatar", false)) {
		ids_hex(&sim->ids.names, user->avatar_hash, 12);
	}
	if (json_bool(args, "bot", false) && !user->bot_id) {
		user->bot_id = ids_object(&sim->ids, "B0");
		user->app_id = ids_object(&sim->ids, "A0");
		str_replace(&user->email, NULL);
	}
}

bool verb_add_user(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *name = json_str_or(args, "name", "");
	const struct user *user;

	if (!*name || str_equal(name, "bot") || workspace_find_user(&sim->ws, name)) {
		return err_set(
		        err, ERR_PERMANENT, 0, "the name %s cannot be taken", name);
	}
	user = act_add_user(sim, name, fill, args);
	*result = json_set_str(json_new(), "id", user->id);
	json_set_str(*result, "bot_id", user->bot_id);
	return true;
}

bool verb_update_user(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = verb_user(sim, args, "user", err);

	(void)result;
	if (user) {
		act_change_user(sim, user, fill, args);
	}
	return user != NULL;
}
