#include "scenarios/runner/play.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/build_id.h"
#include "scenarios/runner/evidence.h"
#include "scenarios/runner/realtime.h"
#include "scenarios/runner/torture_point.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PLAIN_BYTES = 64 * 1024 };

/* 2026-01-05T09:00:00Z, a Monday: every story begins then. */
static const int64_t wall_ms_at_start = 1767603600000;

/* ---------------------------------------------------------------- records */

static bool is_chatter(const struct record *record)
{
	return record->beat || record_is(record, "level", "debug") ||
	       record_is(record, "level", "trace");
}

struct record *play_report(struct play *play, enum tap at, const cJSON *fields)
{
	struct record *record = timeline_add(
	        play->timeline, at, play_now_us(play), play->step_number, fields);

	bool is_error = record_is(record, "level", "error") ||
	                record_is(record, "level", "fatal");
	if (is_error && torture_excuses_errors(play)) {
		record->expected = true;
	}
	if (!is_chatter(record)) {
		play->last_work_us = record->us;
	}
	if (play->options->verbose) {
		autofree char *line = record_to_str(record);
		printf("%s\n", line);
	}
	return record;
}

void play_note(struct play *play, const char *kind, const char *text)
{
	autojson cJSON *record = json_set_str(json_new(), "kind", kind);

	json_set_str(record, kind, text);
	play_report(play, TAP_RUNNER, record);
}

static void tap_slack(const cJSON *record, void *arg)
{
	life_watch_record(arg, play_report(arg, TAP_SLACK, record));
}

static void tap_matrix(const cJSON *record, void *arg)
{
	life_watch_record(arg, play_report(arg, TAP_MATRIX, record));
}

/* ---------------------------------------------------------------- the stage */

uint16_t play_port_of(const char *url)
{
	const char *colon = strrchr(url, ':');
	return colon == NULL ? 0 : (uint16_t)strtoul(colon + 1, NULL, 10);
}

/* Ports and the folder differ from run to run: they are written by name. */
static void name_port(struct play *play, uint16_t port, const char *name)
{
	autofree char *address = xasprintf("127.0.0.1:%u", port);
	autofree char *local = xasprintf("localhost:%u", port);
	autofree char *number = xasprintf("\"port\":%u", port);
	autofree char *text = xasprintf("\"port\":\"%u\"", port);
	autofree char *named = xasprintf("\"port\":\"%s\"", name);

	wire_name_port(play->wire, port, name);
	timeline_rename(play->timeline, address, name);
	timeline_rename(play->timeline, local, name);
	timeline_rename(play->timeline, number, named);
	timeline_rename(play->timeline, text, named);
}

static bool open_simulators(struct play *play, struct err *err)
{
	const struct sim_slack_options slack = {
	        .seed = (uint64_t)play->options->seed, .tap = tap_slack, .tap_arg = play};
	const struct sim_matrix_options matrix = {.seed = (uint64_t)play->options->seed,
	        .server_name = "sim.test",
	        .profile = json_str(play->story->setup, "matrix.profile"),
	        .tap = tap_matrix,
	        .tap_arg = play};

	play->slack = sim_slack_create(play->loop, &slack, err);
	play->matrix =
	        play->slack == NULL ? NULL : sim_matrix_create(play->loop, &matrix, err);
	if (play->matrix == NULL) {
		return false;
	}
	name_port(play, play_port_of(sim_slack_url(play->slack)), "<slack>");
	name_port(play, play_port_of(sim_matrix_url(play->matrix)), "<matrix>");
	return true;
}

static void name_token(struct play *play, const char *prefix, const char *name)
{
	autojson cJSON *secrets = sim_slack_secrets(play->slack);
	const cJSON *item;

	cJSON_ArrayForEach(item, secrets)
	{
		if (cJSON_IsString(item) && str_starts(item->valuestring, prefix)) {
			values_set_str(play->values, name, item->valuestring);
			return;
		}
	}
}

static void name_values(struct play *play)
{
	const char *server_name = sim_matrix_server_name(play->matrix);
	autofree char *bot = xasprintf("@slackbot:%s", server_name);

	values_set_str(play->values, "registration", play->setup.registration);
	values_set_str(play->values, "slack.url", sim_slack_url(play->slack));
	values_set_str(play->values, "matrix.url", sim_matrix_url(play->matrix));
	values_set_str(play->values, "matrix.server_name", server_name);
	values_set_str(play->values, "bridge.bot", bot);
	values_set_str(play->values, "dir", play->setup.dir);
	values_set_str(play->values, "credentials", "${CREDENTIALS_DIRECTORY}");
	name_token(play, "xoxb-", "slack.bot_token");
	name_token(play, "xapp-", "slack.app_token");
}

/* A story that stops its server must not stop that of the others. */
static bool stops_database(const struct story *story)
{
	for (size_t i = 0; i < story->step_count; i++) {
		if (str_equal(story->steps[i].verb, "database.stop")) {
			return true;
		}
	}
	return false;
}

