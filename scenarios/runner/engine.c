#include "scenarios/runner/engine.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/adapter.h"
#include "scenarios/runner/evidence.h"
#include "scenarios/runner/files.h"
#include "scenarios/runner/invariants.h"
#include "scenarios/runner/lanes.h"
#include "scenarios/runner/leftovers.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/realtime.h"
#include "scenarios/runner/secrets.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* How the end of a story is settled, and how fast a daemon must stop. */
enum {
	REST_SPAN_MS = 15 * 60 * 1000,
	REST_WITHIN_MS = 24 * 60 * 60 * 1000,
	STOP_WITHIN_MS = 10 * 1000,
	LANES_WIDTH = 120,
	VALGRIND_FACTOR = 40, /* it is as much slower */
};

const char *verdict_to_str(enum verdict verdict)
{
	static const char *const names[] = {"pass", "fail", "harness", "unknown", "skip"};
	return names[verdict];
}

int64_t engine_real_limit_ms(const struct story *story, const struct engine_options *opts)
{
	return opts->gdb        ? INT64_MAX
	       : opts->valgrind ? story->limit.real_ms * VALGRIND_FACTOR
	                        : story->limit.real_ms;
}

/* ---------------------------------------------------------------- the steps */

/* From here on expectations count, and the command line's kill is armed. */
static void world_is_ready(struct play *play)
{
	int64_t kill_at = play->options->kill_at;

	play->ready = timeline_count(play->timeline);
	for (int i = 0; i < TAPS; i++) {
		play->cursor[i] = play->ready;
	}
	play->durable_at_ready = vtime_durable_calls(play->vtime);
	play->step_number = 0;
	play_note(play, "world", play->story->world);
	int64_t from = 2 * (int64_t)play->durable_at_ready;
	torture_arm(play);
	if (kill_at > 0) {
		play->torture_is_armed = true;
		vtime_set_kill_at(play->vtime, from + kill_at);
	}
	if (play->options->stop_at > 0 && database_pid(play->database) > 0) {
		play->stop_is_armed = true;
		vtime_set_stop_pid(play->vtime, database_pid(play->database));
		vtime_set_stop_at(play->vtime, from + play->options->stop_at);
	}
}

static void add_requirement(struct engine_result *result, const char *id)
{
	for (size_t i = 0; i < result->requirement_count; i++) {
		if (strcmp(result->requirements[i], id) == 0) {
			return;
		}
	}
	result->requirements = xrealloc(result->requirements,
	        (result->requirement_count + 1) * sizeof(*result->requirements));
	result->requirements[result->requirement_count++] = xstrdup(id);
}

static bool play_steps(struct play *play, struct engine_result *result)
{
	const struct story *story = play->story;

	for (size_t i = 0; i < story->step_count; i++) {
		if (i == story->world_steps) {
			world_is_ready(play);
		}
		if (!play_step(play, &story->steps[i])) {
			return false;
		}
		play->step_us[play->steps_done++] = play_now_us(play);
		if (story->steps[i].req != NULL) {
			add_requirement(result, story->steps[i].req);
		}
	}
	play->step = NULL;
	return play_quiet(play);
}

/* ---------------------------------------------------------------- the end */

static bool fail_violation(struct play *play, const struct violation *violation)
{
	struct failure failure = {
	        .what = violation->what,
	        .expected = violation->expected,
	        .observed = violation->observed,
	        .nearest = violation->record,
	        .lost_text = violation->lost_text,
	};
	return play_fail(play, VERDICT_FAIL, &failure);
}

static bool check_invariants(struct play *play, bool at_rest)
{
	const struct invariant_context context = {.at_rest = at_rest,
	        .order_may_differ = play->options->torture == TORTURE_IO};
	struct violation violation;

	if (invariants_check(play->timeline, &context, &violation)) {
		return true;
	}
	fail_violation(play, &violation);
	violation_finish(&violation);
	return false;
}

static bool has_stopped(struct play *play, void *arg)
{
	(void)arg;
	return play->daemon == NULL;
}

/* I8: it stops when asked to, at once and with status 0. */
static bool stop_daemon(struct play *play)
{
	struct violation violation = {.what = "I8 clean",
	        .expected = xstrdup("SIGTERM ends the daemon with status 0 within 10 s")};

	vtime_set_kill_at(play->vtime, 0);
	vtime_set_stop_at(play->vtime, 0);
	torture_lift(play);
	play->torture_is_armed = false;
	play->stop_is_armed = false;
	play->end_is_asked = true;
	daemon_signal(play->daemon, SIGTERM);
	enum passing passing = play_pass(play, has_stopped, NULL,
	        play_now_us(play) + (int64_t)STOP_WITHIN_MS * 1000);
	if (passing == PASSING_LATE) {
		violation.observed = xstrdup("it still runs");
		fail_violation(play, &violation);
	} else if (passing == PASSING_DONE &&
	           json_int(play->end->json, "exit", -1) != 0) {
		violation.observed = xstrdup(play->end->line);
		violation.record = play->end;
		fail_violation(play, &violation);
	}
	violation_finish(&violation);
	play->has_stopped = !play_has_failed(play);
	return play->has_stopped;
}

