#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/files.h"
#include "scenarios/runner/play.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RUN_ARGS = 24, SETTLE_SPAN_MS = 15 * 60 * 1000 };

typedef bool step_fn(struct play *play, const struct story_step *step, const cJSON *args);

static bool fail_err(struct play *play, const struct err *err)
{
	return play_fail_text(play, VERDICT_FAIL, "that it can be done", "%s", err->msg);
}

static bool fail_not_running(struct play *play)
{
	return play_fail_text(
	        play, VERDICT_FAIL, "a daemon that runs", "it does not run");
}

/* ---------------------------------------------------------------- the daemon */

/* Puts the texts of a list behind the first `count` words, and NULL behind them. */
static void add_words(const char **words, size_t count, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (count < MAX_RUN_ARGS && cJSON_IsString(item)) {
			words[count++] = item->valuestring;
		}
	}
	words[count] = NULL;
}

/* False with *err, or because the story has failed. */
static bool start_ours(struct play *play, const cJSON *args, struct err *err)
{
	const char *service[MAX_RUN_ARGS + 1] = {"-c", play->setup.config_path, NULL};

	add_words(service, 2, json_arr(args, "flags"));
	if (!json_bool(args, "keep", false) &&
	        (!setup_write_registration(&play->setup, err) ||
	                !setup_write_config(
	                        &play->setup, json_get(args, "config"), err))) {
		return false;
	}
	return life_start(play, service);
}

static bool step_start(
        struct play *play, const struct story_step *step, const cJSON *args)
{
	struct err err = ERR_INIT;

	(void)step;
	life_set_around(play, args);
	if (play->options->adapter != NULL) {
		if (!adapted_start(play, args, &err)) {
			return fail_err(play, &err);
		}
	} else if (!start_ours(play, args, &err)) {
		return err.kind == ERR_NONE ? false : fail_err(play, &err);
	}
	if (!play_quiet(play)) {
		return false;
	}
	if (play->daemon == NULL) {
		return play_fail_text(play, VERDICT_FAIL, "a daemon that stays up",
		        "it ended while it started: %s", play->end->line);
	}
	autojson cJSON *up = json_set_str(json_new(), "kind", "up");
	play_report(play, TAP_BRIDGE, json_set_bool(up, "up", true));
	return true;
}

static bool has_ended(struct play *play, void *arg)
{
	(void)arg;
	return play->daemon == NULL;
}

static bool wait_for_end(struct play *play, const struct story_step *step)
{
	int64_t deadline = play_now_us(play) + step->within_ms * 1000;

	switch (play_pass(play, has_ended, NULL, deadline)) {
	case PASSING_DONE:
		return true;
	case PASSING_LATE:
		return play_fail_text(play, VERDICT_FAIL, "the daemon's end",
		        "it still runs after %lld ms", (long long)step->within_ms);
	case PASSING_FAILED:
		break;
	}
	return false;
}

static int signal_from_str(const char *name)
{
	return strcmp(name, "INT") == 0    ? SIGINT
	       : strcmp(name, "HUP") == 0  ? SIGHUP
	       : strcmp(name, "QUIT") == 0 ? SIGQUIT
	                                   : SIGTERM;
}

static bool step_stop(struct play *play, const struct story_step *step, const cJSON *args)
{
	if (play->daemon == NULL) {
		return fail_not_running(play);
	}
	play->end_is_asked = true;
	daemon_signal(play->daemon, signal_from_str(json_str_or(args, "signal", "TERM")));
	return wait_for_end(play, step);
}

static bool step_wait(struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)args;
	play->end_is_asked = true;
	return wait_for_end(play, step);
}

static bool arm_kill_rule(struct play *play, const cJSON *args)
{
	const cJSON *on = json_obj(args, "on");
	struct err err = ERR_INIT;
	enum tap at;

	match_destroy(&play->kill_rule.match);
	if (!tap_from_str(json_str_or(on, "at", ""), &at)) {
		return play_fail_text(
		        play, VERDICT_FAIL, "a tap in `on`", "it has no `at`");
	}
	play->kill_rule = (struct kill_rule){.match = match_create(on, &err),
	        .at = at,
	        .after_answer = str_equal(json_str(args, "when"), "after")};
	return play->kill_rule.match != NULL || fail_err(play, &err);
}

