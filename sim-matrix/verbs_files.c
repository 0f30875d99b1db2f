/* What people send that is no plain text: files, stickers, places, polls. */
#include "sim-matrix/say.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/media.h"
#include "sim-matrix/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BYTES = 1024 };

/* ---- the bytes ---- */

char *verb_picture(struct sim_matrix *sim, const cJSON *args, struct err *err)
{
	const char *text = json_str(args, "contents");
	const char *type = json_str(args, "mimetype");
	const char *name = json_str(args, "file");
	int64_t size = json_int(args, "size", DEFAULT_BYTES);
	autofree char *id = NULL;

	if (json_str(args, "url") != NULL) {
		return xstrdup(json_str(args, "url"));
	}
	if (size < 0 || (uint64_t)size > sim->upload_max) {
		err_set(err, ERR_PERMANENT, 413, "a file has 0 to %llu bytes",
		        (unsigned long long)sim->upload_max);
		return NULL;
	}
	id = text != NULL ? media_put(sim, type, name, str_from(text))
	                  : media_put_pattern(sim, type, name,
	                            name != NULL ? name : "picture", (size_t)size);
	if (id == NULL) {
		err_set(err, ERR_PERMANENT, 0, "the media store is full");
		return NULL;
	}
	return xasprintf("mxc://%s/%s", sim->server_name, id);
}

static cJSON *info_of(struct sim_matrix *sim, const cJSON *args, const char *url)
{
	static const struct {
		const char *arg, *key;
	} numbers[] = {{"width", "w"}, {"height", "h"}, {"duration", "duration"}};
	const struct media *media = media_by_uri(sim, url);
	cJSON *info = json_new();

	json_set_str(info, "mimetype", json_str(args, "mimetype"));
	if (media != NULL) {
		json_set_int(info, "size", (int64_t)media->bytes);
	} else if (json_get(args, "size") != NULL) {
		json_set_int(info, "size", json_int(args, "size", 0));
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (json_get(args, numbers[i].arg) != NULL) {
			json_set_int(
			        info, numbers[i].key, json_int(args, numbers[i].arg, 0));
		}
	}
	return info;
}

/* ---- files ---- */

static const char *file_msgtype(const cJSON *args)
{
	const char *mimetype = json_str_or(args, "mimetype", "");

	if (json_str(args, "msgtype") != NULL) {
		return json_str(args, "msgtype");
	}
	if (str_starts(mimetype, "image/")) {
		return "m.image";
	}
	if (str_starts(mimetype, "video/")) {
		return "m.video";
	}
	return str_starts(mimetype, "audio/") ? "m.audio" : "m.file";
}

/* A caption is the body beside a filename (Matrix specification 1.10, media captions). */
static cJSON *file_content(struct sim_matrix *sim, const cJSON *args, const char *url)
{
	const char *name = json_str(args, "file");
	const char *caption = json_str(args, "caption");
	cJSON *content = text_content(file_msgtype(args),
	        caption != NULL ? caption : name, json_str(args, "html"));
	cJSON *audio;

	json_set_str(content, "filename", caption != NULL ? name : NULL);
	json_set_str(content, "url", url);
	json_set(content, "info", info_of(sim, args, url));
	if (json_bool(args, "voice", false)) {
		audio = json_set_int(
		        json_new(), "duration", json_int(args, "duration", 0));
		json_set(content, "org.matrix.msc1767.audio", audio);
		json_set(content, "org.matrix.msc3245.voice", json_new());
	}
	return content;
}

bool verb_post_file(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	autofree char *url = NULL;
	struct saying s;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	url = verb_picture(sim, args, err);
	return url != NULL && say_end_related(&s, "m.room.message",
	                              file_content(sim, args, url), result, err);
}

