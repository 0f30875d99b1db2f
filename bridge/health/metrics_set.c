#include "bridge/health/metrics_set.h"

#include "bridge/flow/credentials.h"
#include "bridge/flow/logins.h"
#include "lib/str.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- as things happen */

static void handle_slack_call(const struct slack_observed *call, void *arg)
{
	struct metrics_set *set = arg;

	metric_add(set->slack_calls, LABELS(call->method, call->result), 1);
	metric_observe(
	        set->slack_seconds, LABELS(call->method), (double)call->took_ms / 1000);
	if (call->waited_ms > 0) {
		metric_add(set->slack_waits, LABELS(call->method), 1);
		metric_add(set->slack_wait_seconds, LABELS(call->method),
		        (double)call->waited_ms / 1000);
	}
}

static void handle_matrix_call(const struct matrix_observed *call, void *arg)
{
	struct metrics_set *set = arg;

	metric_add(set->matrix_calls, LABELS(call->what, call->result), 1);
	metric_observe(
	        set->matrix_seconds, LABELS(call->what), (double)call->took_ms / 1000);
}

/* Messages are the jobs that carry what somebody wrote. */
static const char *direction_of(const char *flow)
{
	if (str_equal(flow, FLOW_SLACK_MESSAGE) || str_equal(flow, FLOW_SLACK_FILE)) {
		return "slack_to_matrix";
	}
	if (str_equal(flow, FLOW_MATRIX_MESSAGE) || str_equal(flow, FLOW_MATRIX_FILE)) {
		return "matrix_to_slack";
	}
	return NULL;
}

static void handle_job(const struct queue_observed *job, void *arg)
{
	struct metrics_set *set = arg;
	static const char *const results[] = {[QUEUE_JOB_DONE] = "done",
	        [QUEUE_JOB_DEAD] = "failed",
	        [QUEUE_JOB_WAITS] = "retried"};
	const char *direction = direction_of(job->flow);

	metric_add(set->jobs, LABELS(job->flow, results[job->end]), 1);
	if (direction == NULL || job->end == QUEUE_JOB_WAITS) {
		return;
	}
	metric_add(set->messages,
	        LABELS(direction, job->end == QUEUE_JOB_DONE ? "delivered" : "failed"),
	        1);
	if (job->end == QUEUE_JOB_DONE) {
		metric_observe(set->message_seconds, LABELS(direction),
		        (double)job->age_ms / 1000);
	}
}

/* ---------------------------------------------------------------- when asked */

static void look_at_login(struct metrics_set *set, const struct login *login)
{
	const struct socket_mode_health health = socket_mode_health(login->socket);
	enum socket_mode_state now = socket_mode_state(login->socket);
	bool is_bad = credentials_trouble(login->credentials)[0] != '\0';
	const char *const team[] = {login->team_id, NULL};

	for (enum socket_mode_state state = 0; state <= SM_TOO_MANY; state++) {
		bool is_it = is_bad ? state == SM_BAD_CREDENTIALS : state == now;
		metric_set(set->state,
		        LABELS(login->team_id, socket_mode_state_to_str(state)),
		        is_it ? 1 : 0);
	}
	metric_set(set->connections, team, health.connections);
	metric_set(set->since, team, (double)health.since_ms / 1000);
	metric_set(set->reconnects, team, (double)health.reconnects);
	metric_set(set->opened, team, (double)health.opened);
}

