#include "scenarios/runner/evidence.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/files.h"
#include "scenarios/runner/secrets.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_TRACE_BYTES = 256 * 1024 * 1024,
	MAX_LINE_BYTES = 4 * 1024 * 1024,
	SHOWN = 110
};

/* What a story of many hours is kept to: of so many pings and pongs the first, and of so
 * many bytes all, of those after them the beginnings, and of the rest the records alone.
 */
enum {
	MAX_BEATS = 100,
	MAX_WIRE_ITEMS = 10000,
	MAX_WIRE_BYTES = 2 * 1024 * 1024,
	MAX_TEXT_BYTES = 16 * 1024,
	BEGINNING_BYTES = 200
};

/* ---------------------------------------------------------------- what was on the wire
 */

/* Bytes that are no UTF-8 are written \xNN. Caller frees. */
static char *printable(const char *data, size_t n)
{
	struct buf out;

	buf_init(&out, MAX_LINE_BYTES);
	for (size_t i = 0; i < n;) {
		size_t span = 1;
		while (span < 4 && i + span < n &&
		        ((unsigned char)data[i + span] & 0xC0) == 0x80) {
			span++;
		}
		if (data[i] != '\0' && str_is_utf8((struct str){data + i, span})) {
			buf_add(&out, data + i, span);
			i += span;
		} else {
			buf_printf(&out, "\\x%02x", (unsigned char)data[i++]);
		}
	}
	char *text = xstrdup(buf_cstr(&out));
	buf_finish(&out);
	return text;
}

static const char *opcode_to_str(unsigned opcode)
{
	static const char *const names[] = {"continuation", "text", "binary"};
	static const char *const controls[] = {"close", "ping", "pong"};

	return opcode < 3                    ? names[opcode]
	       : opcode >= 8 && opcode <= 10 ? controls[opcode - 8]
	                                     : "reserved";
}

struct budget {
	size_t bytes, beats, wire_items;
};

/* How much of its bytes is kept. */
static size_t spend(struct budget *budget, const struct wire_item *wire)
{
	size_t most = budget->bytes < MAX_WIRE_BYTES ? MAX_TEXT_BYTES : BEGINNING_BYTES;
	size_t n = wire->bytes < most ? wire->bytes : most;

	budget->bytes += n;
	return n;
}

static cJSON *wire_to_json(const struct wire_item *wire, int step, size_t bytes)
{
	cJSON *json = json_new();
	const char *peer = wire->peer;
	autofree char *text = printable(wire->data != NULL ? wire->data : "", bytes);

	json_set_str(json, "at", peer == NULL ? "database" : "wire");
	json_set_str(json, "kind", wire_kind_to_str(wire->kind));
	json_set_int(json, "us", wire->us);
	json_set_int(json, "after", (int64_t)wire->after);
	json_set_int(json, "step", step);
	if (peer != NULL) {
		json_set_str(json, "from", wire->by_bridge ? "bridge" : peer);
		json_set_str(json, "to", wire->by_bridge ? peer : "bridge");
		json_set_int(json, "conn", wire->conn);
	}
	if (wire->kind == WIRE_FRAME) {
		json_set_str(json, "frame", opcode_to_str(wire->opcode));
		json_set_bool(json, "final", wire->final);
		json_set_bool(json, "cut", wire->cut);
	}
	if (wire->data != NULL) {
		json_set_str(json, "text", text);
		json_set_int(json, "bytes", (int64_t)wire->all_bytes);
	}
	return json;
}

/* ---------------------------------------------------------------- the head */

static cJSON *step_to_json(const struct play *play, size_t index)
{
	const struct story_step *step = &play->story->steps[index];
	cJSON *json = json_new();
	bool is_done = index < play->steps_done;
	bool is_failed = !is_done && play->failed_step == step;

	json_set_int(json, "n", step->number);
	json_set_str(json, "file", step->pos.file);
	json_set_int(json, "line", step->pos.line);
	json_set_str(json, "verb", step->verb);
	json_set(json, "args", cJSON_Duplicate(step->args, true));
	json_set_str(json, "req", step->req);
	json_set_str(json, "note", step->note);
	json_set_str(json, "verdict",
	        is_done     ? "ok"
	        : is_failed ? "failed"
	                    : "not played");
	if (is_done) {
		json_set_int(json, "us", play->step_us[index]);
	}
	return json;
}

