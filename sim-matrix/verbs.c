#include "sim-matrix/verbs.h"

#include "sim-matrix/content.h"
#include "sim-matrix/people.h"
#include "sim-matrix/push.h"

#include <string.h>

/* ---- shared ---- */

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
	};
	struct fail fail;
	bool sent = event_send(sim, room, &proposal, out, &fail);

	cJSON_Delete(content);
	return sent || verb_refused(sim, &fail, err);
}

/* ---- the table ---- */

static const char as_doc[] = "who does it: a localpart or a full user ID";
static const char room_doc[] = "label, name without #, alias or ID";
static const char same_doc[] = "the same as in";
static const char user_doc[] = "whom: a localpart or a full user ID";
static const char reason_doc[] = "why, in words";
static const char event_doc[] =
        "event ID, or the text of the newest message that says so";

static const struct verb_field register_user[] = {
        {"name", VERB_STR, true, "localpart", NULL},
        {"password", VERB_STR, false, "for logging in with a client", NULL},
        {"displayname", VERB_STR, false, "shown name; the localpart if absent", NULL},
        {"auto_accept", VERB_BOOL, false, "accepts every invite by itself (false)", NULL},
        {0},
};
static const struct verb_field register_appservice[] = {
        {"as", VERB_STR, false, "who types the command (admin)", NULL},
        {"yaml", VERB_STR, true, "the registration file's text", NULL},
        {0},
};
static const struct verb_field unregister_appservice[] = {
        {"as", VERB_STR, false, "who types the command (admin)", NULL},
        {"id", VERB_STR, true, "the registration's id", NULL},
        {0},
};
static const struct verb_field set_displayname[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"name", VERB_STR, false, "the new name; absent: none", NULL},
        {0},
};
static const struct verb_field auto_accept[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"on", VERB_BOOL, true, "accept every invite from now on", NULL},
        {0},
};
static const struct verb_field create_room[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, "the label by which steps and records know it", NULL},
        {"name", VERB_STR, false, "m.room.name", NULL},
        {"topic", VERB_STR, false, "m.room.topic", NULL},
        {"invite", VERB_ARR, false, "users to invite", NULL},
        {"direct", VERB_BOOL, false, "a direct chat (false)", NULL},
        {"public", VERB_BOOL, false, "anybody may join, listed in the directory (false)",
                NULL},
        {"alias", VERB_STR, false, "local part of an alias", NULL},
        {0},
};
static const struct verb_field dm[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"with", VERB_STR, true, "whom to talk to", NULL},
        {"room", VERB_STR, false, "the label by which steps and records know it", NULL},
        {0},
};
static const struct verb_field join_or_leave[] = {{"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, room_doc, NULL},
        {"reason", VERB_STR, false, reason_doc, NULL}, {0}};
static const struct verb_field invite[] = {{"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, room_doc, NULL},
        {"user", VERB_STR, true, user_doc, NULL},
        {"reason", VERB_STR, false, reason_doc, NULL}, {0}};
static const struct verb_field accept_[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, false, "this invite alone; absent: all that wait", NULL},
        {0},
};
static const struct verb_field post[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"in", VERB_STR, false, room_doc, NULL},
        {"room", VERB_STR, false, same_doc, NULL},
        {"text", VERB_STR, true, "body", NULL},
        {"html", VERB_STR, false, "formatted_body", NULL},
        {"msgtype", VERB_STR, false, "m.text if absent", NULL},
        {"content", VERB_OBJ, false, "further members of the content", NULL},
        {0},
};
static const struct verb_field edit[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"in", VERB_STR, false, room_doc, NULL},
        {"room", VERB_STR, false, same_doc, NULL},
        {"event", VERB_STR, true, event_doc, NULL},
        {"text", VERB_STR, true, "the new body", NULL},
        {"html", VERB_STR, false, "the new formatted_body", NULL},
        {0},
};
static const struct verb_field redact[] = {{"as", VERB_STR, true, as_doc, NULL},
        {"in", VERB_STR, false, room_doc, NULL},
        {"room", VERB_STR, false, same_doc, NULL},
        {"event", VERB_STR, true, event_doc, NULL},
        {"reason", VERB_STR, false, reason_doc, NULL}, {0}};
