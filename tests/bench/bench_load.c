#include "tests/bench/bench_load.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "tests/bench/bench_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	POSTS_A_TURN = 64,
	QUIET_MS = 300, /* what comes after the last arrival is its cost too */
};

#define ORDINARY "A message of ordinary length, as people write them to each other."

struct bench_load {
	struct bench_world *world;
	const struct bench_load_options *options;
	size_t said, arrived;
	int64_t *left_us, *took_us; /* by message; 0: not yet */
	size_t *last_in_room;       /* by room: the last one's number, from 1 */
	struct timer pump;
	int64_t began_us, ended_us;
	struct bench_result before;
	unsigned run; /* so that no two runs of a world have the same texts */
};

static void say_one(struct bench_load *load)
{
	char text[128];
	size_t number = load->said++;

	snprintf(text, sizeof(text), "m%u-%zu " ORDINARY, load->run, number);
	load->left_us[number] = bench_now_us();
	bench_post(load->world, load->options->from, number % load->world->options->rooms,
	        text);
}

void bench_load_say(struct bench_load *load, size_t count)
{
	while (count-- > 0 && load->said < load->options->count) {
		say_one(load);
	}
}

/* How many should have been said by now. */
static size_t due(const struct bench_load *load)
{
	const struct bench_load_options *options = load->options;

	if (options->per_second > 0) {
		int64_t past_us = bench_now_us() - load->began_us;
		return (size_t)(past_us * (int64_t)options->per_second / 1000000);
	}
	return load->arrived + options->window;
}

static void handle_pump(void *arg)
{
	struct bench_load *load = arg;
	size_t wanted = due(load);

	for (int i = 0; i < POSTS_A_TURN && load->said < wanted &&
	                load->said < load->options->count;
	        i++) {
		say_one(load);
	}
	if (load->said >= load->options->count || load->options->window > 0) {
		return; /* the next arrival goes on */
	}
	timer_start(&load->pump, load->said < wanted ? 0 : 1);
}

/* The number of our message in a text. */
static bool number_of(const struct bench_load *load, const char *text, size_t *number)
{
	char *end;

	if (text == NULL || text[0] != 'm' || strtoul(text + 1, &end, 10) != load->run ||
	        *end != '-') {
		return false;
	}
	*number = strtoul(end + 1, NULL, 10);
	return *number < load->said;
}

static void arrive(struct bench_load *load, size_t number)
{
	size_t room = number % load->world->options->rooms;

	if (load->took_us[number] != 0) {
		bench_die("a message", "came twice");
	}
	if (load->world->options->subject == BENCH_BRIDGE &&
	        number + 1 < load->last_in_room[room]) {
		bench_die("a message", "came after a later one of its room");
	}
	load->last_in_room[room] = number + 1;
	load->ended_us = bench_now_us();
	load->took_us[number] = load->ended_us - load->left_us[number];
	load->arrived++;
	if (load->options->window > 0 && load->said < load->options->count) {
		timer_start(&load->pump, 0);
	}
}

static void handle_record(enum bench_side side, const cJSON *record, void *arg)
{
	struct bench_load *load = arg;
	bool from_slack = load->options->from == BENCH_SLACK;
	const char *kind = json_str_or(record, "kind", "");
	size_t number;

	if (!number_of(load, json_str(record, "text"), &number)) {
		return;
	}
	if (from_slack && side == BENCH_SLACK && str_equal(kind, "envelope")) {
		load->left_us[number] = bench_now_us();
	} else if (from_slack && side == BENCH_MATRIX && str_equal(kind, "event")) {
		arrive(load, number);
	} else if (!from_slack && side == BENCH_SLACK && str_equal(kind, "message")) {
		arrive(load, number);
	}
}

static void read_clocks(const struct bench_world *world, struct bench_result *out)
{
	out->cpu_us = bench_cpu_us(world->pid);
	out->peers_cpu_us = bench_cpu_us(getpid());
	out->server_cpu_us =
	        world->postgres == NULL
	                ? 0
	                : bench_cpu_of_family_us(pgserver_pid(world->postgres));
}

struct bench_load *bench_load_begin(
        struct bench_world *world, const struct bench_load_options *options)
{
	static unsigned runs;
	struct bench_load *load = xcalloc(1, sizeof(*load));

	load->world = world;
	load->options = options;
	load->run = ++runs;
	load->left_us = xcalloc(options->count, sizeof(*load->left_us));
	load->took_us = xcalloc(options->count, sizeof(*load->took_us));
	load->last_in_room = xcalloc(world->options->rooms + 1, sizeof(size_t));
	timer_init(&load->pump, world->loop, handle_pump, load);
	world->heard = handle_record;
	world->heard_arg = load;
	read_clocks(world, &load->before);
	load->began_us = bench_now_us();
	if (options->window > 0 || options->per_second > 0) {
		timer_start(&load->pump, 0);
	}
	return load;
}

bool bench_load_is_done(void *arg)
{
	const struct bench_load *load = arg;
	return load->arrived == load->options->count;
}

size_t bench_load_arrived(const struct bench_load *load)
{
	return load->arrived;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

void bench_load_end(struct bench_load **ending, struct bench_result *result)
{
	struct bench_load *load = *ending;

	bench_run(load->world->loop, QUIET_MS, NULL, NULL);
	read_clocks(load->world, result);
	result->cpu_us -= load->before.cpu_us;
	result->server_cpu_us -= load->before.server_cpu_us;
	result->peers_cpu_us -= load->before.peers_cpu_us;
	result->seconds = (double)(load->ended_us - load->began_us) / 1e6;
	result->latencies_us = load->took_us;
	result->count = load->options->count;
	qsort(result->latencies_us, result->count, sizeof(int64_t), compare);
	timer_stop(&load->pump);
	load->world->heard = NULL;
	free(load->left_us);
	free(load->last_in_room);
	free(load);
	*ending = NULL;
}

void bench_load_run(struct bench_world *world, const struct bench_load_options *options,
        struct bench_result *result)
{
	struct bench_load *load = bench_load_begin(world, options);

	if (!bench_run(world->loop, options->within_ms, bench_load_is_done, load)) {
		fprintf(stderr, "bench: %zu of %zu arrived\n", load->arrived,
		        options->count);
		bench_die(world->log_path, "messages did not arrive in time");
	}
	bench_load_end(&load, result);
}

void bench_result_finish(struct bench_result *result)
{
	free(result->latencies_us);
	*result = (struct bench_result){0};
}

int64_t bench_percentile_us(const struct bench_result *result, double share)
{
	size_t at = (size_t)((double)result->count * share);
	return result->latencies_us[at < result->count ? at : result->count - 1];
}
