#include "scenarios/runner/ledger.h"

#include "scenarios/runner/alike.h"

#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>

struct place {                        /* a Slack channel or a Matrix room */
	const char *name;             /* the last one */
	const struct record *created; /* a room: by the appservice; a channel: NULL */
	const struct record *ended;   /* a room: whoever made it left it */
	bool follows;                 /* another one of that name, which ended */
};

struct arrival {
	const struct record *record;
	char *words; /* alike */
	bool taken;
};

enum {
	/* Of a text in several events the first has about as much as fits. */
	LEAST_PIECE_BYTES = 5000,
};

struct ledger {
	const struct timeline *timeline;
	struct map *channels, *rooms; /* by ID: struct place */
	struct map *pairs;            /* name -> struct place of the room */
	struct map *acked;            /* envelope ID -> the record of its ack */
	struct arrival *arrivals;
	size_t arrival_count;
	struct entry *entries;
	size_t count;
};

const char *direction_to_str(enum direction direction)
{
	return direction == SLACK_TO_MATRIX ? "Slack to Matrix" : "Matrix to Slack";
}

/* ---------------------------------------------------------------- conversations */

static struct place *get_place(struct map *places, const char *id)
{
	struct place *place = map_get(places, id);

	if (place == NULL) {
		place = xcalloc(1, sizeof(*place));
		map_set(places, id, place);
	}
	return place;
}

static void learn_place(struct ledger *ledger, const struct record *record)
{
	const char *id = record_str(record, record->at == TAP_SLACK ? "channel" : "room");
	const char *name = record_str(record, "in");

	if (id[0] == '\0' || name[0] == '\0') {
		return;
	}
	struct place *place =
	        get_place(record->at == TAP_SLACK ? ledger->channels : ledger->rooms, id);
	place->name = name;
	if (record->at == TAP_MATRIX && record_is(record, "event", "create") &&
	        record_is(record, "by", "appservice")) {
		place->created = record;
	}
}

/* The appservice left the room that it made: nothing is owed there any more. */
static void learn_end(struct ledger *ledger, const struct record *record)
{
	struct place *room = map_get(ledger->rooms, record_str(record, "room"));

	if (room == NULL || room->created == NULL || room->ended != NULL ||
	        !record_is(record, "event", "member") ||
	        !record_is(record, "state_key", record_str(room->created, "sender"))) {
		return;
	}
	if (record_is(record, "membership", "leave") ||
	        record_is(record, "membership", "ban")) {
		room->ended = record;
	}
}

/* Of several rooms of that name the last one. */
static void take_pair(struct ledger *ledger, struct place *room)
{
	const struct place *before = map_get(ledger->pairs, room->name);

	if (before != NULL && before != room && before->ended != NULL) {
		room->follows = true;
	}
	map_set(ledger->pairs, room->name, room);
}

static void find_pairs(struct ledger *ledger)
{
	size_t cursor = 0;
	void *value;

	while (map_next(ledger->rooms, &cursor, NULL, &value)) {
		struct place *room = value;
		size_t inner = 0;
		void *channel;
		while (room->created != NULL &&
		        map_next(ledger->channels, &inner, NULL, &channel)) {
			if (strcmp(((struct place *)channel)->name, room->name) == 0) {
				take_pair(ledger, room);
			}
		}
	}
}

/* The pair's name, NULL if the record is in none. */
static const char *pair_of(const struct ledger *ledger, const struct record *record,
        const struct place **room)
{
	bool is_slack = record->at == TAP_SLACK;
	const char *id = record_str(record, is_slack ? "channel" : "room");
	const struct place *place =
	        map_get(is_slack ? ledger->channels : ledger->rooms, id);

	if (place == NULL) {
		return NULL;
	}
	*room = map_get(ledger->pairs, place->name);
	return *room != NULL && (is_slack || *room == place) ? (*room)->name : NULL;
}

/* ---------------------------------------------------------------- messages */

static bool is_person_on_slack(const struct record *record)
{
	const char *subtype = record_str(record, "subtype");

	return record->at == TAP_SLACK && record_is(record, "kind", "message") &&
	       record_is(record, "by", "person") &&
	       record_str(record, "text")[0] != '\0' &&
	       (subtype[0] == '\0' || strcmp(subtype, "me_message") == 0 ||
	               strcmp(subtype, "file_share") == 0 ||
	               strcmp(subtype, "thread_broadcast") == 0);
}

