#include "scenarios/runner/failure.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/lifeline.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_TEXT_BYTES = 256 * 1024,
	AROUND = 10,
	SIGNS = 8,
	STDERR_LINES = 20,
	MAX_SHOWN_BYTES = 220
};

static void put_head(struct buf *out, const struct failure *failure)
{
	const struct story_step *step = failure->step;
	autofree char *when = virtual_to_str(failure->virtual_us);

	if (step != NULL) {
		buf_printf(out, "FAIL %s:%d:%d %s   req %s", step->pos.file,
		        step->pos.line, step->pos.column, failure->what,
		        step->req != NULL ? step->req : "-");
	} else {
		buf_printf(out, "FAIL %s:1:1 %s   req -", failure->story->path,
		        failure->what);
	}
	buf_printf(out, "   virtual %s   real %lld ms   sut %s   seed %lld\n", when,
	        (long long)failure->real_ms, failure->sut, (long long)failure->seed);
	buf_printf(out, "  story     %s\n", failure->story->title);
}

/* A line no longer than a person reads. */
static void put_line(struct buf *out, const char *indent, const char *line)
{
	size_t n = strlen(line);

	if (n <= MAX_SHOWN_BYTES) {
		buf_printf(out, "%s%s", indent, line);
		return;
	}
	n = MAX_SHOWN_BYTES;
	while (n > 0 && ((unsigned char)line[n] & 0xC0) == 0x80) {
		n--;
	}
	buf_printf(out, "%s%.*s...", indent, (int)n, line);
}

/* ---------------------------------------------------------------- what was near */

static void put_nearest(struct buf *out, const struct failure *failure)
{
	if (failure->nearest == NULL) {
		return;
	}
	autofree char *line = record_to_str(failure->nearest);
	put_line(out, "  nearest  ", line);
	buf_puts(out, "\n");
	if (failure->nearest_why != NULL) {
		put_line(out, "            but ", failure->nearest_why);
		buf_puts(out, "\n");
	}
}

/* The last things that are known of the message. */
static void put_life(struct buf *out, const struct failure *failure)
{
	if (failure->lost_text == NULL || failure->evidence == NULL) {
		return;
	}
	struct lifeline *life = lifeline_create(failure->evidence, failure->lost_text);
	autofree char *summary = lifeline_summary(life);
	size_t count = lifeline_count(life);
	buf_printf(out, "  life of   \"%s\": %s\n", failure->lost_text, summary);
	for (size_t i = count > SIGNS ? count - SIGNS : 0; i < count; i++) {
		autofree char *line = evidence_line(lifeline_get(life, i));
		put_line(out, "           ", line);
		buf_puts(out, "\n");
	}
	lifeline_destroy(&life);
}

static void put_end(struct buf *out, const struct record *end)
{
	autofree char *line = record_to_str(end);
	const char *text = record_str(end, "stderr");

	put_line(out, "  blame     the daemon ended unasked:\n           ", line);
	buf_puts(out, "\n");
	for (int i = 0; i < STDERR_LINES && *text != '\0'; i++) {
		size_t n = strcspn(text, "\n");
		buf_printf(out, "           | %.*s\n", (int)n, text);
		text += n + (text[n] == '\n' ? 1 : 0);
	}
}

/* What went wrong inside before it could be seen from outside. */
static void put_blame(
        struct buf *out, const struct failure *failure, const struct timeline *timeline)
{
	if (failure->end != NULL) {
		put_end(out, failure->end);
		return;
	}
	for (size_t i = timeline_count(timeline); i > 0; i--) {
		const struct record *record = timeline_get(timeline, i - 1);
		bool is_error = record_is(record, "level", "error") ||
		                record_is(record, "level", "fatal");
		if (is_error && !record->expected && record != failure->nearest) {
			autofree char *line = record_to_str(record);
			put_line(out, "  blame     perhaps ", line);
			buf_puts(out, "\n");
			return;
		}
	}
}

static void put_pending(struct buf *out, const cJSON *pending)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, pending)
	{
		buf_printf(out, "  pending   %s\n",
		        cJSON_IsString(item) ? item->valuestring : "?");
	}
}

/* ---------------------------------------------------------------- what was going on */

static const struct story_step *step_of(const struct story *story, int number)
{
	for (size_t i = 0; i < story->step_count && number > 0; i++) {
		if (story->steps[i].number == number) {
			return &story->steps[i];
		}
	}
	return NULL;
}

static void put_record(struct buf *out, const struct failure *failure,
        const struct record *record, const struct record *before)
{
	const struct story_step *step = step_of(failure->story, record->step);
	autofree char *line = record_to_str(record);

	put_line(out, "           ", line);
	if (step != NULL && (before == NULL || before->step != record->step)) {
		buf_printf(out, "   <- step %d (%s:%d)", record->step, step->pos.file,
		        step->pos.line);
	}
	buf_puts(out, "\n");
}

/* A beat, or chatter of the daemon's log: no help to somebody who looks for what
 * happened. */
static bool is_noise(const struct record *record)
{
	return record->beat || record_is(record, "level", "debug") ||
	       record_is(record, "level", "trace");
}

static void put_around(
        struct buf *out, const struct failure *failure, const struct timeline *timeline)
{
	size_t shown[AROUND];
	size_t count = 0;
	const struct record *before = NULL;

	for (size_t i = timeline_count(timeline); i > 0 && count < AROUND; i--) {
		if (!is_noise(timeline_get(timeline, i - 1))) {
			shown[count++] = i - 1;
		}
	}
	if (count > 0) {
		buf_puts(out, "  around\n");
	}
	while (count > 0) {
		const struct record *record = timeline_get(timeline, shown[--count]);
		put_record(out, failure, record, before);
		before = record;
	}
}

static void put_commands(struct buf *out, const struct failure *failure)
{
	buf_printf(out, "  replay    %s\n", failure->replay);
	if (failure->debug != NULL) {
		buf_printf(out, "  debug     %s\n", failure->debug);
	}
	if (failure->explain != NULL) {
		buf_printf(out, "  explain   %s\n", failure->explain);
	}
	if (failure->kept != NULL) {
		buf_printf(out,
		        "  kept      %s/ (trace.jsonl, timeline.jsonl, daemon.log ...)\n",
		        failure->kept);
	}
}

char *failure_to_str(const struct failure *failure, const struct timeline *timeline)
{
	struct buf out;

	buf_init(&out, MAX_TEXT_BYTES);
	put_head(&out, failure);
	buf_printf(&out, "  expected  %s\n  observed  %s\n", failure->expected,
	        failure->observed);
	put_nearest(&out, failure);
	put_life(&out, failure);
	put_blame(&out, failure, timeline);
	put_pending(&out, failure->pending);
	put_around(&out, failure, timeline);
	put_commands(&out, failure);
	char *text = xstrdup(buf_cstr(&out));
	buf_finish(&out);
	return text;
}