static cJSON *head_of_play(struct play *play)
{
	const struct story *story = play->story;
	cJSON *head = json_set_str(json_new(), "story", story->id);
	cJSON *proves = cJSON_CreateArray(), *steps = cJSON_CreateArray();

	json_set_str(head, "path", story->path);
	json_set_str(head, "title", story->title);
	json_set_str(head, "world", story->world);
	json_set_str(head, "verdict", verdict_to_str(play->verdict));
	json_set_str(head, "failure", play->failure);
	json_set_str(head, "database",
	        play->database != NULL ? database_type(play->database) : NULL);
	json_set_int(head, "seed", (int64_t)play->options->seed);
	json_set_int(head, "ready", (int64_t)play->ready);
	for (size_t i = 0; i < story->proves_count; i++) {
		cJSON_AddItemToArray(proves, cJSON_CreateString(story->proves[i]));
	}
	for (size_t i = 0; i < story->step_count; i++) {
		if (story->steps[i].number > 0) {
			cJSON_AddItemToArray(steps, step_to_json(play, i));
		}
	}
	json_set(head, "proves", proves);
	return json_set(head, "steps", steps);
}

/* ---------------------------------------------------------------- all together */

/* The value without its secrets; takes it. */
static cJSON *clean(cJSON *value, const cJSON *secrets)
{
	autofree char *line = json_print(value);
	char *cleaned = secrets_remove(line, secrets);

	if (cleaned == NULL) {
		return value;
	}
	cJSON *other = json_parse(str_from(cleaned), NULL);
	free(cleaned);
	cJSON_Delete(value);
	return other != NULL ? other : json_new();
}

static bool is_beat(const struct wire_item *wire)
{
	return wire->kind == WIRE_FRAME && wire->opcode >= 9;
}

static void add_wire(struct play *play, struct evidence *out, const cJSON *secrets,
        size_t index, int step, struct budget *budget)
{
	const struct wire_item *wire = wire_get(play->wire, index);

	bool is_kept = is_beat(wire) ? budget->beats++ < MAX_BEATS
	                             : budget->wire_items++ < MAX_WIRE_ITEMS;
	if (is_kept) {
		cJSON *json = wire_to_json(wire, step, spend(budget, wire));
		cJSON_AddItemToArray(out->items, clean(json, secrets));
	}
}

static void add_record(struct evidence *out, const cJSON *secrets,
        const struct record *record, struct budget *budget)
{
	if (!record->beat || budget->beats++ < MAX_BEATS) {
		cJSON *json = json_parse(str_from(record->line), NULL);
		cJSON_AddItemToArray(
		        out->items, clean(json != NULL ? json : json_new(), secrets));
	}
}

void evidence_of_play(struct play *play, struct evidence *out)
{
	autojson cJSON *secrets = play_secrets(play);
	struct budget budget = {0};
	size_t next = 0;

	out->head = clean(head_of_play(play), secrets);
	out->items = cJSON_CreateArray();
	for (size_t i = 0; i <= timeline_count(play->timeline); i++) {
		int step = i == 0 ? 0 : timeline_get(play->timeline, i - 1)->step;
		for (; next < wire_count(play->wire) &&
		        wire_get(play->wire, next)->after <= i;
		        next++) {
			add_wire(play, out, secrets, next, step, &budget);
		}
		if (i < timeline_count(play->timeline)) {
			add_record(
			        out, secrets, timeline_get(play->timeline, i), &budget);
		}
	}
}

void evidence_finish(struct evidence *evidence)
{
	cJSON_Delete(evidence->head);
	cJSON_Delete(evidence->items);
	*evidence = (struct evidence){0};
}

