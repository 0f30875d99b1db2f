#include "sim-matrix/say.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/ephemeral.h"
#include "sim-matrix/people.h"

#include <stdlib.h>
#include <string.h>

enum { TYPING_MS = 30000 };

bool verb_post(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	struct saying s;
	cJSON *content;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	content = text_content(json_str_or(args, "msgtype", "m.text"),
	        json_str(args, "text"), json_str(args, "html"));
	return say_end_related(&s, "m.room.message", content, result, err);
}

/* ---- changing ---- */

/* What the message says now: of its newest edit, else its own. */
static const cJSON *content_now(const struct event *event)
{
	const struct room *room = event->room;

	for (size_t i = room->event_count; i > event->place + 1; i--) {
		const struct event *later = room->events[i - 1];
		const cJSON *now = content_obj(later->content, "m.new_content");
		if (now != NULL && strcmp(later->sender, event->sender) == 0 &&
		        str_equal(relation_type(later->content), "m.replace") &&
		        str_equal(relation_target(later->content), event->event_id)) {
			return now;
		}
	}
	return event->content;
}

/* As a client edits: a file stays a file and gets another caption. */
static cJSON *edited_content(
        const struct event *event, const char *text, const char *html)
{
	cJSON *content = content_copy(content_now(event));
	const char *body = content_str(content, "body");

	cJSON_DeleteItemFromObjectCaseSensitive(content, "m.relates_to");
	cJSON_DeleteItemFromObjectCaseSensitive(content, "format");
	cJSON_DeleteItemFromObjectCaseSensitive(content, "formatted_body");
	if (content_str(content, "url") != NULL &&
	        content_str(content, "filename") == NULL) {
		json_set_str(content, "filename", body);
	}
	if (content_str(content, "msgtype") == NULL) {
		json_set_str(content, "msgtype", "m.text");
	}
	json_set_str(content, "body", text);
	if (html != NULL) {
		json_set_str(content, "format", "org.matrix.custom.html");
		json_set_str(content, "formatted_body", html);
	}
	return content;
}

bool verb_edit(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	const char *html = json_str(args, "html");
	autofree char *fallback = NULL;
	autofree char *fallback_html = NULL;
	struct saying s;
	cJSON *content, *now;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	now = edited_content(s.about, json_str(args, "text"), html);
	content = content_copy(now);
	fallback = xasprintf("* %s", json_str(args, "text"));
	json_set_str(content, "body", fallback);
	if (html != NULL) {
		fallback_html = xasprintf("* %s", html);
		json_set_str(content, "formatted_body", fallback_html);
	}
	json_set(content, "m.new_content", now);
	json_set(content, "m.relates_to", relation_to("m.replace", s.about));
	return say_end(&s, "m.room.message", content, result, err);
}

static bool redact(
        struct saying *s, const char *event_id, cJSON **result, struct err *err)
{
	cJSON *content = json_set_str(json_new(), "redacts", event_id);

	json_set_str(content, "reason", json_str(s->args, "reason"));
	return say_end(s, "m.room.redaction", content, result, err);
}

bool verb_redact(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	struct saying s;

	return say_start(sim, args, &s, err) &&
	       redact(&s, s.about->event_id, result, err);
}

/* ---- reacting ---- */

bool verb_react(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	struct saying s;
	cJSON *to;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	to = relation_to("m.annotation", s.about);
	json_set_str(to, "key", json_str(args, "key"));
	return say_end(
	        &s, "m.reaction", json_set(json_new(), "m.relates_to", to), result, err);
}

bool verb_unreact(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	const char *key = json_str(args, "key");
	struct saying s;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	for (size_t i = s.room->event_count; i > 0; i--) {
		const struct event *event = s.room->events[i - 1];
		if (event->redacted_by == NULL &&
		        strcmp(event->type, "m.reaction") == 0 &&
		        strcmp(event->sender, s.user->user_id) == 0 &&
		        str_equal(relation_target(event->content), s.about->event_id) &&
		        str_equal(relation_key(event->content), key)) {
			return redact(&s, event->event_id, result, err);
		}
	}
	return err_set(err, ERR_PERMANENT, 0, "%s has not reacted with %s",
	        s.user->localpart, key);
}

/* ---- answering ---- */

/* "> <@who> what" and its HTML: what clients before version 1.13 of the specification put
 * in front. */
static void add_fallback(const struct event *about, cJSON *content)
{
	const char *quoted = content_str(about->content, "body");
	const char *said = content_str(content, "body");
	const char *html = content_str(content, "formatted_body");
	autofree char *body = xasprintf(
	        "> <%s> %s\n\n%s", about->sender, quoted != NULL ? quoted : "", said);
	autofree char *formatted = xasprintf(
	        "<mx-reply><blockquote><a href=\"https://matrix.to/#/%s/%s\">In reply to</a> "
	        "<a href=\"https://matrix.to/#/%s\">%s</a><br>%s</blockquote></mx-reply>%s",
	        about->room->room_id, about->event_id, about->sender, about->sender,
	        quoted != NULL ? quoted : "", html != NULL ? html : said);

	json_set_str(content, "body", body);
	json_set_str(content, "format", "org.matrix.custom.html");
	json_set_str(content, "formatted_body", formatted);
}

bool verb_reply(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	bool in_thread = json_bool(args, "thread", false);
	struct saying s;
	cJSON *content, *to;
	bool is_root;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	content = text_content(json_str_or(args, "msgtype", "m.text"),
	        json_str(args, "text"), json_str(args, "html"));
	is_root = !str_equal(relation_type(s.about->content), "m.thread");
	if (in_thread) {
		to = thread_relation(s.about, is_root ? NULL : s.about);
	} else {
		to = json_set(json_new(), "m.in_reply_to",
		        json_set_str(json_new(), "event_id", s.about->event_id));
	}
	json_set(content, "m.relates_to", to);
	if (json_bool(args, "fallback", false)) {
		add_fallback(s.about, content);
	}
	return say_end(&s, "m.room.message", content, result, err);
}

/* ---- without saying anything ---- */

bool verb_typing(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	int64_t span = json_int(args, "timeout", TYPING_MS);
	struct saying s;

	(void)result;
	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	if (!room_is_joined(s.room, s.user->user_id)) {
		return err_set(err, ERR_PERMANENT, 403, "%s is not in %s",
		        s.user->localpart, room_short_name(s.room));
	}
	typing_set(sim, s.room, s.user->user_id, json_bool(args, "on", true) ? span : 0);
	return true;
}

bool verb_read(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	struct saying s;

	(void)result;
	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	if (s.about == NULL && s.room->event_count > 0) {
		s.about = s.room->events[s.room->event_count - 1];
	}
	if (s.about == NULL || !room_is_joined(s.room, s.user->user_id)) {
		return err_set(err, ERR_PERMANENT, 403, "%s is not in %s",
		        s.user->localpart, room_short_name(s.room));
	}
	receipt_set(sim, s.room, s.user->user_id, s.about->event_id, NULL,
	        json_bool(args, "private", false));
	return true;
}
