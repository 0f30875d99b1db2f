#include "sim-matrix/verbs.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/people.h"

#include <stdlib.h>
#include <string.h>

struct saying { /* one message on its way */
	struct sim_matrix *sim;
	struct user *user;
	struct room *room;
	struct event *about; /* the event it refers to; NULL: none */
};

static bool saying_of(
        struct sim_matrix *sim, const cJSON *args, struct saying *out, struct err *err)
{
	const char *about = json_str(args, "event");
	const struct event *known = event_find(sim, about);

	out->sim = sim;
	out->about = NULL;
	if (!verb_actor(sim, args, &out->user, err)) {
		return false;
	}
	if (known != NULL && json_str(args, "in") == NULL &&
	        json_str(args, "room") == NULL) {
		out->room = known->room; /* an event ID says where */
	} else if (!verb_room(sim, args, out->user, &out->room, err)) {
		return false;
	}
	if (about != NULL) {
		out->about = people_event(sim, out->room, about, err);
	}
	return about == NULL || out->about != NULL;
}

/* Takes content. */
static bool say(struct saying *s, const char *type, cJSON *content, cJSON **result,
        struct err *err)
{
	struct event *event;

	if (!verb_send(s->sim, s->room, s->user, type, NULL, content, &event, err)) {
		return false;
	}
	*result = json_set_str(json_new(), "event_id", event->event_id);
	return true;
}

static cJSON *text_content(const char *msgtype, const char *text, const char *html)
{
	cJSON *content = json_set_str(json_new(), "msgtype", msgtype);

	json_set_str(content, "body", text);
	if (html != NULL) {
		json_set_str(content, "format", "org.matrix.custom.html");
		json_set_str(content, "formatted_body", html);
	}
	return content;
}

static cJSON *relation(const char *type, const struct event *about)
{
	cJSON *json = json_set_str(json_new(), "rel_type", type);

	return json_set_str(json, "event_id", about->event_id);
}

bool verb_post(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	const cJSON *more;
	struct saying s;
	cJSON *content;

	if (!saying_of(sim, args, &s, err)) {
		return false;
	}
	content = text_content(json_str_or(args, "msgtype", "m.text"),
	        json_str(args, "text"), json_str(args, "html"));
	cJSON_ArrayForEach(more, json_obj(args, "content"))
	{
		json_set(content, more->string, content_copy(more));
	}
	return say(&s, "m.room.message", content, result, err);
}

bool verb_edit(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	const char *text = json_str(args, "text");
	const char *html = json_str(args, "html");
	autofree char *fallback = NULL;
	struct saying s;
	cJSON *content;

	if (!saying_of(sim, args, &s, err)) {
		return false;
	}
	fallback = xasprintf("* %s", text);
	content = text_content("m.text", fallback, html);
	json_set(content, "m.new_content", text_content("m.text", text, html));
	json_set(content, "m.relates_to", relation("m.replace", s.about));
	return say(&s, "m.room.message", content, result, err);
}

bool verb_redact(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	struct saying s;
	cJSON *content;

	if (!saying_of(sim, args, &s, err)) {
		return false;
	}
	content = json_set_str(json_new(), "redacts", s.about->event_id);
	json_set_str(content, "reason", json_str(args, "reason"));
	return say(&s, "m.room.redaction", content, result, err);
}

bool verb_react(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	struct saying s;
	cJSON *to;

	if (!saying_of(sim, args, &s, err)) {
		return false;
	}
	to = relation("m.annotation", s.about);
	json_set_str(to, "key", json_str(args, "key"));
	return say(
	        &s, "m.reaction", json_set(json_new(), "m.relates_to", to), result, err);
}

bool verb_reply(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	bool thread = json_bool(args, "thread", false);
	struct saying s;
	cJSON *content, *to, *quoted;

	if (!saying_of(sim, args, &s, err)) {
		return false;
	}
	content = text_content("m.text", json_str(args, "text"), NULL);
	quoted = json_set_str(json_new(), "event_id", s.about->event_id);
	to = thread ? relation("m.thread", s.about) : json_new();
	if (thread) {
		json_set_bool(to, "is_falling_back", true);
	}
	json_set(to, "m.in_reply_to", quoted);
	json_set(content, "m.relates_to", to);
	return say(&s, "m.room.message", content, result, err);
}
