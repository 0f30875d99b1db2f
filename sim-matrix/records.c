#include "sim-matrix/records.h"

#include "lib/mem.h"

#include "sim-matrix/call.h"
#include "sim-matrix/content.h"
#include "sim-matrix/media.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT = 10000, ANSWER_MAX = 1000 };

struct records {
	tap_fn *tap;
	void *tap_arg;
	cJSON **kept; /* a ring of KEPT; NULL: nothing is kept */
	uint64_t next;
	void (*watch)(void *arg);
	void *watch_arg;
};

struct records *records_create(tap_fn *tap, void *tap_arg, bool keep)
{
	struct records *records = xcalloc(1, sizeof(*records));

	records->tap = tap;
	records->tap_arg = tap_arg;
	records->kept = keep ? xcalloc(KEPT, sizeof(records->kept[0])) : NULL;
	return records;
}

void records_destroy(struct records **records)
{
	if (*records == NULL) {
		return;
	}
	for (size_t i = 0; (*records)->kept != NULL && i < KEPT; i++) {
		cJSON_Delete((*records)->kept[i]);
	}
	free((*records)->kept);
	free(*records);
	*records = NULL;
}

void records_watch(struct records *records, void (*fn)(void *arg), void *arg)
{
	records->watch = fn;
	records->watch_arg = arg;
}

void records_emit(struct sim_matrix *sim, cJSON *record)
{
	struct records *records = sim->records;

	if (!sim->booted) {
		cJSON_Delete(record);
		return;
	}
	if (records->tap != NULL) {
		records->tap(record, records->tap_arg);
	}
	if (records->kept == NULL) {
		cJSON_Delete(record);
	} else {
		cJSON **place = &records->kept[records->next % KEPT];
		json_set_int(record, "n", (int64_t)records->next);
		json_set_int(record, "ms", loop_wall_ms(sim->loop));
		cJSON_Delete(*place);
		*place = record;
	}
	records->next++;
	if (records->watch != NULL) {
		records->watch(records->watch_arg);
	}
}

uint64_t records_next(const struct records *records)
{
	return records->next;
}

cJSON *records_since(const struct records *records, uint64_t since)
{
	uint64_t oldest = records->next > KEPT ? records->next - KEPT : 0;
	uint64_t at = since > oldest ? since : oldest;
	uint64_t end = at + ANSWER_MAX < records->next ? at + ANSWER_MAX : records->next;
	cJSON *json = json_new();
	cJSON *list = cJSON_CreateArray();

	for (; records->kept != NULL && at < end; at++) {
		cJSON_AddItemToArray(list, content_copy(records->kept[at % KEPT]));
	}
	json_set(json, "records", list);
	json_set_int(json, "next", (int64_t)(at > end ? records->next : end));
	return json;
}

/* ---- events ---- */

/* "message" for m.text, else the msgtype without "m.": "notice", "image" ... */
static const char *message_word(const struct event *event)
{
	const char *msgtype = content_str(event->content, "msgtype");

	if (str_equal(relation_type(event->content), "m.replace")) {
		return "edit";
	}
	if (msgtype == NULL || strcmp(msgtype, "m.text") == 0) {
		return "message";
	}
	return str_starts(msgtype, "m.") ? msgtype + 2 : msgtype;
}

static const char *event_word(const struct event *event)
{
	static const struct {
		const char *type;
		const char *word;
	} words[] = {
	        {"m.room.member", "member"},
	        {"m.room.create", "create"},
	        {"m.room.redaction", "redaction"},
	        {"m.reaction", "reaction"},
	        {"m.sticker", "sticker"},
	        {"m.room.tombstone", "tombstone"},
	        {"m.space.child", "space_child"},
	        {"m.space.parent", "space_parent"},
	};

	if (strcmp(event->type, "m.room.message") == 0) {
		return message_word(event);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].type, event->type) == 0) {
			return words[i].word;
		}
	}
	return str_starts(event->type, "m.room.") ? event->type + 7 : event->type;
}