/* Pages that are in memory: the second number of /proc/self/statm (proc(5)). */
static double resident_bytes(void)
{
	char line[128];
	FILE *in = fopen("/proc/self/statm", "re");
	int64_t pages = 0;

	if (in == NULL) {
		return 0;
	}
	if (fgets(line, sizeof(line), in) != NULL) {
		const char *second = strchr(line, ' ');
		size_t n = second == NULL ? 0 : strcspn(second + 1, " ");
		if (n > 0) {
			str_to_int64((struct str){second + 1, n}, 0, INT64_MAX / 65536,
			        &pages);
		}
	}
	fclose(in);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void metrics_set_look(struct metrics_set *set, const struct app *app)
{
	struct metric *const of_logins[] = {
	        set->state, set->connections, set->since, set->reconnects, set->opened};
	struct login *login;

	for (size_t i = 0; i < sizeof(of_logins) / sizeof(of_logins[0]); i++) {
		metric_clear(of_logins[i]);
	}
	for (size_t i = 0; logins_next(app->logins, &i, &login);) {
		look_at_login(set, login);
	}
	metric_set(set->memory, NULL, resident_bytes());
}

void metrics_set_queue(
        struct metrics_set *set, const struct store_result *rows, int64_t now_wall_ms)
{
	metric_set(set->database_up, NULL, rows == NULL ? 0 : 1);
	metric_clear(set->waiting);
	metric_clear(set->oldest);
	for (size_t i = 0; rows != NULL && i < store_rows(rows); i++) {
		const char *const flow[] = {store_text(rows, i, 0), NULL};
		metric_set(set->waiting, flow, (double)store_int(rows, i, 1));
		metric_set(set->oldest, flow,
		        (double)(now_wall_ms - store_int(rows, i, 2)) / 1000);
	}
}

/* ---------------------------------------------------------------- the names */

static const char *const by_team[] = {"team", NULL};
static const char *const by_state[] = {"team", "state", NULL};
static const char *const by_flow[] = {"flow", NULL};
static const char *const by_method[] = {"method", NULL};
static const char *const by_method_result[] = {"method", "result", NULL};
static const char *const by_request[] = {"request", NULL};
static const char *const by_request_result[] = {"request", "result", NULL};
static const char *const by_flow_result[] = {"flow", "result", NULL};
static const char *const by_direction[] = {"direction", NULL};
static const char *const by_direction_result[] = {"direction", "result", NULL};
static const char *const by_version[] = {"version", NULL};

struct definition {
	size_t at; /* of the member of struct metrics_set */
	enum metric_type type;
	const char *name, *help;
	const char *const *labels;
};

/* clang-format off */
#define AT(member) offsetof(struct metrics_set, member)
static const struct definition definitions[] = {
	{AT(build), METRIC_GAUGE, "slack_bridge_build_info",
		"Version of the bridge; always 1.", by_version},
	{AT(started), METRIC_GAUGE, "slack_bridge_start_time_seconds",
		"When this process started, since 1970.", NULL},
	{AT(memory), METRIC_GAUGE, "slack_bridge_resident_memory_bytes",
		"Memory of the process that is resident.", NULL},
	{AT(database_up), METRIC_GAUGE, "slack_bridge_database_up",
		"Whether the database answered in time just now.", NULL},
	{AT(state), METRIC_GAUGE, "slack_bridge_connection_state",
		"1 for the state a login's Socket Mode connection is in, 0 for the others.", by_state},
	{AT(connections), METRIC_GAUGE, "slack_bridge_connections",
		"Socket Mode connections that are up.", by_team},
	{AT(since), METRIC_GAUGE, "slack_bridge_connected_since_seconds",
		"When the login was connected last, since 1970; 0 if never.", by_team},
	{AT(reconnects), METRIC_COUNTER, "slack_bridge_reconnects_total",
		"How often a login was connected again after having no connection.", by_team},
	{AT(opened), METRIC_COUNTER, "slack_bridge_connections_opened_total",
		"Socket Mode connections that said hello.", by_team},
	{AT(waiting), METRIC_GAUGE, "slack_bridge_queue_jobs",
		"Jobs of the inbox that wait.", by_flow},
	{AT(oldest), METRIC_GAUGE, "slack_bridge_queue_oldest_seconds",
		"Age of the oldest job that waits.", by_flow},
	{AT(jobs), METRIC_COUNTER, "slack_bridge_jobs_total",
		"Jobs by how they ended; retried ones go on waiting.", by_flow_result},
	{AT(messages), METRIC_COUNTER, "slack_bridge_messages_total",
		"Messages and files by direction and result.", by_direction_result},
	{AT(message_seconds), METRIC_HISTOGRAM, "slack_bridge_message_seconds",
		"From a message's arrival to its delivery.", by_direction},
	{AT(slack_calls), METRIC_COUNTER, "slack_bridge_slack_calls_total",
		"Calls of Slack's Web API by method and result.", by_method_result},
	{AT(slack_seconds), METRIC_HISTOGRAM, "slack_bridge_slack_call_seconds",
		"How long they took, once they had left.", by_method},
	{AT(slack_waits), METRIC_COUNTER, "slack_bridge_rate_limit_waits_total",
		"Calls that had to wait for a rate limit before they left.", by_method},
	{AT(slack_wait_seconds), METRIC_COUNTER, "slack_bridge_rate_limit_wait_seconds_total",
		"How long they waited together.", by_method},
	{AT(matrix_calls), METRIC_COUNTER, "slack_bridge_matrix_requests_total",
		"Requests to the homeserver by kind and result.", by_request_result},
	{AT(matrix_seconds), METRIC_HISTOGRAM, "slack_bridge_matrix_request_seconds",
		"How long they took.", by_request},
};
/* clang-format on */

void metrics_set_init(struct metrics_set *set, struct app *app)
{
	*set = (struct metrics_set){.metrics = metrics_create()};
	for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++) {
		const struct definition *d = &definitions[i];
		struct metric **member = (struct metric **)(void *)((char *)set + d->at);
		*member = metrics_define(
		        set->metrics, d->type, d->name, d->help, d->labels);
	}
	metric_set(set->build, LABELS(VERSION), 1);
	metric_set(set->started, NULL, (double)loop_wall_ms(app->loop) / 1000);
	app->slack_observer = handle_slack_call;
	app->slack_observer_arg = set;
	matrix_set_observer(app->matrix, handle_matrix_call, set);
	queue_set_observer(app->queue, handle_job, set);
}

void metrics_set_finish(struct metrics_set *set)
{
	metrics_destroy(&set->metrics);
}