static bool is_matrix_message(const struct record *record)
{
	return record->at == TAP_MATRIX && record_is(record, "kind", "event") &&
	       record_is(record, "type", "m.room.message") &&
	       record_str(record, "edits")[0] == '\0';
}

/* The text of a file without a caption is its name. */
static bool is_bare_file(const struct record *record)
{
	return record_str(record, "sha256")[0] != '\0' &&
	       record_is(record, "file", record_str(record, "text"));
}

/* Commands to the bridge are not for Slack. */
static bool is_person_on_matrix(const struct record *record)
{
	return is_matrix_message(record) && record_is(record, "by", "person") &&
	       !is_bare_file(record) && !str_starts(record_str(record, "text"), "!slack");
}

static bool is_arrival(const struct record *record)
{
	if (is_matrix_message(record)) {
		return record_is(record, "by", "appservice") &&
		       !record_is(record, "event", "notice");
	}
	return record->at == TAP_SLACK && record_is(record, "kind", "message") &&
	       record_is(record, "by", "app");
}

/* What stands before a reply whose thread began before the bridge. */
static const char older_thread[] = "(in an older thread) ";

static char *words_of(const struct record *record)
{
	const char *text = record_str(record, "text");

	if (record->at == TAP_MATRIX && str_starts(text, older_thread)) {
		text += strlen(older_thread);
	}
	return record->at == TAP_SLACK ? alike_slack(text) : alike_matrix(text);
}

static void add_arrival(struct ledger *ledger, const struct record *record)
{
	ledger->arrivals[ledger->arrival_count++] =
	        (struct arrival){.record = record, .words = words_of(record)};
}

/* ---------------------------------------------------------------- finding each other */

static bool same_conversation(const struct ledger *ledger, const struct record *arrival,
        const char *conversation)
{
	const struct place *room;
	const char *name = pair_of(ledger, arrival, &room);

	return name != NULL && strcmp(name, conversation) == 0;
}

/* Is it the same text, or the beginning of it? */
static bool begins_with(const char *words, const char *part)
{
	return strlen(part) >= LEAST_PIECE_BYTES && str_starts(words, part);
}

/* By the mark the bridge leaves, where it leaves one; by the words otherwise. */
static bool is_same_message(const struct ledger *ledger, const struct entry *entry,
        const char *words, const struct arrival *arrival)
{
	const char *mark = record_str(arrival->record, "mark");

	if (mark[0] != '\0') {
		return record_is(entry->source, "event_id", mark);
	}
	if (entry->source->at != TAP_SLACK) {
		return alike(arrival->words, words);
	}
	if (alike(words, arrival->words) || begins_with(words, arrival->words)) {
		return true;
	}
	for (size_t i = entry->source->seq; i < timeline_count(ledger->timeline); i++) {
		const struct record *edit = timeline_get(ledger->timeline, i);
		if (edit->at != TAP_SLACK || !record_is(edit, "kind", "edit") ||
		        !record_is(edit, "ts", record_str(entry->source, "ts"))) {
			continue;
		}
		autofree char *other = words_of(edit);
		if (alike(other, arrival->words)) {
			return true;
		}
	}
	return false;
}

static struct arrival *find_arrival(
        const struct ledger *ledger, const struct entry *entry, const char *words)
{
	enum tap other = entry->direction == SLACK_TO_MATRIX ? TAP_MATRIX : TAP_SLACK;

	for (size_t i = 0; i < ledger->arrival_count; i++) {
		struct arrival *arrival = &ledger->arrivals[i];
		if (!arrival->taken && arrival->record->at == other &&
		        arrival->record->seq > entry->source->seq &&
		        is_same_message(ledger, entry, words, arrival) &&
		        same_conversation(ledger, arrival->record, entry->conversation)) {
			return arrival;
		}
	}
	return NULL;
}

static void add_part(struct entry *entry, struct arrival *arrival)
{
	arrival->taken = true;
	entry->parts =
	        xrealloc(entry->parts, (entry->part_count + 1) * sizeof(entry->parts[0]));
	entry->parts[entry->part_count++] = arrival->record;
}

/* Deleted before `since`: a piece that an edit took away and another one brought back, or
 * a file whose text stays. */
static bool was_deleted(
        const struct ledger *ledger, const struct record *record, size_t since)
{
	for (size_t i = record->seq; i + 1 < since; i++) {
		const struct record *other = timeline_get(ledger->timeline, i);
		if (record->at == TAP_SLACK && other->at == TAP_SLACK &&
		        record_is(other, "kind", "delete") &&
		        record_is(other, "ts", record_str(record, "ts"))) {
			return true;
		}
		if (record->at == TAP_MATRIX && other->at == TAP_MATRIX &&
		        record_is(other, "redacts", record_str(record, "event_id"))) {
			return true;
		}
	}
	return false;
}

