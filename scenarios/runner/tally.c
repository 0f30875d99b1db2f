#include "scenarios/runner/tally.h"

#include "lib/map.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NAMED = 8 };

struct entry { /* one place of the list */
	const char *text;
	struct entry *again; /* the next place with the same text */
	size_t place;
	bool has_come;
};

struct tally {
	struct entry *entries;
	size_t count, come;
	struct map *by_text; /* first struct entry of each text */
	bool in_order, once;
	cJSON *texts;
	size_t furthest; /* one more than the highest place that has come */
	struct buf duplicates, disorder;
	unsigned duplicate_count, disorder_count;
};

struct tally *tally_create(const cJSON *texts, bool in_order, bool once)
{
	struct tally *tally = xcalloc(1, sizeof(*tally));
	const cJSON *item;

	tally->texts = cJSON_Duplicate(texts, true);
	tally->entries =
	        xcalloc((size_t)cJSON_GetArraySize(texts) + 1, sizeof(*tally->entries));
	tally->by_text = map_create();
	tally->in_order = in_order;
	tally->once = once;
	buf_init(&tally->duplicates, 4096);
	buf_init(&tally->disorder, 4096);
	cJSON_ArrayForEach(item, tally->texts)
	{
		struct entry *entry = &tally->entries[tally->count];
		*entry = (struct entry){
		        .text = item->valuestring, .place = tally->count++};
		struct entry *first = map_get(tally->by_text, entry->text);
		if (first == NULL) {
			map_set(tally->by_text, entry->text, entry);
			continue;
		}
		while (first->again != NULL) {
			first = first->again;
		}
		first->again = entry;
	}
	return tally;
}

void tally_destroy(struct tally **tally)
{
	if (*tally == NULL) {
		return;
	}
	map_destroy(&(*tally)->by_text, NULL);
	free((*tally)->entries);
	cJSON_Delete((*tally)->texts);
	buf_finish(&(*tally)->duplicates);
	buf_finish(&(*tally)->disorder);
	free(*tally);
	*tally = NULL;
}

static void note(struct buf *list, unsigned *count, const char *text)
{
	if (++*count <= MAX_NAMED) {
		buf_printf(list, "%s%s", *count == 1 ? "" : ", ", text);
	}
}

bool tally_add(struct tally *tally, const char *text)
{
	struct entry *entry = map_get(tally->by_text, text);

	if (entry == NULL) {
		return false;
	}
	while (entry != NULL && entry->has_come) {
		entry = entry->again;
	}
	if (entry == NULL) {
		note(&tally->duplicates, &tally->duplicate_count, text);
		return true;
	}
	entry->has_come = true;
	tally->come++;
	if (entry->place < tally->furthest) {
		note(&tally->disorder, &tally->disorder_count, text);
	} else {
		tally->furthest = entry->place + 1;
	}
	return true;
}

enum tally_state tally_state(const struct tally *tally)
{
	if ((tally->once && tally->duplicate_count > 0) ||
	        (tally->in_order && tally->disorder_count > 0)) {
		return TALLY_WRONG;
	}
	return tally->come == tally->count ? TALLY_COMPLETE : TALLY_OPEN;
}

static void describe_list(
        struct buf *out, const char *what, const struct buf *list, unsigned count)
{
	buf_printf(out, "   %s: %s", what, count == 0 ? "-" : buf_cstr(list));
	if (count > MAX_NAMED) {
		buf_printf(out, " and %u more", count - MAX_NAMED);
	}
}

void tally_describe(const struct tally *tally, struct buf *out)
{
	struct buf missing;
	unsigned missing_count = 0;

	buf_init(&missing, 4096);
	for (size_t i = 0; i < tally->count; i++) {
		if (!tally->entries[i].has_come) {
			note(&missing, &missing_count, tally->entries[i].text);
		}
	}
	buf_printf(out, "%zu of %zu.", tally->come, tally->count);
	describe_list(out, "missing", &missing, missing_count);
	describe_list(out, "duplicate", &tally->duplicates, tally->duplicate_count);
	describe_list(out, "out of order", &tally->disorder, tally->disorder_count);
	buf_finish(&missing);
}

const char *tally_missing(const struct tally *tally)
{
	for (size_t i = 0; i < tally->count; i++) {
		if (!tally->entries[i].has_come) {
			return tally->entries[i].text;
		}
	}
	return NULL;
}
