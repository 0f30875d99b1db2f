/* bench_world: what a benchmark happens in: both simulators in this process, a program
 * under test in another, between them rooms that are open already.
 *
 * The portals, ghosts and the login are put into the database before the program starts:
 * opening thousands of them by chat would take Slack's rate limits hours. */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "lib/json.h"
#include "lib/loop.h"
#include "scenarios/runner/pgserver.h"
#include "scenarios/runner/setup.h"
#include "sim-matrix/sim_matrix.h"
#include "sim-slack/sim_slack.h"

#include <sys/types.h>

enum bench_subject { BENCH_NULL, BENCH_BRIDGE };
enum bench_side { BENCH_SLACK, BENCH_MATRIX };

struct bench_world_options {
	struct loop *loop; /* of all worlds of this process */
	const char *build; /* where the programs are */
	enum bench_subject subject;
	const char *database; /* "sqlite", "postgres", or "none" (BENCH_NULL only) */
	size_t rooms;
	size_t idle_portals, idle_ghosts; /* rows beside: nothing ever happens in them */
};

struct bench_room {
	char *channel, *name, *room_id;
};

struct bench_world {
	const struct bench_world_options *options;
	struct loop *loop;
	struct sim_slack *slack;
	struct sim_matrix *matrix;
	struct setup setup;
	struct pgserver *postgres; /* NULL: none */
	char *database_uri;
	struct bench_room *rooms;
	char *bot_token, *app_token, *log_path;
	pid_t pid; /* of the program; 0: it does not run */
	/* Every record of either simulator, besides. NULL: nobody listens. */
	void (*heard)(enum bench_side side, const cJSON *record, void *arg);
	void *heard_arg;
	bool is_up;
};

/* Nothing here fails: what goes wrong ends the benchmark with words. */
void bench_world_create(
        struct bench_world *world, const struct bench_world_options *options);
void bench_world_destroy(struct bench_world *world);

/* Starts the program and waits until its socket is open. */
void bench_world_start(struct bench_world *world);
void bench_world_stop(struct bench_world *world);

/* args: JSON text. */
void bench_say_slack(struct bench_world *world, const char *verb, const char *args);
void bench_say_matrix(struct bench_world *world, const char *verb, const char *args);
/* One message in a room, by alice on Slack or bob on Matrix. */
void bench_post(
        struct bench_world *world, enum bench_side side, size_t room, const char *text);

/* Turns of the loop for so long, or until done() says so; false: it did not in time. */
bool bench_run(struct loop *loop, int64_t for_ms, bool (*done)(void *arg), void *arg);

#endif