/* Is this one a further part of the message, and not the same once more? */
static bool is_further_part(const struct ledger *ledger, const struct entry *entry,
        const struct record *record)
{
	bool outside = record_str(record, "thread")[0] == '\0';

	if (record->at == TAP_MATRIX && entry->part_count == 1 &&
	        was_deleted(ledger, entry->arrived, record->seq)) {
		return true;
	}
	if (record->at == TAP_MATRIX) {
		return record_is(entry->source, "subtype", "thread_broadcast") &&
		       entry->part_count == 1 && outside &&
		       record_str(entry->arrived, "thread")[0] != '\0';
	}
	for (size_t i = 0; i < entry->part_count; i++) {
		const struct record *part = entry->parts[i];
		if (json_int(part->json, "piece", 0) ==
		                json_int(record->json, "piece", 0) &&
		        !was_deleted(ledger, part, record->seq)) {
			return false;
		}
	}
	return true;
}

/* Of a long text in events: what follows the first, as long as it is what the text goes
 * on with. */
static void take_rest(struct ledger *ledger, struct entry *entry, const char *words)
{
	size_t done = 0;

	for (size_t i = 0; i < ledger->arrival_count; i++) {
		struct arrival *arrival = &ledger->arrivals[i];
		bool is_first = arrival->record == entry->arrived;
		const char *rest = words + done;
		if (arrival->record->at != TAP_MATRIX ||
		        arrival->record->seq < entry->arrived->seq ||
		        (arrival->taken && !is_first) ||
		        !record_is(arrival->record, "sender",
		                record_str(entry->arrived, "sender"))) {
			continue;
		}
		rest += rest[0] == ' ' ? 1 : 0;
		if (!str_starts(rest, arrival->words)) {
			return;
		}
		if (!is_first) {
			add_part(entry, arrival);
		}
		done = (size_t)(rest - words) + strlen(arrival->words);
		if (words[done] == '\0') {
			return;
		}
	}
}

/* Whether a delivery of this message was acknowledged. The k-th message of a text belongs
 * to the k-th event of that text, so each event is taken once. */
static bool was_accepted(
        struct ledger *ledger, const struct record *source, struct map *taken)
{
	for (size_t i = source->seq; i < timeline_count(ledger->timeline); i++) {
		const struct record *record = timeline_get(ledger->timeline, i);
		if (record->at == TAP_SLACK && record_is(record, "kind", "envelope") &&
		        record_is(record, "text", record_str(source, "text")) &&
		        record_is(record, "in", record_str(source, "in")) &&
		        map_get(ledger->acked, record_str(record, "envelope")) != NULL &&
		        map_set(taken, record_str(record, "event_id"), ledger) == NULL) {
			return true;
		}
	}
	return false;
}

const struct record *ledger_told(
        const struct ledger *ledger, const char *conversation, size_t since)
{
	for (size_t i = since; i < timeline_count(ledger->timeline); i++) {
		const struct record *record = timeline_get(ledger->timeline, i);
		if (is_matrix_message(record) && record_is(record, "event", "notice") &&
		        record_is(record, "by", "appservice") &&
		        same_conversation(ledger, record, conversation)) {
			return record;
		}
	}
	return NULL;
}

/* ---------------------------------------------------------------- building */

static void add_entry(
        struct ledger *ledger, const struct record *record, struct map *taken)
{
	const struct place *room = NULL;
	const char *conversation = pair_of(ledger, record, &room);
	struct entry entry = {
	        .direction = record->at == TAP_SLACK ? SLACK_TO_MATRIX : MATRIX_TO_SLACK,
	        .conversation = conversation,
	        .source = record,
	};

	if (conversation == NULL ||
	        (room->ended != NULL && record->seq > room->ended->seq) ||
	        (room->follows && record->seq < room->created->seq)) {
		return;
	}
	/* From before there was a portal only what the bridge has accepted counts. */
	if (record->at == TAP_SLACK && !was_accepted(ledger, record, taken) &&
	        room->created->seq > record->seq) {
		return;
	}
	ledger->entries[ledger->count++] = entry;
}

/* The bridge said in the room that it could not deliver it. People on Slack cannot be
 * told there: for them counts only that what they wrote has been set aside, or is left to
 * be read on Slack. */