static const char *author_word(const struct sim_matrix *sim, const struct event *event)
{
	const struct user *user = user_find(sim, event->sender);

	if (user != NULL && user->is_server) {
		return "server";
	}
	return event->by_as || user == NULL || user->made_by != NULL ? "appservice"
	                                                             : "person";
}

/* What is known of a file, and of its bytes if they are here. */
static void add_media(cJSON *record, const struct sim_matrix *sim, const char *url)
{
	const struct media *media = media_by_uri(sim, url);

	json_set_str(record, "url", url);
	if (media != NULL) {
		json_set_int(record, "bytes", (int64_t)media->bytes);
		json_set_str(record, "sha256", media->sha256);
	}
}

static void add_number(cJSON *record, const char *name, const cJSON *value)
{
	if (cJSON_IsNumber(value)) {
		json_set(record, name, cJSON_CreateNumber(value->valuedouble));
	}
}

static void add_file(cJSON *record, const struct sim_matrix *sim, const cJSON *content)
{
	const cJSON *info = content_obj(content, "info");
	const char *name = content_str(content, "filename");

	if (content_str(content, "url") == NULL) {
		return;
	}
	add_media(record, sim, content_str(content, "url"));
	json_set_str(record, "file", name != NULL ? name : content_str(content, "body"));
	json_set_str(record, "mimetype", content_str(info, "mimetype"));
	add_number(record, "size", content_get(info, "size"));
	add_number(record, "width", content_get(info, "w"));
	add_number(record, "height", content_get(info, "h"));
	add_number(record, "duration", content_get(info, "duration"));
	if (content_get(content, "org.matrix.msc3245.voice") != NULL) {
		json_set_bool(record, "voice", true);
	}
}

/* "@alice:server @bob:server room" */
static void add_mentions(cJSON *record, const cJSON *content)
{
	const cJSON *mentions = content_obj(content, "m.mentions");
	const cJSON *room = content_get(mentions, "room");
	char *text = xstrdup("");
	const cJSON *id;

	cJSON_ArrayForEach(id, content_get(mentions, "user_ids"))
	{
		char *more = xasprintf("%s%s%s", text, text[0] != '\0' ? " " : "",
		        cJSON_IsString(id) ? id->valuestring : "?");
		free(text);
		text = more;
	}
	if (cJSON_IsTrue(room)) {
		char *more = xasprintf("%s%sroom", text, text[0] != '\0' ? " " : "");
		free(text);
		text = more;
	}
	json_set_str(record, "mentions", mentions != NULL ? text : NULL);
	free(text);
}

/* Whose event it refers to, and how. */
static void add_relation(cJSON *record, const cJSON *content)
{
	const char *kind = relation_type(content);
	const cJSON *to = content_obj(content, "m.relates_to");

	json_set_str(record, "reply_to", relation_reply(content));
	if (str_equal(kind, "m.replace")) {
		json_set_str(record, "edits", relation_target(content));
	} else if (str_equal(kind, "m.thread")) {
		json_set_str(record, "thread", relation_target(content));
		if (cJSON_IsTrue(content_get(to, "is_falling_back"))) {
			json_set_bool(record, "falls_back", true);
		}
	} else if (str_equal(kind, "m.reference")) {
		json_set_str(record, "target", relation_target(content));
	}
}

static void add_message(cJSON *record, const struct sim_matrix *sim, const cJSON *content)
{
	bool is_edit = str_equal(relation_type(content), "m.replace");
	const cJSON *shown = is_edit ? content_obj(content, "m.new_content") : content;

	shown = shown != NULL ? shown : content;
	json_set_str(record, "text", content_str(shown, "body"));
	json_set_str(record, "html", content_str(shown, "formatted_body"));
	json_set_str(record, "geo", content_str(shown, "geo_uri"));
	add_file(record, sim, shown);
	add_mentions(record, shown);
	add_relation(record, content);
}