static bool step_signal(
        struct play *play, const struct story_step *step, const cJSON *args)
{
	struct err err = ERR_INIT;

	(void)step;
	if (play->daemon == NULL) {
		return fail_not_running(play);
	}
	if (json_get(args, "config") != NULL &&
	        !setup_write_config(&play->setup, json_get(args, "config"), &err)) {
		return fail_err(play, &err);
	}
	int signum = signal_from_str(json_str_or(args, "signal", "TERM"));
	play->end_is_asked = play->end_is_asked || signum != SIGHUP;
	daemon_signal(play->daemon, signum);
	return true;
}

static bool step_kill(struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)step;
	if (play->daemon == NULL) {
		return fail_not_running(play);
	}
	if (json_get(args, "on") != NULL) {
		play->end_is_asked = true;
		return arm_kill_rule(play, args);
	}
	if (json_get(args, "at") != NULL) {
		bool is_after = str_equal(json_str(args, "when"), "after");
		int64_t number = (int64_t)vtime_durable_calls(play->vtime) +
		                 json_int(args, "at", 1);
		play->end_is_asked = true;
		play->torture_is_armed = false;
		vtime_set_kill_at(play->vtime, 2 * number + (is_after ? 1 : 0));
		return true;
	}
	life_kill(play);
	return play_quiet(play);
}

/* ---- as on a command line ---- */

/* What the daemon itself gives as an example. */
static bool write_example(struct play *play)
{
	const char *const args[] = {"-c", play->setup.config_path, "-e", NULL};

	if (!life_start(play, args)) {
		return false;
	}
	play->end_is_asked = true;
	if (!play_quiet(play)) {
		return false;
	}
	if (play->daemon != NULL || json_int(play->end->json, "exit", -1) != 0) {
		return play_fail_text(play, VERDICT_FAIL,
		        "the example configuration from -e", "none was written");
	}
	return true;
}

static bool write_run_config(struct play *play, const cJSON *args, struct err *err)
{
	const cJSON *config = json_get(args, "config");
	const char *raw = json_str(args, "raw_config");
	const char *word = cJSON_IsString(config) ? config->valuestring : "good";

	if (raw != NULL) {
		return setup_write_file(play->setup.config_path, raw, err);
	}
	remove(play->setup.config_path);
	if (strcmp(word, "none") == 0) {
		return true;
	}
	if (strcmp(word, "example") == 0) {
		return write_example(play);
	}
	autojson cJSON *changes =
	        cJSON_IsObject(config) ? cJSON_Duplicate(config, true) : json_new();
	const cJSON *item;
	cJSON_ArrayForEach(item, json_obj(args, "set"))
	{
		json_set(changes, item->string, cJSON_Duplicate(item, true));
	}
	return setup_write_config(&play->setup, changes, err);
}

static bool write_run_files(struct play *play, const cJSON *args, struct err *err)
{
	if (json_bool(args, "keep", false)) {
		return true;
	}
	remove(play->setup.registration_path);
	bool ok = str_equal(json_str(args, "registration"), "none") ||
	          setup_write_registration(&play->setup, err);
	return ok && write_run_config(play, args, err);
}

static bool step_run(struct play *play, const struct story_step *step, const cJSON *args)
{
	const char *words[MAX_RUN_ARGS + 1] = {"-c", play->setup.config_path, NULL};
	const cJSON *list = json_arr(args, "args");
	struct err err = ERR_INIT;

	life_set_around(play, NULL);
	if (!write_run_files(play, args, &err)) {
		return fail_err(play, &err);
	}
	if (list != NULL) {
		add_words(words, 0, list);
	}
	life_set_around(play, args);
	if (!life_start(play, words)) {
		return false;
	}
	play->end_is_asked = true;
	return wait_for_end(play, step);
}

/* ---------------------------------------------------------------- time and remarks */

static bool never_done(struct play *play, void *arg)
{
	(void)play;
	(void)arg;
	return false;
}

static bool step_advance(
        struct play *play, const struct story_step *step, const cJSON *args)
{
	const cJSON *by = json_get(args, "by");
	int64_t ms = json_int(args, "by", 0) * 1000;