static bool open_database(struct play *play, struct err *err)
{
	const char *wish = json_str(play->story->setup, "database");
	const struct database_options options = {
	        .dir = play->setup.dir,
	        .shared_socket = play->options->postgres,
	        .wants_postgres = wish == NULL ? play->options->on_postgres
	                                       : str_equal(wish, "postgres"),
	        .template = play->options->postgres_template,
	        .own_server = stops_database(play->story) || play->options->stop_at > 0,
	};

	play->database = database_create(&options, err);
	return play->database != NULL;
}

static bool open_setup(struct play *play, struct err *err)
{
	play->has_setup = setup_create(&play->setup, err);
	if (!play->has_setup || !open_database(play, err)) {
		return false;
	}
	const struct setup_parts parts = {
	        .seed = (uint64_t)play->options->seed,
	        .slack_url = sim_slack_url(play->slack),
	        .matrix_url = sim_matrix_url(play->matrix),
	        .server_name = sim_matrix_server_name(play->matrix),
	        .database_type = database_type(play->database),
	        .database_uri = database_uri(play->database),
	        .changes = json_get(play->story->setup, "bridge.config"),
	};
	setup_fill(&play->setup, &parts);
	name_port(play, play->setup.port, "<bridge>");
	timeline_rename(play->timeline, play->setup.dir, "<dir>");
	autofree char *log = xasprintf("%s/daemon.log", play->setup.dir);
	play->log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	name_values(play);
	return true;
}

struct play *play_create(const struct story *story, const struct engine_options *options)
{
	struct play *play = xcalloc(1, sizeof(*play));
	struct err err = ERR_INIT;

	play->story = story;
	play->options = options;
	play->verdict = VERDICT_PASS;
	play->began_real_ms = realtime_ms();
	play->log_fd = -1;
	play->hole_fd = -1;
	play->torture_since_us = -1;
	play->written = cJSON_CreateArray();
	list_init(&play->jobs);
	buf_init(&play->plain[0], MAX_PLAIN_BYTES);
	buf_init(&play->plain[1], MAX_PLAIN_BYTES);
	play->timeline = timeline_create();
	play->values = values_create();
	play->loop = loop_create();
	play->vtime =
	        vtime_create(play->loop, wall_ms_at_start, (uint64_t)options->seed, &err);
	play->wire = wire_create(play->vtime, play->timeline);
	play->step_us = xcalloc(story->step_count + 1, sizeof(*play->step_us));
	if (play->vtime == NULL || !open_simulators(play, &err) ||
	        !open_setup(play, &err)) {
		play_fail_text(
		        play, VERDICT_HARNESS, "a stage to play on", "%s", err.msg);
		return play;
	}
	vtime_set_real_cap(play->vtime, engine_real_limit_ms(story, options));
	vtime_set_wait_for_tracer(play->vtime, options->gdb);
	vtime_on_turn(play->vtime, life_watch_turn, play);
	return play;
}

static void free_args(char **args)
{
	for (size_t i = 0; args != NULL && args[i] != NULL; i++) {
		free(args[i]);
	}
	free(args);
}

void play_destroy(struct play **play)
{
	struct play *it = *play;

	if (it == NULL) {
		return;
	}
	daemon_destroy(&it->daemon);
	debugger_wait(&it->debugger);
	database_destroy(&it->database);
	jobs_cancel(it);
	looks_close(it);
	sim_slack_destroy(&it->slack);
	sim_matrix_destroy(&it->matrix);
	wire_destroy(&it->wire);
	vtime_destroy(&it->vtime);
	loop_destroy(&it->loop);
	if (it->hole_fd >= 0) {
		close(it->hole_fd);
	}
	if (it->log_fd >= 0) {
		close(it->log_fd);
	}
	if (it->has_setup) {
		setup_finish(&it->setup);
	}
	match_destroy(&it->kill_rule.match);
	free_args(it->daemon_args);
	cJSON_Delete(it->around);
	cJSON_Delete(it->written);
	buf_finish(&it->plain[0]);
	buf_finish(&it->plain[1]);
	values_destroy(&it->values);
	timeline_destroy(&it->timeline);
	free(it->step_us);
	free(it->program);
	free(it->failure);
	free(it);
	*play = NULL;
}

cJSON *play_pending(const struct play *play)
{
	cJSON *all = cJSON_CreateArray();
	cJSON *parts[2] = {NULL, NULL};

	if (play->slack != NULL && play->matrix != NULL) {
		parts[0] = sim_slack_pending(play->slack);
		parts[1] = sim_matrix_pending(play->matrix);
	}
	for (int i = 0; i < 2; i++) {
		cJSON *item;
		while (parts[i] != NULL &&
		        (item = cJSON_DetachItemFromArray(parts[i], 0)) != NULL) {
			cJSON_AddItemToArray(all, item);
		}
		cJSON_Delete(parts[i]);
	}
	return all;
}

static void add_texts(cJSON *to, cJSON *from)
{
	cJSON *item;

	while (from != NULL && (item = cJSON_DetachItemFromArray(from, 0)) != NULL) {
		cJSON_AddItemToArray(to, item);
	}
	cJSON_Delete(from);
}

