#include "scenarios/runner/play.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/adapter.h"
#include "scenarios/runner/debugger.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ARGS = 32, NO_DATABASE = 14 /* README.md, exit statuses */ };

/* ---------------------------------------------------------------- what it writes */

/* A log line as a record: message, level, and its other fields inside "fields". */
static cJSON *log_to_record(const cJSON *line)
{
	cJSON *record = json_set_str(json_new(), "kind", "log"), *fields = json_new();
	const cJSON *item;

	json_set_str(record, "log", json_str(line, "message"));
	json_set_str(record, "level", json_str(line, "level"));
	cJSON_ArrayForEach(item, line)
	{
		const char *key = item->string;
		if (strcmp(key, "message") != 0 && strcmp(key, "level") != 0 &&
		        strcmp(key, "time") !=
		                0) { /* the record has the same time as `us` */
			json_set(fields, key, cJSON_Duplicate(item, true));
		}
	}
	return json_set(record, "fields", fields);
}

/* What another bridge writes when it is ready means what our own says then. */
static bool is_ready_line(const struct play *play, const char *text)
{
	const struct adapter *adapter = play->options->adapter;

	return adapter != NULL && adapter->ready != NULL &&
	       strstr(text, adapter->ready) != NULL;
}

static void take_line(enum daemon_stream stream, const char *text, void *arg)
{
	struct play *play = arg;

	if (is_ready_line(play, text)) {
		autojson cJSON *record = json_set_str(json_new(), "kind", "log");
		json_set_str(record, "log", "Bridge started");
		play_report(play, TAP_BRIDGE, json_set_str(record, "level", "info"));
	}
	autojson cJSON *line =
	        text[0] == '{' ? json_parse(str_from(text), &(struct err)ERR_INIT) : NULL;

	if (json_str(line, "message") != NULL && json_str(line, "level") != NULL) {
		autojson cJSON *record = log_to_record(line);
		play_report(play, TAP_BRIDGE, record);
		return;
	}
	buf_printf(&play->plain[stream], "%s\n", text);
	if (stream == DAEMON_STDERR) {
		autojson cJSON *record = json_set_str(json_new(), "kind", "stderr");
		json_set_str(record, "text", text);
		play_report(play, TAP_BRIDGE, record);
	}
}

/* ---------------------------------------------------------------- its lives */

static const char *const valgrind[] = {"valgrind", "--error-exitcode=99",
        "--leak-check=full", "--errors-for-leak-kinds=definite",
        "--show-leak-kinds=definite", "--num-callers=30", "--child-silent-after-fork=yes",
        NULL};

static char **copy_args(const char *const *args)
{
	char **copy = xcalloc(MAX_ARGS + 1, sizeof(*copy));

	for (size_t i = 0; i < MAX_ARGS && args[i] != NULL; i++) {
		copy[i] = xstrdup(args[i]);
	}
	return copy;
}

static bool start(struct play *play)
{
	struct err err = ERR_INIT;
	const struct daemon_options options = {
	        .program = play->program == NULL ? play->options->bridge : play->program,
	        .memory_fails = play->options->torture == TORTURE_OOM,
	        .wrapper = play->options->valgrind ? valgrind : NULL,
	        .shim = play->options->shim,
	        .args = (const char *const *)play->daemon_args,
	        .dir = play->setup.dir,
	        .around = play->around,
	        .log_fd = play->log_fd,
	        .wire = play->wire,
	        .line = take_line,
	        .arg = play,
	};

	buf_clear(&play->plain[0]);
	buf_clear(&play->plain[1]);
	play->end_is_asked = false;
	play->daemon = daemon_start(play->vtime, &options, &err);
	if (play->daemon == NULL) {
		return play_fail_text(
		        play, VERDICT_HARNESS, "the daemon's process", "%s", err.msg);
	}
	play_note(play, "bridge", "started");
	if (play->options->gdb) {
		play->debugger = debugger_start(daemon_pid(play->daemon),
		        play->options->bridge, play->options->gdb_script);
	}
	return true;
}

