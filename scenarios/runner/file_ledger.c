#include "scenarios/runner/file_ledger.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

struct file_entry {
	const struct record *source;
	const char *conversation;
	const char *name, *sha256;
	const struct record *arrived; /* NULL: it has not */
	const struct record *again;
	bool told;     /* that it does not come */
	bool foretold; /* that it comes later */
};

struct files {
	const struct timeline *timeline;
	const struct ledger *ledger;
	struct file_entry *items;
	size_t count;
};

/* ---------------------------------------------------------------- what was sent */

static bool is_room_event(const struct record *record, const char *event)
{
	return record->at == TAP_MATRIX && record_is(record, "kind", "event") &&
	       record_is(record, "type", "m.room.message") &&
	       (event == NULL || record_is(record, "event", event));
}

static bool is_message(const struct record *record)
{
	return (record->at == TAP_SLACK && record_is(record, "kind", "message")) ||
	       (is_room_event(record, NULL) && record_str(record, "edits")[0] == '\0');
}

static void add_one(struct files *files, const struct record *source,
        const char *conversation, const cJSON *file)
{
	const struct file_entry entry = {
	        .source = source,
	        .conversation = conversation,
	        .name = json_str_or(file, source->at == TAP_SLACK ? "name" : "file", ""),
	        .sha256 = json_str(file, "sha256"),
	};

	if (entry.sha256 != NULL && entry.sha256[0] != '\0') { /* kept elsewhere: none */
		files->items = xrealloc(
		        files->items, (files->count + 1) * sizeof(files->items[0]));
		files->items[files->count++] = entry;
	}
}

static void add_sent(struct files *files, const struct record *record)
{
	const char *conversation = ledger_conversation(files->ledger, record);
	const cJSON *file;

	if (conversation == NULL || !is_message(record) ||
	        !record_is(record, "by", "person")) {
		return;
	}
	if (record->at == TAP_MATRIX) {
		add_one(files, record, conversation, record->json);
	}
	cJSON_ArrayForEach(file, json_arr(record->json, "files"))
	{
		add_one(files, record, conversation, file);
	}
}

/* ---------------------------------------------------------------- what came of it */

static bool is_arrival(const struct record *record, const struct file_entry *entry)
{
	bool to_slack = entry->source->at == TAP_MATRIX;

	return record->at == (to_slack ? TAP_SLACK : TAP_MATRIX) && is_message(record) &&
	       record_is(record, "by", to_slack ? "app" : "appservice") &&
	       record_is(record, "sha256", entry->sha256);
}

/* A notice of the bridge about this file. */
static bool is_about(const struct record *record, const struct file_entry *entry)
{
	if (!is_room_event(record, "notice") || !record_is(record, "by", "appservice")) {
		return false;
	}
	return entry->source->at == TAP_SLACK
	               ? strstr(record_str(record, "text"), entry->name) != NULL
	               : record_is(record, "reply_to",
	                         record_str(entry->source, "event_id"));
}

static bool foretells(const struct record *record)
{
	const char *text = record_str(record, "text");
	return strstr(text, "will follow") != NULL ||
	       strstr(text, "still on its way") != NULL;
}

static bool is_taken(const struct files *files, const struct record *record)
{
	for (size_t i = 0; i < files->count; i++) {
		if (files->items[i].arrived == record ||
		        files->items[i].again == record) {
			return true;
		}
	}
	return false;
}

static void follow(struct files *files, struct file_entry *entry, bool again)
{
	for (size_t i = entry->source->seq; i < timeline_count(files->timeline); i++) {
		const struct record *record = timeline_get(files->timeline, i);
		const char *conversation;
		if (is_about(record, entry)) {
			*(foretells(record) ? &entry->foretold : &entry->told) = true;
		}
		if (!is_arrival(record, entry) || is_taken(files, record)) {
			continue;
		}
		conversation = ledger_conversation(files->ledger, record);
		if (conversation == NULL ||
		        strcmp(conversation, entry->conversation) != 0) {
			continue;
		}
		if (!again && entry->arrived == NULL) {
			entry->arrived = record;
		} else if (again && entry->again == NULL) {
			entry->again = record;
		}
	}
}

/* ---------------------------------------------------------------- judging */

static bool wrong(struct violation *out, const char *what, const struct file_entry *entry,
        const struct record *record, const char *observed)
{
	out->what = what;
	out->expected = xasprintf("in %s: the file \"%s\" (#%zu, sha256 %.12s...)",
	        entry->conversation, entry->name, entry->source->seq, entry->sha256);
	out->observed = xstrdup(observed);
	out->record = record;
	return false;
}

/* An earlier or later message of the same direction that is a text and nothing else. */
static bool is_overtaken_by(const struct file_entry *entry, const struct entry *text)
{
	return text->source->at == entry->source->at && text->arrived != NULL &&
	       strcmp(text->conversation, entry->conversation) == 0 &&
	       ((text->source->seq > entry->source->seq &&
	                text->arrived->seq < entry->arrived->seq) ||
	               (text->source->seq < entry->source->seq &&
	                       text->arrived->seq > entry->arrived->seq));
}

static bool check_order(
        const struct files *files, const struct file_entry *entry, struct violation *out)
{
	for (size_t i = 0; i < ledger_count(files->ledger); i++) {
		const struct entry *text = ledger_get(files->ledger, i);
		if (is_overtaken_by(entry, text)) {
			autofree char *observed = xasprintf(
			        "it came (#%zu) in another order than \"%s\" (#%zu)",
			        entry->arrived->seq, record_str(text->source, "text"),
			        text->arrived->seq);
			return wrong(out, "I3 order", entry, entry->arrived, observed);
		}
	}
	return true;
}

static bool check_one(const struct files *files, const struct file_entry *entry,
        bool at_rest, struct violation *out)
{
	if (entry->arrived == NULL && !entry->told && at_rest) {
		return wrong(out, "I1 no loss", entry, entry->source,
		        "its bytes stand nowhere, and nobody was told");
	}
	if (entry->again != NULL) {
		return wrong(out, "I2 no duplicate", entry, entry->again,
		        "it stands there twice");
	}
	return entry->arrived == NULL || entry->foretold ||
	       check_order(files, entry, out);
}

bool file_ledger_check(const struct timeline *timeline, const struct ledger *ledger,
        bool at_rest, struct violation *out)
{
	struct files files = {.timeline = timeline, .ledger = ledger};
	bool ok = true;

	for (size_t i = 0; i < timeline_count(timeline); i++) {
		add_sent(&files, timeline_get(timeline, i));
	}
	/* The same bytes may be sent twice: first arrivals are given out first. */
	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < files.count; i++) {
			follow(&files, &files.items[i], again == 1);
		}
	}
	for (size_t i = 0; ok && i < files.count; i++) {
		ok = check_one(&files, &files.items[i], at_rest, out);
	}
	free(files.items);
	return ok;
}
