#include "sim-matrix/verbs.h"

#include "sim-matrix/content.h"
#include "sim-matrix/people.h"

bool verb_actor(
        struct sim_matrix *sim, const cJSON *args, struct user **out, struct err *err)
{
	if (sim->is_down) {
		return err_set(err, ERR_PERMANENT, 0, "the homeserver is down");
	}
	*out = people_user(sim, json_str_or(args, "as", sim->admin->localpart), err);
	return *out != NULL;
}

bool verb_room(struct sim_matrix *sim, const cJSON *args, const struct user *viewer,
        struct room **out, struct err *err)
{
	const char *name = json_str(args, "in");

	name = name != NULL ? name : json_str(args, "room");
	if (name == NULL) {
		return err_set(err, ERR_PERMANENT, 0, "room (or in) is missing");
	}
	*out = people_room(sim, name, viewer != NULL ? viewer->user_id : NULL, err);
	return *out != NULL;
}

bool verb_refused(struct sim_matrix *sim, const struct fail *fail, struct err *err)
{
	struct fail_text text;

	fail_describe(sim->profile, fail, &text);
	err_set(err, ERR_PERMANENT, text.status, "the homeserver refuses: %s", text.text);
	err_set_name(err, text.errcode);
	return false;
}

bool verb_send(struct sim_matrix *sim, struct room *room, const struct user *sender,
        const char *type, const char *state_key, cJSON *content, struct event **out,
        struct err *err)
{
	struct proposal proposal = {
	        .type = type,
	        .sender = sender->user_id,
	        .state_key = state_key,
	        .content = content,
	        /* clients redact by the endpoint that knows */
	        .redacts = content_str(content, "redacts"),
	};
	struct fail fail;
	bool sent = event_send(sim, room, &proposal, out, &fail);

	cJSON_Delete(content);
	return sent || verb_refused(sim, &fail, err);
}