/* ---------------------------------------------------------------- as a file */

char *evidence_dir(const char *out_dir, const char *story_id)
{
	autofree char *name = xstrdup(story_id);

	for (char *p = name; *p != '\0'; p++) {
		if (strchr("/ \\\"'", *p) != NULL) {
			*p = '_';
		}
	}
	return xasprintf("%s/%s", out_dir, name);
}

bool evidence_write(const struct evidence *evidence, const char *dir, struct err *err)
{
	autofree char *path = xasprintf("%s/trace.jsonl", dir);
	autofree char *head = json_print(evidence->head);
	const cJSON *item;
	struct buf out;

	buf_init(&out, MAX_TRACE_BYTES);
	buf_printf(&out, "%s\n", head);
	cJSON_ArrayForEach(item, evidence->items)
	{
		autofree char *line = json_print(item);
		buf_printf(&out, "%s\n", line);
	}
	bool ok = file_write(path, buf_cstr(&out), out.len, err);
	buf_finish(&out);
	return ok;
}

bool evidence_read(
        const char *out_dir, const char *story_id, struct evidence *out, struct err *err)
{
	autofree char *dir = evidence_dir(out_dir, story_id);
	autofree char *path = xasprintf("%s/trace.jsonl", dir);
	autofree char *text = file_read(path, MAX_TRACE_BYTES, NULL);

	*out = (struct evidence){0};
	if (text == NULL) {
		return err_set(err, ERR_PERMANENT, 0,
		        "there is no %s: play it first (scenario run '%s')", path,
		        story_id);
	}
	out->items = cJSON_CreateArray();
	for (char *line = text; *line != '\0';) {
		size_t n = strcspn(line, "\n");
		cJSON *json = json_parse((struct str){line, n}, NULL);
		if (json != NULL && out->head == NULL) {
			out->head = json;
		} else if (json != NULL) {
			cJSON_AddItemToArray(out->items, json);
		}
		line += n + (line[n] == '\n' ? 1 : 0);
	}
	return out->head != NULL ||
	       err_set(err, ERR_PERMANENT, 0, "%s holds nothing", path);
}

/* ---------------------------------------------------------------- for people */

/* As much of the text's first line as is shown. */
static int shown(const char *text)
{
	size_t n = strcspn(text, "\r\n");

	if (n > SHOWN) {
		n = SHOWN;
		while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) {
			n--;
		}
	}
	return (int)n;
}

static char *wire_line(const cJSON *item)
{
	const char *text = json_str_or(item, "text", "");
	const char *kind = json_str_or(item, "kind", "");
	double seconds = (double)json_int(item, "us", 0) / 1e6;
	const char *what = strcmp(kind, "frame") == 0  ? json_str_or(item, "frame", "")
	                   : strcmp(kind, "http") == 0 ? ""
	                                               : kind;

	if (strcmp(kind, "sql") == 0) {
		return xasprintf(
		        "      +%.3f %-6s %.*s", seconds, "data", shown(text), text);
	}
	return xasprintf("      +%.3f %-6s %s -> %s #%d %s%s%s%.*s  (%lld bytes)",
	        seconds, strcmp(kind, "frame") == 0 ? "frame" : "bytes",
	        json_str_or(item, "from", ""), json_str_or(item, "to", ""),
	        (int)json_int(item, "conn", 0),
	        json_bool(item, "cut", false) ? "cut " : "", what,
	        what[0] != '\0' ? " " : "", shown(text), text,
	        (long long)json_int(item, "bytes", 0));
}

char *evidence_line(const cJSON *item)
{
	struct record record = {.seq = (size_t)json_int(item, "seq", 0),
	        .us = json_int(item, "us", 0),
	        .step = (int)json_int(item, "step", 0)};

	if (!tap_from_str(json_str_or(item, "at", ""), &record.at)) {
		return wire_line(item);
	}
	autojson cJSON *copy = cJSON_Duplicate(item, true);
	record.json = copy;
	return record_to_str(&record);
}
