#include "scenarios/runner/fates.h"

#include "scenarios/runner/alike.h"

#include "lib/buf.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>

struct fates {
	const struct timeline *timeline;
	const struct ledger *ledger;
	/* By key_of() a message: */
	struct map *edits;   /* the last record that gave it another text */
	struct map *deleted; /* the record that deleted it */
	struct map *entries; /* the struct entry it is, or is a part of */
};

/* Texts of several events are put together for comparison. */
enum { MAX_TEXT_BYTES = 4 * 1024 * 1024 };

/* What a message, or a record about one, is known by. Caller frees. */
static char *key_of_slack(const struct record *record, const char *ts)
{
	return xasprintf("%s %s", record_str(record, "channel"), ts);
}

static char *key_of(const struct record *message)
{
	return message->at == TAP_SLACK ? key_of_slack(message, record_str(message, "ts"))
	                                : xstrdup(record_str(message, "event_id"));
}

/* ---------------------------------------------------------------- building */

static void note_change(struct fates *fates, struct record *record)
{
	bool is_slack = record->at == TAP_SLACK;
	bool is_edit = is_slack ? record_is(record, "kind", "edit")
	                        : record_is(record, "event", "edit");
	bool is_deletion = is_slack ? record_is(record, "kind", "delete")
	                            : record_is(record, "event", "redaction");

	if (record->at != TAP_SLACK && record->at != TAP_MATRIX) {
		return;
	}
	autofree char *key =
	        is_slack ? key_of(record)
	                 : xstrdup(record_str(record, is_edit ? "edits" : "redacts"));
	if (is_edit) {
		map_set(fates->edits, key, record);
	} else if (is_deletion) {
		map_set(fates->deleted, key, record);
	}
}

static void note_entry(struct fates *fates, const struct entry *entry)
{
	autofree char *source = key_of(entry->source);

	map_set(fates->entries, source, (void *)(uintptr_t)entry);
	for (size_t i = 0; i < entry->part_count; i++) {
		autofree char *part = key_of(entry->parts[i]);
		map_set(fates->entries, part, (void *)(uintptr_t)entry);
	}
}

struct fates *fates_create(const struct timeline *timeline, const struct ledger *ledger)
{
	struct fates *fates = xcalloc(1, sizeof(*fates));

	fates->timeline = timeline;
	fates->ledger = ledger;
	fates->edits = map_create();
	fates->deleted = map_create();
	fates->entries = map_create();
	for (size_t i = 0; i < timeline_count(timeline); i++) {
		note_change(fates, timeline_get(timeline, i));
	}
	for (size_t i = 0; i < ledger_count(ledger); i++) {
		note_entry(fates, ledger_get(ledger, i));
	}
	return fates;
}

void fates_destroy(struct fates **fates)
{
	if (*fates == NULL) {
		return;
	}
	map_destroy(&(*fates)->edits, NULL);
	map_destroy(&(*fates)->deleted, NULL);
	map_destroy(&(*fates)->entries, NULL);
	free(*fates);
	*fates = NULL;
}

const struct record *fates_deleted(
        const struct fates *fates, const struct record *message)
{
	autofree char *key = key_of(message);

	return map_get(fates->deleted, key);
}

const struct timeline *fates_timeline(const struct fates *fates)
{
	return fates->timeline;
}

const struct entry *fates_entry(const struct fates *fates, const char *key)
{
	return map_get(fates->entries, key);
}

/* Somebody was told of something that could not be done in this conversation. */
bool fates_was_told(
        const struct fates *fates, const struct entry *entry, const struct record *since)
{
	return ledger_told(fates->ledger, entry->conversation, since->seq) != NULL;
}

static bool disagree(struct disagreement *out, const struct entry *entry,
        const struct record *record, char *observed)
{
	*out = (struct disagreement){entry, record, observed};
	return false;
}

/* ---------------------------------------------------------------- I10 */

/* The text as its author left it; an edit by anybody else is none. */
static const char *last_text(const struct fates *fates, const struct record *message)
{
	autofree char *key = key_of(message);
	const struct record *edit = map_get(fates->edits, key);
	bool counts = edit != NULL &&
	              (message->at == TAP_SLACK ||
	                      record_is(edit, "sender", record_str(message, "sender")));

	return record_str(counts ? edit : message, "text");
}

static const struct record *last_change(
        const struct fates *fates, const struct record *message)
{
	autofree char *key = key_of(message);
	const struct record *edit = map_get(fates->edits, key);

	return edit == NULL ? message : edit;
}

/* The texts of the parts that are there, in order; the copies outside the thread apart.
 */
static char *whole_text(const struct fates *fates, const struct entry *entry, bool copy)
{
	struct buf text;
	bool has_copy = record_is(entry->source, "subtype", "thread_broadcast");

	buf_init(&text, MAX_TEXT_BYTES);
	for (size_t i = 0; i < entry->part_count; i++) {
		bool is_copy = has_copy && i > 0;
		if (is_copy == copy && fates_deleted(fates, entry->parts[i]) == NULL) {
			buf_printf(&text, "%s%s", text.len > 0 ? " " : "",
			        last_text(fates, entry->parts[i]));
		}
	}
	char *whole = buf_take(&text);
	return whole == NULL ? xstrdup("") : whole;
}