bool verb_sticker(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	autofree char *url = NULL;
	struct saying s;
	cJSON *content;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	url = verb_picture(sim, args, err);
	if (url == NULL) {
		return false;
	}
	content = json_set_str(json_new(), "body", json_str(args, "text"));
	json_set_str(content, "url", url);
	json_set(content, "info", info_of(sim, args, url));
	return say_end_related(&s, "m.sticker", content, result, err);
}

bool verb_upload(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	autofree char *url = NULL;
	const struct media *media;
	struct user *user;

	if (!verb_actor(sim, args, &user, err)) {
		return false;
	}
	url = verb_picture(sim, args, err);
	if (url == NULL) {
		return false;
	}
	*result = json_set_str(json_new(), "url", url);
	media = media_by_uri(sim, url);
	json_set_str(*result, "sha256", media != NULL ? media->sha256 : NULL);
	return true;
}

/* ---- places ---- */

bool verb_location(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	const char *geo = json_str(args, "geo");
	struct saying s;
	cJSON *content, *place;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	content = text_content("m.location", json_str_or(args, "text", geo), NULL);
	place = json_set_str(json_new(), "uri", geo);
	json_set_str(content, "geo_uri", geo);
	json_set(content, "org.matrix.msc3488.location", place);
	return say_end_related(&s, "m.room.message", content, result, err);
}

/* ---- polls, as clients send them: MSC3381's unstable names ---- */

#define POLL "org.matrix.msc3381.poll."
static const char poll_text[] = "org.matrix.msc1767.text";

static cJSON *poll_answers(const cJSON *texts)
{
	cJSON *answers = cJSON_CreateArray();
	const cJSON *text;
	int number = 0;

	cJSON_ArrayForEach(text, texts)
	{
		autofree char *id = xasprintf("answer-%d", ++number);
		cJSON *answer = json_set_str(json_new(), "id", id);
		json_set_str(
		        answer, poll_text, cJSON_IsString(text) ? text->valuestring : "");
		cJSON_AddItemToArray(answers, answer);
	}
	return answers;
}

bool verb_poll(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	const char *question = json_str(args, "question");
	struct saying s;
	cJSON *content, *start, *asked;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	asked = json_set_str(json_new(), poll_text, question);
	json_set_str(asked, "body", question);
	start = json_set(json_new(), "question", asked);
	json_set_str(start, "kind", POLL "disclosed");
	json_set_int(start, "max_selections", json_int(args, "max", 1));
	json_set(start, "answers", poll_answers(json_arr(args, "answers")));
	content = json_set_str(json_new(), poll_text, question);
	json_set(content, POLL "start", start);
	return say_end_related(&s, POLL "start", content, result, err);
}

/* The ID of the answer that says this text; the text itself if none does. */
static const char *answer_id(const struct event *poll, const char *text)
{
	const cJSON *start = content_obj(poll->content, POLL "start");
	const cJSON *answer;

	cJSON_ArrayForEach(answer, content_get(start, "answers"))
	{
		if (str_equal(content_str(answer, poll_text), text)) {
			return content_str(answer, "id");
		}
	}
	return text;
}

bool verb_vote(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	cJSON *ids, *content;
	const cJSON *text;
	struct saying s;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	ids = cJSON_CreateArray();
	cJSON_ArrayForEach(text, json_arr(args, "answers"))
	{
		if (cJSON_IsString(text)) {
			cJSON_AddItemToArray(ids, cJSON_CreateString(answer_id(
			                                  s.about, text->valuestring)));
		}
	}
	content = json_set(
	        json_new(), POLL "response", json_set(json_new(), "answers", ids));
	json_set(content, "m.relates_to", relation_to("m.reference", s.about));
	return say_end(&s, POLL "response", content, result, err);
}

bool verb_end_poll(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	struct saying s;
	cJSON *content;

	if (!say_start(sim, args, &s, err)) {
		return false;
	}
	content = json_set_str(json_new(), poll_text, "The poll has ended");
	json_set(content, POLL "end", json_new());
	json_set(content, "m.relates_to", relation_to("m.reference", s.about));
	return say_end(&s, POLL "end", content, result, err);
}