/* What a state event says, in the word people know it by. */
static void add_state(cJSON *record, const struct event *event)
{
	static const struct {
		const char *type;
		const char *key;
	} texts[] = {
	        {"m.room.name", "name"},
	        {"m.room.topic", "topic"},
	        {"m.room.avatar", "url"},
	        {"m.room.canonical_alias", "alias"},
	        {"m.room.join_rules", "join_rule"},
	};

	json_set_str(record, "state_key", event->state_key);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].type, event->type) == 0) {
			json_set_str(record, "text",
			        content_str(event->content, texts[i].key));
		}
	}
}

static void add_details(
        cJSON *record, const struct sim_matrix *sim, const struct event *event)
{
	const cJSON *content = event->content;
	const struct media *avatar;

	if (strcmp(event->type, "m.room.message") == 0 ||
	        strcmp(event->type, "m.sticker") == 0) {
		add_message(record, sim, content);
	} else if (strcmp(event->type, "m.room.member") == 0) {
		json_set_str(record, "membership", content_str(content, "membership"));
		json_set_str(record, "text", content_str(content, "reason"));
		json_set_str(record, "name", content_str(content, "displayname"));
		json_set_str(record, "avatar", content_str(content, "avatar_url"));
		avatar = media_by_uri(sim, content_str(content, "avatar_url"));
		json_set_str(record, "sha256", avatar != NULL ? avatar->sha256 : NULL);
	} else if (strcmp(event->type, "m.room.redaction") == 0) {
		json_set_str(record, "redacts", event->redacts);
		json_set_str(record, "text", content_str(content, "reason"));
	} else if (strcmp(event->type, "m.reaction") == 0) {
		json_set_str(record, "target", relation_target(content));
		json_set_str(record, "key", relation_key(content));
		json_set_str(record, "shortcode", content_str(content, "shortcode"));
	} else if (strcmp(event->type, "m.room.avatar") == 0) {
		add_media(record, sim, content_str(content, "url"));
	} else {
		add_relation(record, content);
	}
	if (event->state_key != NULL) {
		add_state(record, event);
	}
}

void records_event(struct sim_matrix *sim, const struct event *event)
{
	cJSON *record;

	if (!sim->booted) {
		return;
	}
	record = json_new();
	json_set_str(record, "kind", "event");
	json_set_str(record, "event", event_word(event));
	json_set_str(record, "type", event->type);
	json_set_str(record, "room", event->room->room_id);
	json_set_str(record, "in", room_short_name(event->room));
	json_set_str(record, "sender", event->sender);
	json_set_str(record, "from", room_name_of_user(sim, event->room, event->sender));
	json_set_str(record, "event_id", event->event_id);
	json_set_int(record, "ts", event->ts_ms);
	add_details(record, sim, event);
	json_set_str(record, "by", author_word(sim, event));
	json_set_str(record, "txn", event->txn_id);
	records_emit(sim, record);
}

/* ---- requests ---- */

void records_request(struct sim_matrix *sim, const struct call *call)
{
	const struct room *room = room_find(sim, call->room_id);
	cJSON *record;

	if (call->route != NULL && strcmp(call->route->name, "GET sync") == 0 &&
	        call->status == 200) {
		return; /* clients ask all day long */
	}
	record = json_new();
	json_set_str(record, "kind", "request");
	json_set_str(record, "request",
	        call->route != NULL ? call->route->name : call->request.method);
	json_set_str(record, "path", call->route == NULL ? call->request.path : NULL);
	json_set_str(record, "user", call->user_id);
	json_set_int(record, "status", call->status);
	json_set_str(record, "errcode", call->errcode[0] != '\0' ? call->errcode : NULL);
	json_set_str(record, "room", call->room_id);
	json_set_str(record, "in", room != NULL ? room_short_name(room) : NULL);
	json_set_str(record, "txn", call->txn);
	if (call->replayed) {
		json_set_bool(record, "replayed", true);
	}
	if (call->effect.lost != LOST_NO || call->effect.cut) {
		json_set_bool(record, "lost", true);
	}
	if (call->effect.hit) {
		json_set_bool(record, "prepared", true);
	}
	records_emit(sim, record);
}

void records_server(struct sim_matrix *sim, const char *what)
{
	cJSON *record = json_new();

	json_set_str(record, "kind", "server");
	json_set_str(record, "server", what);
	records_emit(sim, record);
}