/* place: of a secret, freed here; NULL: there is none. */
static bool fail_if_secret(struct play *play, char *found)
{
	if (found == NULL) {
		return true;
	}
	struct violation violation = {.what = "I6 no secret",
	        .expected = xstrdup("no token in anything the daemon writes"),
	        .observed = found};
	fail_violation(play, &violation);
	violation_finish(&violation);
	return false;
}

/* While it still runs. */
static bool check_arguments(struct play *play)
{
	autojson cJSON *secrets = play_secrets(play);
	return fail_if_secret(
	        play, secrets_find_in_arguments(daemon_pid(play->daemon), secrets));
}

static bool check_secrets(struct play *play)
{
	autojson cJSON *secrets = play_secrets(play);
	return fail_if_secret(play, secrets_find(play->setup.dir, secrets)) &&
	       fail_if_secret(play, secrets_find_in_timeline(play->timeline, secrets));
}

static void end_story(struct play *play)
{
	bool at_rest = play->daemon != NULL && !str_equal(play->story->world, "none");

	/* A story of the command line alone has nobody who could be at rest. */
	if (at_rest && !play_settle(play, REST_SPAN_MS, REST_WITHIN_MS)) {
		return;
	}
	play->durable_at_rest = vtime_durable_calls(play->vtime);
	play->torture_calls = vtime_denial_seen(play->vtime);
	at_rest = at_rest && play->daemon != NULL;
	if (check_invariants(play, at_rest) &&
	        (play->daemon == NULL || (check_arguments(play) && stop_daemon(play))) &&
	        check_invariants(play, at_rest)) {
		check_secrets(play);
	}
}

/* ---------------------------------------------------------------- what is left behind */

static void find_leftovers(struct play *play)
{
	daemon_destroy(&play->daemon);
	debugger_wait(&play->debugger);
	database_destroy(&play->database); /* its server is a process of ours too */
	autofree char *left = leftovers_find(play);
	if (left != NULL) {
		play_fail_text(play, VERDICT_HARNESS,
		        "no process, no open port and no file left behind", "%s", left);
	}
}

static void write_evidence(struct play *play, const char *into)
{
	struct evidence evidence;
	struct err err = ERR_INIT;

	evidence_of_play(play, &evidence);
	if (play->options->lanes) {
		lanes_draw(&evidence, LANES_WIDTH, play->options->verbose, stdout);
	}
	if (!evidence_write(&evidence, into, &err)) {
		fprintf(stderr, "scenario: %s\n", err.msg);
	}
	evidence_finish(&evidence);
}

/* The evidence of every run, the daemon's files of those that failed or are asked for. */
static void keep_files(struct play *play)
{
	autofree char *into = play_out_dir(play->options, play->story);
	bool keep = play_keeps_files(play, play_has_failed(play));

	if (!keep && (play->options->kill_at != 0 || play->options->torture_at != 0)) {
		return;
	}
	folder_remove(into);
	if (!play->has_setup || !folder_make(into)) {
		return;
	}
	write_evidence(play, into);
	if (!keep) {
		return;
	}
	setup_keep(&play->setup, into);
	autofree char *path = xasprintf("%s/timeline.jsonl", into);
	FILE *out = fopen(path, "we");
	if (out != NULL) {
		timeline_write(play->timeline, out);
		fclose(out);
	}
	autofree char *failure = xasprintf("%s/failure.txt", into);
	if (play->failure != NULL) {
		file_write(failure, play->failure, strlen(play->failure), NULL);
	}
}

static void fill_result(struct play *play, struct engine_result *result)
{
	result->verdict = play->verdict;
	result->failure = xstrdup_null(play->failure);
	result->virtual_ms = play->vtime == NULL ? 0 : play_now_us(play) / 1000;
	result->timeline_sha = timeline_sha(play->timeline);
	if (play->vtime != NULL) {
		result->marks = vtime_marks(play->vtime, &result->mark_count);
	}
	if (play->durable_at_rest > play->durable_at_ready) {
		result->durable_calls =
		        (long)(play->durable_at_rest - play->durable_at_ready);
	}
	if (play->options->torture != TORTURE_NONE) {
		result->durable_calls = (long)play->torture_calls;
	}
	for (size_t i = 0; play->failure == NULL && i < play->story->proves_count; i++) {
		add_requirement(result, play->story->proves[i]);
	}
}

void engine_run(const struct story *story, const struct engine_options *opts,
        struct engine_result *result)
{
	*result = (struct engine_result){0};
	char *lack = opts->adapter == NULL ? NULL : adapter_lack(opts->adapter, story);
	if (lack != NULL) {
		result->verdict = VERDICT_SKIP;
		result->failure = lack;
		return;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	struct play *play = play_create(story, opts);

	if (!play_has_failed(play) && play_steps(play, result)) {
		end_story(play);
	}
	find_leftovers(play);
	fill_result(play, result);
	keep_files(play);
	result->real_ms = realtime_ms() - play->began_real_ms;
	play_destroy(&play);
}

void engine_result_finish(struct engine_result *result)
{
	free(result->failure);
	free(result->timeline_sha);
	for (size_t i = 0; i < result->requirement_count; i++) {
		free(result->requirements[i]);
	}
	free(result->requirements);
	for (size_t i = 0; i < result->mark_count; i++) {
		free(result->marks[i]);
	}
	free(result->marks);
	*result = (struct engine_result){0};
}
