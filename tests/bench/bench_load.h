/* bench_load: messages through a world, counted and timed. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "tests/bench/bench_world.h"

struct bench_load_options {
	enum bench_side from;
	size_t count;
	/* Either as fast as they arrive, so many on the way at a time; or so many a
	 * second, whatever arrives; both 0: nothing is said by itself */
	size_t window, per_second;
	int64_t within_ms; /* the benchmark ends if they do not arrive in time */
};

struct bench_result {
	double seconds; /* until the last has arrived */
	int64_t cpu_us, server_cpu_us, peers_cpu_us;
	/* Slack to Matrix: from the frame's sending to the PUT; Matrix to Slack: from the
	 * event's standing in the room to the post. Sorted; the caller's. */
	int64_t *latencies_us;
	size_t count;
};

/* Ends the benchmark if a message is lost, doubled, or (of the bridge; the null bridge
 * keeps none) out of its room's order. */
void bench_load_run(struct bench_world *world, const struct bench_load_options *options,
        struct bench_result *result);
void bench_result_finish(struct bench_result *result);

/* share: 0.5 is the median. */
int64_t bench_percentile_us(const struct bench_result *result, double share);

/* ---- for benchmarks that do other things while messages are on the way ---- */
struct bench_load;
struct bench_load *bench_load_begin(
        struct bench_world *world, const struct bench_load_options *options);
bool bench_load_is_done(void *load);
size_t bench_load_arrived(const struct bench_load *load);
/* Says so many now. */
void bench_load_say(struct bench_load *load, size_t count);
void bench_load_end(struct bench_load **load, struct bench_result *result);

#endif
