/* Reactions by people, and those the bridge made of them. */
#include "scenarios/runner/fates.h"

#include "lib/emoji_table.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that stands at the end with one emoji at one message. */
struct tally {
	const struct entry *entry;
	const struct record *last; /* the last change of any of them */
	char name[EMOJI_NAME_BYTES];
	/* by people, and by the bridge */
	unsigned slack_people, slack_bridge, matrix_people, matrix_bridge;
};

/* What pictures are called that somebody gave a name to: mxc: URI -> shortcode. */
static struct map *read_pictures(const struct timeline *timeline)
{
	struct map *pictures = map_create();

	for (size_t i = 0; i < timeline_count(timeline); i++) {
		struct record *record = timeline_get(timeline, i);
		if (record->at == TAP_MATRIX && record_is(record, "event", "reaction") &&
		        record_str(record, "shortcode")[0] != '\0') {
			map_set(pictures, record_str(record, "key"), record);
		}
	}
	return pictures;
}

/* An emoji by its canonical name, from either side. */
static void name_of(const struct map *pictures, const struct record *record,
        char name[EMOJI_NAME_BYTES])
{
	const char *said =
	        record_str(record, record->at == TAP_SLACK ? "reaction" : "key");
	const struct record *picture = map_get(pictures, said);
	struct str text =
	        str_from(picture == NULL ? said : record_str(picture, "shortcode"));

	if (record->at == TAP_SLACK ? emoji_canonical(text, name)
	                            : emoji_name(text, name)) {
		return;
	}
	if (text.n > 2 && text.p[0] == ':' && text.p[text.n - 1] == ':') {
		text = (struct str){text.p + 1, text.n - 2};
	}
	snprintf(name, EMOJI_NAME_BYTES, "%.*s",
	        (int)(text.n < EMOJI_NAME_BYTES ? text.n : EMOJI_NAME_BYTES - 1), text.p);
}

struct tallies {
	struct map *all;
	struct map *pictures;
};

static struct tally *tally_of(
        struct tallies *tallies, const struct entry *entry, const struct record *record)
{
	char name[EMOJI_NAME_BYTES];

	name_of(tallies->pictures, record, name);
	autofree char *key = xasprintf("%zu %s", entry->source->seq, name);
	struct tally *tally = map_get(tallies->all, key);
	if (tally == NULL) {
		tally = xcalloc(1, sizeof(*tally));
		tally->entry = entry;
		memcpy(tally->name, name, sizeof(name));
		map_set(tallies->all, key, tally);
	}
	tally->last = record;
	return tally;
}

/* The last word about each of Slack's, by message, emoji and user. */
static struct map *last_words(const struct timeline *timeline)
{
	struct map *last = map_create();

	for (size_t i = 0; i < timeline_count(timeline); i++) {
		struct record *record = timeline_get(timeline, i);
		if (record->at == TAP_SLACK && record_is(record, "kind", "reaction")) {
			autofree char *key = xasprintf("%s %s %s %s",
			        record_str(record, "channel"), record_str(record, "ts"),
			        record_str(record, "reaction"),
			        record_str(record, "user"));
			map_set(last, key, record);
		}
	}
	return last;
}

static void count_slack(const struct fates *fates, const struct timeline *timeline,
        struct tallies *tallies)
{
	struct map *last = last_words(timeline);
	void *value;

	for (size_t i = 0; map_next(last, &i, NULL, &value);) {
		const struct record *record = value;
		autofree char *key = xasprintf(
		        "%s %s", record_str(record, "channel"), record_str(record, "ts"));
		const struct entry *entry = fates_entry(fates, key);
		if (entry == NULL) {
			continue;
		}
		struct tally *tally = tally_of(tallies, entry, record);
		unsigned there = record_is(record, "action", "added") ? 1 : 0;
		if (record_is(record, "by", "app")) {
			tally->slack_bridge += there;
		} else {
			tally->slack_people += there;
		}
	}
	map_destroy(&last, NULL);
}

static void count_matrix(const struct fates *fates, const struct timeline *timeline,
        struct tallies *tallies)
{
	for (size_t i = 0; i < timeline_count(timeline); i++) {
		const struct record *record = timeline_get(timeline, i);
		if (record->at != TAP_MATRIX || !record_is(record, "event", "reaction")) {
			continue;
		}
		const struct entry *entry =
		        fates_entry(fates, record_str(record, "target"));
		/* To one that was not on Slack yet: that asks for it to be tried again.
		 */
		if (entry == NULL ||
		        (entry->arrived != NULL && record->seq < entry->arrived->seq)) {
			continue;
		}
		struct tally *tally = tally_of(tallies, entry, record);
		const struct record *gone = fates_deleted(fates, record);
		tally->last = gone == NULL ? tally->last : gone;
		if (gone == NULL && record_is(record, "by", "appservice")) {
			tally->matrix_bridge++;
		} else if (gone == NULL) {
			tally->matrix_people++;
		}
	}
}

static bool is_right(const struct fates *fates, const struct tally *tally)
{
	/* The bot once for all, or each with a Slack user of their own. */
	bool is_on_slack = tally->matrix_people > 0
	                           ? tally->slack_bridge >= 1 &&
	                                     tally->slack_bridge <= tally->matrix_people
	                           : tally->slack_bridge == 0;

	if (tally->entry->arrived == NULL ||
	        fates_deleted(fates, tally->entry->source) != NULL ||
	        fates_deleted(fates, tally->entry->arrived) != NULL) {
		return true; /* they went with their message */
	}
	return (tally->slack_people == tally->matrix_bridge && is_on_slack) ||
	       fates_was_told(fates, tally->entry, tally->last);
}

bool fates_reactions(const struct fates *fates, struct disagreement *out)
{
	const struct timeline *timeline = fates_timeline(fates);
	struct tallies tallies = {map_create(), read_pictures(timeline)};
	bool ok = true;
	void *value;

	count_slack(fates, timeline, &tallies);
	count_matrix(fates, timeline, &tallies);
	for (size_t i = 0; ok && map_next(tallies.all, &i, NULL, &value);) {
		const struct tally *tally = value;
		ok = is_right(fates, tally);
		if (!ok) {
			*out = (struct disagreement){tally->entry, tally->last,
			        xasprintf(
			                "%s: %u people on Slack, %u of them on Matrix; %u "
			                "people on Matrix, %u time(s) the bridge on Slack",
			                tally->name, tally->slack_people,
			                tally->matrix_bridge, tally->matrix_people,
			                tally->slack_bridge)};
		}
	}
	map_destroy(&tallies.all, free);
	map_destroy(&tallies.pictures, NULL);
	return ok;
}