static bool reads_alike(
        const struct fates *fates, const struct entry *entry, const char *other)
{
	const char *source = last_text(fates, entry->source);
	bool from_slack = entry->direction == SLACK_TO_MATRIX;
	autofree char *slack = alike_slack(from_slack ? source : other);
	autofree char *matrix = alike_matrix(from_slack ? other : source);

	return alike(slack, matrix) || strstr(other, source) != NULL;
}

static bool check_text(
        const struct fates *fates, const struct entry *entry, struct disagreement *out)
{
	bool has_copy = record_is(entry->source, "subtype", "thread_broadcast") &&
	                entry->part_count > 1;

	for (int copy = 0; copy <= (has_copy ? 1 : 0); copy++) {
		autofree char *other = whole_text(fates, entry, copy == 1);
		const struct record *change = last_change(fates, entry->source);
		if (!reads_alike(fates, entry, other) &&
		        !fates_was_told(fates, entry, change)) {
			return disagree(out, entry, change,
			        xasprintf(
			                "at the end it reads \"%.200s\" there (#%zu), not "
			                "\"%.200s\"",
			                other, entry->arrived->seq,
			                last_text(fates, entry->source)));
		}
	}
	return true;
}

/* What deleted the last of its parts, NULL as long as one is there. */
static const struct record *all_gone(const struct fates *fates, const struct entry *entry)
{
	const struct record *gone = NULL;

	for (size_t i = 0; i < entry->part_count; i++) {
		gone = fates_deleted(fates, entry->parts[i]);
		if (gone == NULL) {
			return NULL;
		}
	}
	return gone;
}

static bool check_entry(
        const struct fates *fates, const struct entry *entry, struct disagreement *out)
{
	const struct record *source_gone = fates_deleted(fates, entry->source);
	const struct record *there_gone = all_gone(fates, entry);

	if (source_gone == NULL && there_gone == NULL) {
		return check_text(fates, entry, out);
	}
	if (source_gone == NULL) {
		return fates_was_told(fates, entry, there_gone) ||
		       disagree(out, entry, there_gone,
		               xasprintf("it is deleted there (#%zu), and only there",
		                       there_gone->seq));
	}
	for (size_t i = 0; i < entry->part_count; i++) {
		if (fates_deleted(fates, entry->parts[i]) == NULL &&
		        !fates_was_told(fates, entry, source_gone)) {
			return disagree(out, entry, entry->parts[i],
			        xasprintf("it is deleted (#%zu), but still stands there: "
			                  "#%zu",
			                source_gone->seq, entry->parts[i]->seq));
		}
	}
	return true;
}

bool fates_same_at_the_end(const struct fates *fates, struct disagreement *out)
{
	for (size_t i = 0; i < ledger_count(fates->ledger); i++) {
		const struct entry *entry = ledger_get(fates->ledger, i);
		if (entry->arrived != NULL && !check_entry(fates, entry, out)) {
			return false;
		}
	}
	return true;
}

/* ---------------------------------------------------------------- I12 */

/* The ts of the thread that an answer to this message belongs to. */
static const char *thread_of_slack(const struct entry *entry)
{
	const struct record *message =
	        entry->direction == SLACK_TO_MATRIX ? entry->source : entry->arrived;
	const char *thread_ts = record_str(message, "thread_ts");

	return thread_ts[0] != '\0' ? thread_ts : record_str(message, "ts");
}

static bool is_event_of(const struct entry *entry, const char *event_id)
{
	if (entry->direction == MATRIX_TO_SLACK) {
		return record_is(entry->source, "event_id", event_id);
	}
	for (size_t i = 0; i < entry->part_count; i++) {
		if (record_is(entry->parts[i], "event_id", event_id)) {
			return true;
		}
	}
	return false;
}

/* What this message answers, if that stands on both sides; NULL otherwise. */
static const struct entry *parent_of(const struct fates *fates, const struct entry *entry)
{
	const struct record *source = entry->source;
	const struct entry *parent;

	if (source->at == TAP_SLACK) {
		const char *thread_ts = record_str(source, "thread_ts");
		autofree char *key = key_of_slack(source, thread_ts);
		parent = thread_ts[0] == '\0' ? NULL : fates_entry(fates, key);
	} else {
		const char *thread = record_str(source, "thread");
		parent = fates_entry(fates,
		        thread[0] != '\0' ? thread : record_str(source, "reply_to"));
	}
	bool stands = parent != NULL && parent->arrived != NULL && parent != entry &&
	              fates_deleted(fates, parent->source) == NULL;
	return stands ? parent : NULL;
}

bool fates_threads(const struct fates *fates, struct disagreement *out)
{
	for (size_t i = 0; i < ledger_count(fates->ledger); i++) {
		const struct entry *entry = ledger_get(fates->ledger, i);
		const struct entry *parent = parent_of(fates, entry);
		if (parent == NULL || entry->arrived == NULL) {
			continue;
		}
		const struct record *there = entry->arrived;
		bool ok = there->at == TAP_SLACK
		                  ? record_is(there, "thread_ts", thread_of_slack(parent))
		                  : is_event_of(parent, record_str(there, "thread"));
		if (!ok && !fates_was_told(fates, entry, entry->source)) {
			return disagree(out, entry, there,
			        xasprintf(
			                "there (#%zu) it does not stand in the thread of "
			                "\"%.100s\" (#%zu)",
			                there->seq, record_str(parent->source, "text"),
			                parent->source->seq));
		}
	}
	return true;
}
