#include "scenarios/runner/invariants.h"

#include "lib/mem.h"

#include "scenarios/runner/acks.h"
#include "scenarios/runner/fates.h"
#include "scenarios/runner/file_ledger.h"
#include "scenarios/runner/ledger.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- I8 */

static bool is_sanitizer_report(const char *line)
{
	static const char *const marks[] = {"AddressSanitizer", "LeakSanitizer",
	        "ThreadSanitizer", "UndefinedBehaviorSanitizer",
	        ": runtime error: ", "ERROR SUMMARY: "};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (strstr(line, marks[i]) != NULL) {
			return strstr(line, "ERROR SUMMARY: 0 errors") == NULL;
		}
	}
	return false;
}

static bool is_unclean(const struct record *record)
{
	if (record->at != TAP_BRIDGE || record->expected) {
		return false;
	}
	return record_is(record, "level", "error") ||
	       record_is(record, "level", "fatal") ||
	       (record_is(record, "kind", "stderr") &&
	               is_sanitizer_report(record_str(record, "text"))) ||
	       (record_is(record, "kind", "exit") &&
	               !json_bool(record->json, "asked", false));
}

static bool check_clean(const struct timeline *timeline, struct violation *out)
{
	for (size_t i = 0; i < timeline_count(timeline); i++) {
		const struct record *record = timeline_get(timeline, i);
		if (is_unclean(record)) {
			out->what = "I8 clean";
			out->expected = xstrdup(
			        "no error in the log, no sanitizer's report, no end "
			        "that no step asked for or expected");
			out->observed = record_to_str(record);
			out->record = record;
			return false;
		}
	}
	return true;
}

/* ---------------------------------------------------------------- I1, I2, I3 */

static char *describe(const struct entry *entry)
{
	return xasprintf("%s, in %s: \"%s\" (#%zu)", direction_to_str(entry->direction),
	        entry->conversation, record_str(entry->source, "text"),
	        entry->source->seq);
}

/* What its author took back before it was anywhere is no loss. */
static bool check_loss(
        const struct ledger *ledger, const struct fates *fates, struct violation *out)
{
	for (size_t i = 0; i < ledger_count(ledger); i++) {
		const struct entry *entry = ledger_get(ledger, i);
		if (entry->arrived == NULL && entry->told == NULL &&
		        fates_deleted(fates, entry->source) == NULL) {
			out->what = "I1 no loss";
			out->expected = describe(entry);
			out->observed =
			        xstrdup("it stands nowhere, and its sender was not told");
			out->record = entry->source;
			out->lost_text = xstrdup(record_str(entry->source, "text"));
			return false;
		}
	}
	return true;
}

static bool check_duplicates(const struct ledger *ledger, struct violation *out)
{
	for (size_t i = 0; i < ledger_count(ledger); i++) {
		const struct entry *entry = ledger_get(ledger, i);
		if (entry->again != NULL) {
			out->what = "I2 no duplicate";
			out->expected = describe(entry);
			out->observed = xasprintf("it stands there twice: #%zu and #%zu",
			        entry->arrived->seq, entry->again->seq);
			out->record = entry->again;
			return false;
		}
	}
	return true;
}

/* Its sender heard, before the later one came, that what they write waits by itself: then
 * there is an order among their own messages alone. */
static bool waits_by_itself(
        const struct ledger *ledger, const struct entry *a, const struct entry *b)
{
	const char *sender = record_str(a->source, "sender");
	const struct record *told = ledger_told(ledger, a->conversation, 0);

	if (a->direction != MATRIX_TO_SLACK || record_is(b->source, "sender", sender)) {
		return false;
	}
	while (told != NULL && told->seq < b->arrived->seq) {
		const char *text = record_str(told, "text");
		if (str_starts(text, sender) && strstr(text, " waits: ") != NULL) {
			return true;
		}
		told = ledger_told(ledger, a->conversation, told->seq);
	}
	return false;
}

static bool is_inverted(
        const struct ledger *ledger, const struct entry *a, const struct entry *b)
{
	return a->direction == b->direction &&
	       strcmp(a->conversation, b->conversation) == 0 && a->arrived != NULL &&
	       b->arrived != NULL && a->source->seq < b->source->seq &&
	       a->arrived->seq > b->arrived->seq && !waits_by_itself(ledger, a, b);
}

static bool check_order(const struct ledger *ledger, struct violation *out)
{
	for (size_t i = 0; i < ledger_count(ledger); i++) {
		for (size_t j = 0; j < ledger_count(ledger); j++) {
			const struct entry *a = ledger_get(ledger, i),
			                   *b = ledger_get(ledger, j);
			if (is_inverted(ledger, a, b)) {
				autofree char *later = describe(b);
				out->what = "I3 order";
				out->expected = describe(a);
				out->observed = xasprintf(
				        "it came (#%zu) after a later one (#%zu): %s",
				        a->arrived->seq, b->arrived->seq, later);
				out->record = a->arrived;
				return false;
			}
		}
	}
	return true;
}

/* ---------------------------------------------------------------- I10, I11, I12 */

static bool check_fates(const struct fates *fates, struct violation *out)
{
	static const struct {
		const char *what;
		bool (*check)(const struct fates *fates, struct disagreement *out);
	} checks[] = {
	        {"I10 same at the end", fates_same_at_the_end},
	        {"I11 reactions", fates_reactions},
	        {"I12 threads", fates_threads},
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct disagreement found;
		if (!checks[i].check(fates, &found)) {
			out->what = checks[i].what;
			out->expected = describe(found.entry);
			out->observed = found.observed;
			out->record = found.record;
			return false;
		}
	}
	return true;
}

/* ---------------------------------------------------------------- I5 */

static bool check_acks(const struct timeline *timeline,
        const struct invariant_context *context, struct violation *out)
{
	struct acks *acks = acks_create();
	struct buf text;
	bool ok;

	for (size_t i = 0; i < timeline_count(timeline); i++) {
		acks_add(acks, timeline_get(timeline, i));
	}
	ok = acks_wrong(acks) == 0 && (!context->at_rest || acks_open(acks) == 0);
	if (!ok) {
		buf_init(&text, 65536);
		acks_describe(acks, &text);
		out->what = "I5 acknowledgement";
		out->expected = xstrdup("every event acknowledged, once and in time");
		out->observed = xstrdup(buf_cstr(&text));
		out->record = acks_first_wrong(acks) != NULL ? acks_first_wrong(acks)
		                                             : acks_first_open(acks);
		buf_finish(&text);
	}
	acks_destroy(&acks);
	return ok;
}

/* ---------------------------------------------------------------- all */

bool invariants_check(const struct timeline *timeline,
        const struct invariant_context *context, struct violation *out)
{
	struct ledger *ledger = ledger_create(timeline);
	struct fates *fates = fates_create(timeline, ledger);

	*out = (struct violation){0};
	bool ok = check_clean(timeline, out) &&
	          (!context->at_rest || check_loss(ledger, fates, out)) &&
	          check_duplicates(ledger, out) &&
	          (context->order_may_differ || check_order(ledger, out)) &&
	          file_ledger_check(timeline, ledger, context->at_rest, out) &&
	          (!context->at_rest || check_fates(fates, out)) &&
	          check_acks(timeline, context, out);
	fates_destroy(&fates);
	ledger_destroy(&ledger);
	return ok;
}

void violation_finish(struct violation *violation)
{
	free(violation->expected);
	free(violation->observed);
	free(violation->lost_text);
	*violation = (struct violation){0};
}