cJSON *play_secrets(struct play *play)
{
	cJSON *secrets = cJSON_CreateArray();

	if (play->slack != NULL && play->matrix != NULL) {
		add_texts(secrets, sim_slack_secrets(play->slack));
		add_texts(secrets, sim_matrix_secrets(play->matrix));
	}
	if (play->setup.as_token != NULL) {
		cJSON_AddItemToArray(secrets, cJSON_CreateString(play->setup.as_token));
		cJSON_AddItemToArray(secrets, cJSON_CreateString(play->setup.hs_token));
	}
	return secrets;
}

/* ---------------------------------------------------------------- failing */

bool play_has_failed(const struct play *play)
{
	return play->failure != NULL;
}

char *play_out_dir(const struct engine_options *options, const struct story *story)
{
	return evidence_dir(options->out_dir, story->id);
}

/* A story that the runner would not find by its ID is named by its file. */
static const char *selector(const struct story *story)
{
	bool is_of_the_house = str_starts(story->path, "scenarios/");
	return is_of_the_house ? story->id : story->path;
}

/* Without the options that say what is kept and shown. */
static char *run_command(const struct play *play)
{
	const struct engine_options *options = play->options;
	autofree char *seed =
	        options->seed == ENGINE_DEFAULT_SEED
	                ? xstrdup("")
	                : xasprintf(" --seed %lld", (long long)options->seed);
	autofree char *kill =
	        options->kill_at == 0
	                ? xstrdup("")
	                : xasprintf(" --kill-at %lld", (long long)options->kill_at);

	autofree char *torture = torture_option(options);

	return xasprintf("%s run '%s'%s%s%s%s", options->program, selector(play->story),
	        seed, kill, torture, options->on_postgres ? " --database postgres" : "");
}

/* Stopped at the nearest record, or at the last one. */
static char *debug_command(const struct play *play, const struct record *nearest)
{
	autofree char *run = run_command(play);
	size_t last = timeline_count(play->timeline);

	return xasprintf(
	        "%s --gdb --until %zu", run, nearest != NULL ? nearest->seq : last);
}

static char *explain_command(const struct play *play, const char *text)
{
	bool is_plain = text != NULL && strchr(text, '\'') == NULL;

	for (const char *p = text; is_plain && *p != '\0'; p++) {
		is_plain = (unsigned char)*p >= 0x20;
	}
	if (!is_plain) {
		return NULL;
	}
	return xasprintf(
	        "%s explain '%s' '%s'", play->options->program, play->story->id, text);
}

bool play_keeps_files(const struct play *play, bool has_failed)
{
	/* Of a thousand runs that are killed somewhere, each can be had again by its
	 * number. */
	return play->options->keep || (has_failed && play->options->kill_at == 0 &&
	                                      play->options->torture_at == 0);
}

/* The last end that nobody asked for explains most that comes after it. */
static const struct record *unasked_end(const struct play *play)
{
	const struct record *end = play->end;
	return end != NULL && !end->expected && !json_bool(end->json, "asked", false)
	               ? end
	               : NULL;
}

static void tell_failure(struct play *play, struct failure *failure)
{
	autojson cJSON *pending = play_pending(play);
	autofree char *run = run_command(play);
	autofree char *replay = xasprintf("%s --keep --verbose", run);
	autofree char *debug = debug_command(play, failure->nearest);
	autofree char *explain = explain_command(play, failure->lost_text);
	autofree char *kept = play_keeps_files(play, true)
	                              ? play_out_dir(play->options, play->story)
	                              : NULL;
	autofree char *sut = build_of(play->options->bridge);
	struct evidence evidence = {0};

	if (failure->lost_text != NULL) {
		evidence_of_play(play, &evidence);
		failure->evidence = &evidence;
	}
	failure->pending = pending;
	failure->end = unasked_end(play);
	failure->replay = replay;
	failure->debug = debug;
	failure->explain = explain;
	failure->kept = kept;
	failure->sut = sut;
	failure->seed = play->options->seed;
	failure->virtual_us = play->vtime != NULL ? play_now_us(play) : 0;
	failure->real_ms = realtime_ms() - play->began_real_ms;
	play->failure = failure_to_str(failure, play->timeline);
	evidence_finish(&evidence);
}

bool play_fail(struct play *play, enum verdict verdict, struct failure *failure)
{
	if (play->failure != NULL) {
		return false;
	}
	failure->story = play->story;
	failure->step = failure->step != NULL ? failure->step : play->step;
	failure->what = failure->what != NULL ? failure->what
	                : play->step != NULL  ? play->step->verb
	                                      : verdict_to_str(verdict);
	play->verdict = verdict;
	play->failed_step = failure->step;
	tell_failure(play, failure);
	return false;
}

bool play_fail_text(struct play *play, enum verdict verdict, const char *expected,
        const char *observed, ...)
{
	struct failure failure = {.expected = expected};
	va_list args;

	va_start(args, observed);
	autofree char *text = xvasprintf(observed, args);
	va_end(args);
	failure.observed = text;
	return play_fail(play, verdict, &failure);
}
