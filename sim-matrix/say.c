#include "sim-matrix/say.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/people.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_LENGTH = 43, CIPHER_EXTRA = 64, CIPHER_MAX = 4096 };

static bool event_named(
        const struct saying *s, const char *key, struct event **out, struct err *err)
{
	const char *name = json_str(s->args, key);

	*out = name != NULL ? people_event(s->sim, s->room, name, err) : NULL;
	return name == NULL || *out != NULL;
}

bool say_start(
        struct sim_matrix *sim, const cJSON *args, struct saying *out, struct err *err)
{
	const struct event *known = event_find(sim, json_str(args, "event"));

	*out = (struct saying){.sim = sim, .args = args};
	if (!verb_actor(sim, args, &out->user, err)) {
		return false;
	}
	if (known != NULL && json_str(args, "in") == NULL &&
	        json_str(args, "room") == NULL) {
		out->room = known->room; /* an event ID says where */
	} else if (!verb_room(sim, args, out->user, &out->room, err)) {
		return false;
	}
	return event_named(out, "event", &out->about, err);
}

/* ---- content ---- */

cJSON *text_content(const char *msgtype, const char *text, const char *html)
{
	cJSON *content = json_set_str(json_new(), "msgtype", msgtype);

	json_set_str(content, "body", text);
	if (html != NULL) {
		json_set_str(content, "format", "org.matrix.custom.html");
		json_set_str(content, "formatted_body", html);
	}
	return content;
}

cJSON *relation_to(const char *type, const struct event *about)
{
	cJSON *json = json_set_str(json_new(), "rel_type", type);

	return json_set_str(json, "event_id", about->event_id);
}

static cJSON *quote_of(const struct event *event)
{
	return json_set_str(json_new(), "event_id", event->event_id);
}

static const struct event *newest_in_thread(const struct event *root)
{
	const struct room *room = root->room;

	for (size_t i = room->event_count; i > 0; i--) {
		const struct event *event = room->events[i - 1];
		if (str_equal(relation_type(event->content), "m.thread") &&
		        str_equal(relation_target(event->content), root->event_id)) {
			return event;
		}
	}
	return root;
}

cJSON *thread_relation(const struct event *about, const struct event *quotes)
{
	const struct event *root = about;
	cJSON *to;

	if (str_equal(relation_type(about->content), "m.thread")) {
		root = event_find(about->room->sim, relation_target(about->content));
		root = root != NULL ? root : about;
	}
	to = relation_to("m.thread", root);
	json_set_bool(to, "is_falling_back", quotes == NULL);
	json_set(to, "m.in_reply_to",
	        quote_of(quotes != NULL ? quotes : newest_in_thread(root)));
	return to;
}

static bool relate(struct saying *s, cJSON *content, struct err *err)
{
	struct event *quotes, *thread;

	if (!event_named(s, "reply_to", &quotes, err) ||
	        !event_named(s, "thread", &thread, err)) {
		return false;
	}
	if (thread != NULL) {
		json_set(content, "m.relates_to", thread_relation(thread, quotes));
	} else if (quotes != NULL) {
		json_set(content, "m.relates_to",
		        json_set(json_new(), "m.in_reply_to", quote_of(quotes)));
	}
	return true;
}

/* {"user_ids":[..]}, {"room":true} */
static void mention(struct saying *s, cJSON *content)
{
	const cJSON *names = json_arr(s->args, "mentions");
	cJSON *mentions, *ids;
	const cJSON *name;

	if (names == NULL) {
		return;
	}
	mentions = json_new();
	ids = cJSON_CreateArray();
	cJSON_ArrayForEach(name, names)
	{
		if (cJSON_IsString(name) && strcmp(name->valuestring, "room") == 0) {
			json_set_bool(mentions, "room", true);
		} else if (cJSON_IsString(name)) {
			autofree char *id = people_user_id(s->sim, name->valuestring);
			cJSON_AddItemToArray(ids, cJSON_CreateString(id));
		}
	}
	if (ids->child != NULL) {
		json_set(mentions, "user_ids", ids);
	} else {
		cJSON_Delete(ids);
	}
	json_set(content, "m.mentions", mentions);
}

/* ---- sending ---- */

/* What stands in the room instead, for all that see it without the keys. Takes content.
 */
static cJSON *ciphertext_of(struct saying *s, cJSON *content)
{
	char text[CIPHER_MAX], key[KEY_LENGTH + 1], session[KEY_LENGTH + 1];
	autofree char *plain = json_print(content);
	size_t length = strlen(plain) + CIPHER_EXTRA;
	cJSON *out = json_set_str(json_new(), "algorithm", "m.megolm.v1.aes-sha2");
	cJSON *relation;

	rand_text(&s->sim->rand, text, length < CIPHER_MAX ? length : CIPHER_MAX - 1);
	rand_text(&s->sim->rand, key, KEY_LENGTH);
	rand_text(&s->sim->rand, session, KEY_LENGTH);
	json_set_str(out, "ciphertext", text);
	json_set_str(out, "sender_key", key);
	json_set_str(out, "session_id", session);
	json_set_str(out, "device_id", "PERSONSIM");
	relation = cJSON_DetachItemFromObjectCaseSensitive(content, "m.relates_to");
	if (relation != NULL) {
		json_set(out, "m.relates_to", relation);
	}
	cJSON_Delete(content);
	return out;
}

/* Reactions and redactions go in the clear even there. */
static bool is_encrypted_there(const struct saying *s, const char *type)
{
	return room_state(s->room, "m.room.encryption", "") != NULL &&
	       strcmp(type, "m.reaction") != 0 && strcmp(type, "m.room.redaction") != 0;
}

bool say_end(struct saying *s, const char *type, cJSON *content, cJSON **result,
        struct err *err)
{
	struct event *event;

	if (is_encrypted_there(s, type)) {
		content = ciphertext_of(s, content);
		type = "m.room.encrypted";
	}
	if (!verb_send(s->sim, s->room, s->user, type, NULL, content, &event, err)) {
		return false;
	}
	*result = json_set_str(json_new(), "event_id", event->event_id);
	return true;
}

bool say_end_related(struct saying *s, const char *type, cJSON *content, cJSON **result,
        struct err *err)
{
	const cJSON *more;

	if (!relate(s, content, err)) {
		cJSON_Delete(content);
		return false;
	}
	mention(s, content);
	cJSON_ArrayForEach(more, json_obj(s->args, "content"))
	{
		json_set(content, more->string, content_copy(more));
	}
	return say_end(s, type, content, result, err);
}
