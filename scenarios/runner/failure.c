#include "scenarios/runner/failure.h"

#include "lib/buf.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT_BYTES = 256 * 1024, AROUND = 8, SIGNS = 3, STDERR_LINES = 20 };

static void put_head(struct buf *out, const struct failure *failure, int64_t virtual_us,
        int64_t real_ms)
{
	const struct story_step *step = failure->step;
	autofree char *when = virtual_to_str(virtual_us);

	if (step != NULL) {
		buf_printf(out, "FAIL %s:%d:%d %s   req %s", step->pos.file,
		        step->pos.line, step->pos.column, failure->what,
		        step->req != NULL ? step->req : "-");
	} else {
		buf_printf(out, "FAIL %s:1:1 %s", failure->story->path, failure->what);
	}
	buf_printf(out, "   virtual %s   real %lld ms\n", when, (long long)real_ms);
	buf_printf(out, "  story     %s\n", failure->story->title);
}

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
	autofree char *line = record_to_str(record);

	buf_printf(out, "           %s", line);
	if (before == NULL || before->step != record->step) {
		const struct story_step *step = step_of(failure->story, record->step);
		if (step != NULL) {
			buf_printf(out, "   <- step %d (%s:%d)", record->step,
			        step->pos.file, step->pos.line);
		}
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

static bool mentions(const struct record *record, const char *text)
{
	return record_is(record, "text", text) || record_is(record, "mark", text) ||
	       record_is(record, "event_id", text);
}

static void put_signs_of_life(
        struct buf *out, const struct failure *failure, const struct timeline *timeline)
{
	size_t shown[SIGNS];
	size_t count = 0;

	for (size_t i = timeline_count(timeline); i > 0 && count < SIGNS; i--) {
		if (mentions(timeline_get(timeline, i - 1), failure->lost_text)) {
			shown[count++] = i - 1;
		}
	}
	buf_printf(out, "  last signs of \"%s\"%s\n", failure->lost_text,
	        count == 0 ? ": none" : "");
	while (count > 0) {
		put_record(out, failure, timeline_get(timeline, shown[--count]), NULL);
	}
}

static void put_end(struct buf *out, const struct record *end)
{
	autofree char *line = record_to_str(end);
	const char *text = record_str(end, "stderr");

	buf_printf(out, "  the daemon ended unasked:\n           %s\n", line);
	for (int i = 0; i < STDERR_LINES && *text != '\0'; i++) {
		size_t n = strcspn(text, "\n");
		buf_printf(out, "           | %.*s\n", (int)n, text);
		text += n + (text[n] == '\n' ? 1 : 0);
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

char *failure_to_str(const struct failure *failure, const struct timeline *timeline,
        int64_t virtual_us, int64_t real_ms)
{
	struct buf out;

	buf_init(&out, MAX_TEXT_BYTES);
	put_head(&out, failure, virtual_us, real_ms);
	buf_printf(&out, "  expected  %s\n  observed  %s\n", failure->expected,
	        failure->observed);
	if (failure->nearest != NULL) {
		autofree char *line = record_to_str(failure->nearest);
		buf_printf(&out, "  nearest  %s%s%s\n", line,
		        failure->nearest_why != NULL ? "   but " : "",
		        failure->nearest_why != NULL ? failure->nearest_why : "");
	}
	if (failure->end != NULL) {
		put_end(&out, failure->end);
	}
	put_pending(&out, failure->pending);
	if (failure->lost_text != NULL) {
		put_signs_of_life(&out, failure, timeline);
	}
	put_around(&out, failure, timeline);
	buf_printf(&out, "  replay    %s\n", failure->replay);
	if (failure->kept != NULL) {
		buf_printf(&out, "  kept      %s/ (timeline.jsonl, daemon.log ...)\n",
		        failure->kept);
	}
	char *text = xstrdup(buf_cstr(&out));
	buf_finish(&out);
	return text;
}