static const struct verb_field react[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"in", VERB_STR, false, room_doc, NULL},
        {"room", VERB_STR, false, same_doc, NULL},
        {"event", VERB_STR, true, event_doc, NULL},
        {"key", VERB_STR, true, "the emoji", NULL},
        {0},
};
static const struct verb_field reply[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"in", VERB_STR, false, room_doc, NULL},
        {"room", VERB_STR, false, same_doc, NULL},
        {"event", VERB_STR, true, event_doc, NULL},
        {"text", VERB_STR, true, "body", NULL},
        {"thread", VERB_BOOL, false, "in a thread under the event, not only quoting it",
                NULL},
        {0},
};
static const struct verb_field set_state[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, room_doc, NULL},
        {"type", VERB_STR, true, "event type", NULL},
        {"key", VERB_STR, false, "state key (empty)", NULL},
        {"content", VERB_OBJ, true, "content", NULL},
        {0},
};
static const struct verb_field power[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, room_doc, NULL},
        {"user", VERB_STR, true, user_doc, NULL},
        {"level", VERB_INT, true, "the new power level", NULL},
        {0},
};
static const struct verb_field answer[] = {
        {"request", VERB_STR, true, "as records name it: \"PUT send\", \"send\", \"any\"",
                NULL},
        {"in", VERB_STR, false, "only in this room (short name or ID)", NULL},
        {"user", VERB_STR, false, "only for this user", NULL},
        {"with", VERB_OBJ, true,
                "status, errcode, body, retry_after_ms, delay, lost: before|after, cut_at, "
                "effect: whether the request takes effect all the same",
                NULL},
        {"times", VERB_INT, false, "how often (1); 0: from now on", NULL},
        {"after", VERB_INT, false, "let so many pass first (0)", NULL},
        {0},
};
static const char *const down_ways[] = {"refused", "reset", NULL};
static const struct verb_field down[] = {
        {"for", VERB_DURATION, false, "comes up by itself after this", NULL},
        {"how", VERB_STR, false, "connections are refused (default) or reset", down_ways},
        {0},
};
static const struct verb_field nothing[] = {{0}};
static const struct verb_field push_fields[] = {
        {"how", VERB_STR, true, "what kind of odd transaction", push_odd_kinds},
        {"to", VERB_STR, false, "appservice ID; absent: the first", NULL},
        {0},
};

const struct verb sim_matrix_verbs[] = {
        {"register_user", "makes a person; gives user_id and access_token", register_user,
                verb_register_user},
        {"register_appservice",
                "types the register command into the admin room; gives the reply",
                register_appservice, verb_register_appservice},
        {"unregister_appservice", "types the unregister command; gives the reply",
                unregister_appservice, verb_unregister_appservice},
        {"create_room", "makes a room; gives room_id", create_room, verb_create_room},
        {"dm", "makes a direct chat and invites; gives room_id", dm, verb_dm},
        {"join", "joins a room", join_or_leave, verb_join},
        {"leave", "leaves a room or declines its invite", join_or_leave, verb_leave},
        {"kick", "removes somebody from a room", invite, verb_kick},
        {"ban", "bans somebody from a room", invite, verb_ban},
        {"invite", "invites somebody into a room", invite, verb_invite},
        {"accept", "accepts pending invites; gives joined, the room IDs", accept_,
                verb_accept},
        {"post", "says something; gives event_id", post, verb_post},
        {"edit", "edits one's own message; gives event_id", edit, verb_edit},
        {"redact", "removes a message; gives event_id", redact, verb_redact},
        {"react", "reacts to a message; gives event_id", react, verb_react},
        {"reply", "replies to a message; gives event_id", reply, verb_reply},
        {"set_state", "sets room state; gives event_id", set_state, verb_set_state},
        {"set_displayname", "renames oneself, in every room", set_displayname,
                verb_set_displayname},
        {"power", "gives somebody a power level", power, verb_power},
        {"auto_accept", "lets a person accept invites by themselves, or not", auto_accept,
                verb_auto_accept},
        {"answer", "prepares answers to requests", answer, verb_answer},
        {"down", "the homeserver stops until up", down, verb_down},
        {"up", "the homeserver starts again", nothing, verb_up},
        {"restart", "the homeserver stops and starts at once", nothing, verb_restart},
        {"push", "sends an odd transaction to an appservice", push_fields, verb_push},
        {0},
};