static const struct record *find_told(
        const struct ledger *ledger, const struct entry *entry)
{
	const struct record *told =
	        ledger_told(ledger, entry->conversation, entry->source->seq);

	while (told != NULL && entry->direction == SLACK_TO_MATRIX &&
	        strstr(record_str(told, "text"), "set aside") == NULL &&
	        strstr(record_str(told, "text"), "stand only on Slack") == NULL) {
		told = ledger_told(ledger, entry->conversation, told->seq);
	}
	return told;
}

static void follow_entry(struct ledger *ledger, struct entry *entry)
{
	autofree char *words = words_of(entry->source);
	struct arrival *arrival = find_arrival(ledger, entry, words);

	if (arrival == NULL) {
		return;
	}
	entry->arrived = arrival->record;
	add_part(entry, arrival);
	if (entry->direction == SLACK_TO_MATRIX && begins_with(words, arrival->words)) {
		take_rest(ledger, entry, words);
	}
}

static void look_for_more(struct ledger *ledger, struct entry *entry)
{
	autofree char *words = words_of(entry->source);
	struct arrival *arrival;

	while (entry->arrived != NULL && entry->again == NULL &&
	        (arrival = find_arrival(ledger, entry, words)) != NULL) {
		if (is_further_part(ledger, entry, arrival->record)) {
			add_part(entry, arrival);
		} else {
			arrival->taken = true;
			entry->again = arrival->record;
		}
	}
}

/* Texts repeat, so all first arrivals are given out before any second one is looked for.
 */
static void follow_entries(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++) {
		follow_entry(ledger, &ledger->entries[i]);
	}
	for (size_t i = 0; i < ledger->count; i++) {
		look_for_more(ledger, &ledger->entries[i]);
	}
	for (size_t i = 0; i < ledger->count; i++) {
		struct entry *entry = &ledger->entries[i];
		if (entry->arrived == NULL) {
			entry->told = find_told(ledger, entry);
		}
	}
}

struct ledger *ledger_create(const struct timeline *timeline)
{
	struct ledger *ledger = xcalloc(1, sizeof(*ledger));
	struct map *taken = map_create();
	size_t count = timeline_count(timeline);

	ledger->timeline = timeline;
	ledger->channels = map_create();
	ledger->rooms = map_create();
	ledger->pairs = map_create();
	ledger->acked = map_create();
	ledger->arrivals = xcalloc(count + 1, sizeof(*ledger->arrivals));
	ledger->entries = xcalloc(count + 1, sizeof(*ledger->entries));
	for (size_t i = 0; i < count; i++) {
		struct record *record = timeline_get(timeline, i);
		learn_place(ledger, record);
		if (record->at == TAP_MATRIX) {
			learn_end(ledger, record);
		}
		if (is_arrival(record)) {
			add_arrival(ledger, record);
		} else if (record_is(record, "kind", "ack") &&
		           !json_bool(record->json, "dropped", false)) {
			map_set(ledger->acked, record_str(record, "acked"), record);
		}
	}
	find_pairs(ledger);
	for (size_t i = 0; i < count; i++) {
		const struct record *record = timeline_get(timeline, i);
		if (is_person_on_slack(record) || is_person_on_matrix(record)) {
			add_entry(ledger, record, taken);
		}
	}
	follow_entries(ledger);
	map_destroy(&taken, NULL);
	return ledger;
}

void ledger_destroy(struct ledger **ledger)
{
	if (*ledger == NULL) {
		return;
	}
	for (size_t i = 0; i < (*ledger)->arrival_count; i++) {
		free((*ledger)->arrivals[i].words);
	}
	for (size_t i = 0; i < (*ledger)->count; i++) {
		free((*ledger)->entries[i].parts);
	}
	map_destroy(&(*ledger)->channels, free);
	map_destroy(&(*ledger)->rooms, free);
	map_destroy(&(*ledger)->pairs, NULL);
	map_destroy(&(*ledger)->acked, NULL);
	free((*ledger)->arrivals);
	free((*ledger)->entries);
	free(*ledger);
	*ledger = NULL;
}

const char *ledger_conversation(const struct ledger *ledger, const struct record *record)
{
	const struct place *room = NULL;
	const char *name = pair_of(ledger, record, &room);

	return name != NULL && room->created->seq < record->seq ? name : NULL;
}

size_t ledger_count(const struct ledger *ledger)
{
	return ledger->count;
}

const struct entry *ledger_get(const struct ledger *ledger, size_t index)
{
	return &ledger->entries[index];
}
