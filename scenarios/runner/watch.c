#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/expect.h"
#include "scenarios/runner/play.h"

/* ---------------------------------------------------------------- waiting */

struct watch {
	struct expect *expect;
	enum expect_state state;
};

static bool look(struct play *play, void *arg)
{
	struct watch *watch = arg;

	watch->state = expect_look(watch->expect, play->timeline);
	return watch->state != EXPECT_WAITING;
}

static bool fail_watch(struct play *play, const struct story_step *step,
        struct expect *expect, const cJSON *args)
{
	struct buf expected, observed;
	autofree char *why = NULL;
	const struct record *nearest = expect_nearest(expect, play->timeline, &why);

	buf_init(&expected, 64 * 1024);
	buf_init(&observed, 64 * 1024);
	expect_describe(expect, &expected, &observed);
	struct failure failure = {
	        .step = step,
	        .expected = buf_cstr(&expected),
	        .observed = buf_cstr(&observed),
	        .nearest = nearest,
	        .nearest_why = why,
	        .lost_text = expect_missing_text(expect),
	};
	const char *text = json_str_or(args, "text", "/");
	if (failure.lost_text == NULL && str_equal(step->verb, "expect") &&
	        text[0] != '/') {
		failure.lost_text = text;
	}
	play_fail(play, VERDICT_FAIL, &failure);
	buf_finish(&expected);
	buf_finish(&observed);
	return false;
}

static void keep_found(
        struct play *play, const struct story_step *step, const struct expect *expect)
{
	const struct record *found = expect_record(expect);

	if (found != NULL && expect_moves_cursor(expect)) {
		play->cursor[expect_tap(expect)] = found->seq; /* the index behind it */
	}
	if (found != NULL && step->save != NULL) {
		values_set(play->values, step->save, cJSON_Duplicate(found->json, true));
	}
}

/* Whether an expect or a never came true. */
static bool wait_for(
        struct play *play, const struct story_step *step, struct watch *watch)
{
	bool is_never = str_equal(step->verb, "never");
	int64_t span_ms = is_never ? step->for_ms : step->within_ms;
	int64_t deadline = play_now_us(play) + span_ms * 1000;

	switch (play_pass(play, look, watch, deadline)) {
	case PASSING_DONE:
		return watch->state == EXPECT_MET;
	case PASSING_LATE:
		return expect_end(watch->expect) == EXPECT_MET;
	case PASSING_FAILED:
		break;
	}
	return false;
}

bool play_watch(struct play *play, const struct story_step *step, const cJSON *args)
{
	struct expect_range range = {
	        .since_ready = play->ready, .now = timeline_count(play->timeline)};
	struct watch watch = {0};
	struct err err = ERR_INIT;
	enum tap at;

	if (tap_from_str(json_str_or(args, "at", ""), &at)) {
		range.after_cursor = play->cursor[at];
	}
	watch.expect = expect_create(step->verb, args, &range, &err);
	if (watch.expect == NULL) {
		return play_fail_text(
		        play, VERDICT_FAIL, "an expectation", "%s", err.msg);
	}
	bool ok = wait_for(play, step, &watch);
	if (ok) {
		keep_found(play, step, watch.expect);
	} else {
		fail_watch(play, step, watch.expect, args);
	}
	expect_destroy(&watch.expect);
	return ok;
}
