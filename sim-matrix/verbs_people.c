#include "sim-matrix/verbs.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/people.h"

#include <stdlib.h>
#include <string.h>

bool verb_register_user(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	const char *name = json_str(args, "name");
	autofree char *user_id = user_id_of(sim, name);
	struct device *device;
	struct user *user;

	if (user_find(sim, user_id) != NULL) {
		return err_set(err, ERR_PERMANENT, 0, "%s exists already", user_id);
	}
	if (!user_id_valid(user_id) || strpbrk(name, "@: ") != NULL) {
		return err_set(err, ERR_PERMANENT, 0, "%s is no localpart", name);
	}
	user = user_create(sim, name, json_str(args, "password"));
	user->displayname = xstrdup(json_str_or(args, "displayname", name));
	user->auto_accept = json_bool(args, "auto_accept", false);
	device = device_create(sim, user, NULL, NULL);
	*result = json_set_str(json_new(), "user_id", user->user_id);
	json_set_str(*result, "access_token", device->token);
	return true;
}

bool verb_set_displayname(
        void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	struct user *user;

	(void)result;
	if (!verb_actor(sim, args, &user, err)) {
		return false;
	}
	profile_set_displayname(sim, user, json_str(args, "name"), false);
	return true;
}

bool verb_auto_accept(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	struct user *user = people_user(sim, json_str(args, "as"), err);

	(void)result;
	if (user == NULL) {
		return false;
	}
	user->auto_accept = json_bool(args, "on", true);
	return true;
}

/* ---- appservices, by the admin room ---- */

/* Types a command into the admin room and waits for the reply, which comes at once. */
static bool command(struct sim_matrix *sim, const cJSON *args, const char *text,
        cJSON **result, struct err *err)
{
	struct user *user;
	cJSON *content;

	if (!verb_actor(sim, args, &user, err)) {
		return false;
	}
	sim->admin_reply = NULL;
	content = json_set_str(json_new(), "msgtype", "m.text");
	json_set_str(content, "body", text);
	if (!verb_send(sim, sim->admin_room, user, "m.room.message", NULL, content, NULL,
	            err)) {
		return false;
	}
	if (sim->admin_reply == NULL) {
		return err_set(err, ERR_PERMANENT, 0, "no reply in the admin room");
	}
	*result = json_set_str(
	        json_new(), "reply", content_str(sim->admin_reply->content, "body"));
	return true;
}

bool verb_register_appservice(
        void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	const char *yaml = json_str(args, "yaml");
	bool ended = str_ends(yaml, "\n");
	autofree char *text = xasprintf(
	        "!admin appservices register\n```\n%s%s```", yaml, ended ? "" : "\n");

	if (!command(sim_ptr, args, text, result, err)) {
		return false;
	}
	if (!str_starts(json_str(*result, "reply"), "Appservice registered")) {
		err_set(err, ERR_PERMANENT, 0, "%s", json_str(*result, "reply"));
		cJSON_Delete(*result);
		*result = NULL;
		return false;
	}
	return true;
}

bool verb_unregister_appservice(
        void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	autofree char *text =
	        xasprintf("!admin appservices unregister %s", json_str(args, "id"));

	return command(sim_ptr, args, text, result, err);
}