	(void)step;
	if (cJSON_IsString(by)) {
		duration_parse(by->valuestring, &ms);
	}
	return play_pass(play, never_done, NULL, play_now_us(play) + ms * 1000) !=
	       PASSING_FAILED;
}

static bool step_settle(
        struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)args;
	return play_settle(
	        play, step->for_ms > 0 ? step->for_ms : SETTLE_SPAN_MS, step->within_ms);
}

static bool step_note(struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)step;
	play_note(play, "note", json_str_or(args, "text", ""));
	return true;
}

static bool step_cut(struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)step;
	return net_cut(play, args);
}

static bool step_heal(struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)step;
	return net_heal(play, args);
}

static bool step_lock(struct play *play, const struct story_step *step, const cJSON *args)
{
	struct err err = ERR_INIT;

	(void)step;
	(void)args;
	if (!database_lock(play->database, &err)) {
		return fail_err(play, &err);
	}
	vtime_allow_stall(play->vtime, database_is_server(play->database));
	return true;
}

static bool step_unlock(
        struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)step;
	(void)args;
	database_unlock(play->database);
	vtime_allow_stall(play->vtime, false);
	vtime_wake(play->vtime);
	return true;
}

static bool step_db_stop(
        struct play *play, const struct story_step *step, const cJSON *args)
{
	struct err err = ERR_INIT;

	(void)step;
	vtime_set_stop_pid(play->vtime, 0);
	if (!database_stop(play->database, json_str_or(args, "how", "fast"), &err)) {
		return fail_err(play, &err);
	}
	vtime_wake(play->vtime);
	return true;
}

static bool step_db_start(
        struct play *play, const struct story_step *step, const cJSON *args)
{
	struct err err = ERR_INIT;

	(void)step;
	(void)args;
	if (!database_start(play->database, &err)) {
		return fail_err(play, &err);
	}
	vtime_set_stop_pid(play->vtime, database_pid(play->database));
	return true;
}

/* ---------------------------------------------------------------- one step */

static const struct {
	const char *verb;
	step_fn *fn;
} verbs[] = {
        {"bridge.start", step_start},
        {"bridge.stop", step_stop},
        {"bridge.kill", step_kill},
        {"bridge.signal", step_signal},
        {"bridge.run", step_run},
        {"bridge.wait", step_wait},
        {"bridge.fault", props_fault},
        {"bridge.pause", trouble_pause},
        {"bridge.resume", trouble_resume},
        {"bridge.deny", trouble_deny},
        {"bridge.allow", trouble_allow},
        {"clock.step", trouble_step},
        {"bridge.get", looks_get},
        {"bridge.listeners", looks_listeners},
        {"database.rows", looks_rows},
        {"file.write", props_write},
        {"file.look", props_look},
        {"database.lock", step_lock},
        {"database.unlock", step_unlock},
        {"database.stop", step_db_stop},
        {"database.start", step_db_start},
        {"clock.advance", step_advance},
        {"net.cut", step_cut},
        {"net.heal", step_heal},
        {"expect", play_watch},
        {"never", play_watch},
        {"settle", step_settle},
        {"note", step_note},
};

static step_fn *find_step(const char *verb)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].verb, verb) == 0) {
			return verbs[i].fn;
		}
	}
	return str_starts(verb, "slack.") || str_starts(verb, "matrix.") ? job_start
	                                                                 : NULL;
}

static bool is_watching(const struct story_step *step)
{
	return str_equal(step->verb, "expect") || str_equal(step->verb, "never");
}

/* Plays one step when all is quiet, and lets both sides work off what it began. */
bool play_step(struct play *play, const struct story_step *step)
{
	step_fn *fn = find_step(step->verb);
	struct err err = ERR_INIT;

	if (!play_quiet(play)) {
		return false;
	}
	play->step = step;
	play->step_number = step->number;
	if (step->note != NULL) {
		play_note(play, "note", step->note);
	}
	autojson cJSON *args = values_put_in(play->values, step->args, &err);
	if (args == NULL) {
		return fail_err(play, &err);
	}
	if (fn == NULL) {
		return play_fail_text(play, VERDICT_HARNESS, "a verb the engine knows",
		        "%s", step->verb);
	}
	if (!is_watching(step)) {
		play_note(play, "does", step->verb);
	}
	return fn(play, step, args) && play_quiet(play);
}
