#include "scenarios/runner/acks.h"

#include "lib/map.h"
#include "lib/mem.h"

#include <stdlib.h>

struct event { /* by its event_id, or its envelope's ID where it has none */
	const struct record *delivery; /* the last one */
	bool acked, excused;
};

struct envelope { /* by its ID: one frame, unless Slack sends it again by mistake */
	unsigned sent, acked;
};

struct acks {
	struct map *events;    /* struct event */
	struct map *envelopes; /* struct envelope */
	size_t wrong;
	const struct record *first_wrong;
	bool database_failed;   /* the story took it away */
	int64_t stood_until_us; /* the story stopped the daemon until then; 0: it did not
	                         */
};

struct acks *acks_create(void)
{
	struct acks *acks = xcalloc(1, sizeof(*acks));

	acks->events = map_create();
	acks->envelopes = map_create();
	return acks;
}

void acks_destroy(struct acks **acks)
{
	if (*acks == NULL) {
		return;
	}
	map_destroy(&(*acks)->events, free);
	map_destroy(&(*acks)->envelopes, free);
	free(*acks);
	*acks = NULL;
}

static const char *event_key(const struct record *record, const char *envelope_field)
{
	const char *event_id = record_str(record, "event_id");
	return event_id[0] != '\0' ? event_id : record_str(record, envelope_field);
}

static struct event *get_event(struct acks *acks, const char *key)
{
	struct event *event = map_get(acks->events, key);

	if (event == NULL) {
		event = xcalloc(1, sizeof(*event));
		map_set(acks->events, key, event);
	}
	return event;
}

static struct envelope *get_envelope(struct acks *acks, const char *id)
{
	struct envelope *envelope = map_get(acks->envelopes, id);

	if (envelope == NULL) {
		envelope = xcalloc(1, sizeof(*envelope));
		map_set(acks->envelopes, id, envelope);
	}
	return envelope;
}

static bool is_marked(const struct record *record, const char *mark)
{
	return json_bool(record->json, mark, false);
}

/* Nobody acknowledges in time what came while he stood still. */
static bool is_late(const struct acks *acks, const struct record *record)
{
	int64_t sent_us = record->us - json_int(record->json, "after_ms", 0) * 1000;
	return is_marked(record, "late") && sent_us >= acks->stood_until_us;
}

static void add_ack(struct acks *acks, const struct record *record)
{
	if (is_marked(record, "dropped")) {
		return; /* Slack, at fault, did not notice it */
	}
	if (is_marked(record, "unknown") && record->expected) {
		return; /* of a frame that a step made up */
	}
	struct envelope *envelope = get_envelope(acks, record_str(record, "acked"));
	envelope->acked++;
	if (envelope->acked > envelope->sent || is_late(acks, record) ||
	        is_marked(record, "unknown") || is_marked(record, "wrong_conn")) {
		acks->wrong++;
		if (acks->first_wrong == NULL) {
			acks->first_wrong = record;
		}
	}
	get_event(acks, event_key(record, "acked"))->acked = true;
}

static void add_envelope(struct acks *acks, const struct record *record)
{
	get_envelope(acks, record_str(record, "envelope"))->sent++;
	get_event(acks, event_key(record, "envelope"))->delivery = record;
}

/* What cannot be stored must not be acknowledged, until Slack gives it up. */
static void add_lost(struct acks *acks, const struct record *record)
{
	if (acks->database_failed) {
		get_event(acks, event_key(record, "envelope"))->excused = true;
	}
}

void acks_add(struct acks *acks, const struct record *record)
{
	if (record->at == TAP_RUNNER &&
	        (record_is(record, "does", "database.stop") ||
	                record_is(record, "does", "database.lock"))) {
		acks->database_failed = true;
	}
	if (record->at == TAP_RUNNER && record_is(record, "does", "bridge.resume")) {
		acks->stood_until_us = record->us;
	}
	if (record->at != TAP_SLACK) {
		return;
	}
	if (record_is(record, "kind", "envelope")) {
		add_envelope(acks, record);
	} else if (record_is(record, "kind", "ack")) {
		add_ack(acks, record);
	} else if (record_is(record, "kind", "lost")) {
		add_lost(acks, record);
	}
}

size_t acks_events(const struct acks *acks)
{
	return map_count(acks->events);
}

static size_t count_open(const struct acks *acks, const struct record **first)
{
	size_t cursor = 0, count = 0;
	void *value;

	while (map_next(acks->events, &cursor, NULL, &value)) {
		const struct event *event = value;
		if (event->acked || event->excused || event->delivery == NULL) {
			continue;
		}
		if (count++ == 0) {
			*first = event->delivery;
		}
	}
	return count;
}

size_t acks_open(const struct acks *acks)
{
	const struct record *first = NULL;
	return count_open(acks, &first);
}

const struct record *acks_first_open(const struct acks *acks)
{
	const struct record *first = NULL;
	count_open(acks, &first);
	return first;
}

size_t acks_wrong(const struct acks *acks)
{
	return acks->wrong;
}

const struct record *acks_first_wrong(const struct acks *acks)
{
	return acks->first_wrong;
}

void acks_describe(const struct acks *acks, struct buf *out)
{
	const struct record *open = acks_first_open(acks);

	buf_printf(out, "%zu events, %zu not acknowledged", acks_events(acks),
	        acks_open(acks));
	if (open != NULL) {
		buf_printf(out, " (the first: #%zu %s)", open->seq,
		        event_key(open, "envelope"));
	}
	buf_printf(out, ", %zu acknowledged twice, late or wrongly", acks->wrong);
	if (acks->first_wrong != NULL) {
		buf_printf(out, " (the first: #%zu)", acks->first_wrong->seq);
	}
}