bool life_start(struct play *play, const char *const *args)
{
	if (play->daemon != NULL) {
		return play_fail_text(
		        play, VERDICT_FAIL, "a daemon that does not run yet", "it runs");
	}
	char **old = play->daemon_args;
	play->daemon_args = copy_args(args);
	for (size_t i = 0; old != NULL && old[i] != NULL; i++) {
		free(old[i]);
	}
	free(old);
	return start(play);
}

void life_set_around(struct play *play, const cJSON *around)
{
	cJSON_Delete(play->around);
	play->around = around == NULL ? NULL : cJSON_Duplicate(around, true);
}

static struct record *report_end(struct play *play, const struct daemon_end *end)
{
	autojson cJSON *record = json_set_str(json_new(), "kind", "exit");

	if (end->signum != 0) {
		json_set_str(record, "died", signal_to_str(end->signum));
	} else {
		json_set_int(record, "exit", end->exit);
	}
	json_set_bool(record, "asked", play->end_is_asked);
	json_set_str(record, "stdout", buf_cstr(&play->plain[0]));
	json_set_str(record, "stderr", buf_cstr(&play->plain[1]));
	return play_report(play, TAP_BRIDGE, record);
}

/* It said why it could not start, as it should. */
static void expect_fatal(struct play *play)
{
	for (size_t i = play->ready; i < timeline_count(play->timeline); i++) {
		struct record *record = timeline_get(play->timeline, i);
		record->expected = record->expected ||
		                   str_equal(json_str(record->json, "level"), "fatal");
	}
}

void life_end(struct play *play)
{
	struct daemon_end end;

	daemon_reap(&play->daemon, &end);
	debugger_wait(&play->debugger);
	/* The story's own kill may still be waiting for its record. */
	bool own_kill_waits = play->kill_rule.match != NULL && !play->kill_rule.fired;
	bool is_killed = play->torture_is_armed && end.signum == SIGKILL &&
	                 !vtime_kill_is_due(play->vtime) &&
	                 (!play->end_is_asked || own_kill_waits);
	bool is_torture =
	        is_killed || (!play->end_is_asked && torture_excuses_end(play, &end));
	/* It was just starting when the server crashed: whoever supervises it tries
	 * again. */
	bool found_no_database = play->options->stop_at > 0 && !play->end_is_asked &&
	                         end.signum == 0 && end.exit == NO_DATABASE;
	play->end_is_asked = play->end_is_asked || is_torture || found_no_database;
	play->end = report_end(play, &end);
	daemon_end_finish(&end);
	vtime_set_kill_at(play->vtime, 0);
	if (is_torture) {
		play->torture_is_armed = false;
		torture_lift(play);
		start(play); /* as it was started last */
		play->end_is_asked = own_kill_waits;
	} else if (found_no_database) {
		expect_fatal(play);
		play_restart_database(play);
		start(play);
	}
}

void life_kill(struct play *play)
{
	if (play->daemon != NULL) {
		play->end_is_asked = true;
		daemon_signal(play->daemon, SIGKILL);
	}
}

/* ---------------------------------------------------------------- killed when something
 * is reported */

void life_watch_record(struct play *play, const struct record *record)
{
	struct kill_rule *rule = &play->kill_rule;

	if (play->options->gdb && play->options->until > 0 && play->daemon != NULL &&
	        record->seq == (size_t)play->options->until) {
		debugger_stop(daemon_pid(play->daemon)); /* before it is woken */
	}

	if (rule->match == NULL || rule->fired || record->at != rule->at ||
	        !match_all(rule->match, record->json)) {
		return;
	}
	rule->fired = true;
	play_note(play, "kill", "the record it waited for has come");
	if (!rule->after_answer) {
		life_kill(play); /* the answer finds nobody */
	}
}

void life_watch_turn(void *arg)
{
	struct play *play = arg;

	if (play->kill_rule.match != NULL && play->kill_rule.fired) {
		if (play->kill_rule.after_answer) {
			life_kill(play); /* the answer has left, and is never read */
		}
		match_destroy(&play->kill_rule.match);
	}
}
