/* How fast the bridge is, beside the least that such a program can do (null_bridge.c):
 *
 *   bench_bridge throughput   messages a second and CPU time for each, both ways, on both
 *                             databases, as ratios
 *   bench_bridge latency      from frame to PUT at 1,000 messages a second
 *
 * The simulators run in this process on processor 1, the program under test on 0, the
 * database server where there is room. Ratios are of medians of runs that take turns; CPU
 * time hardly depends on what else the machine does, the wall clock does. */
#include "lib/mem.h"
#include "lib/str.h"
#include "tests/bench/bench_load.h"
#include "tests/bench/bench_process.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	ROOMS = 100,
	WINDOW = 400,
	MAX_REPEATS = 15,
	WITHIN_MS = 120000,
	START_WITHIN_MS = 300000,
	RATE = 1000,
};

struct plan {
	char *build;
	const char *database; /* this one only; NULL: all */
	long count, repeats, seconds;
};

/* What one run came to. */
struct figures {
	double per_second, cpu_us, server_us, peers_us;
};

struct series {
	struct figures runs[MAX_REPEATS];
	size_t count;
};

static const char *const databases[] = {"none", "sqlite", "postgres"};
enum { DATABASES = sizeof(databases) / sizeof(databases[0]) };

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 == 1 ? values[count / 2]
	                      : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static struct figures medians(const struct series *series)
{
	double values[4][MAX_REPEATS];

	for (size_t i = 0; i < series->count; i++) {
		values[0][i] = series->runs[i].per_second;
		values[1][i] = series->runs[i].cpu_us;
		values[2][i] = series->runs[i].server_us;
		values[3][i] = series->runs[i].peers_us;
	}
	return (struct figures){median(values[0], series->count),
	        median(values[1], series->count), median(values[2], series->count),
	        median(values[3], series->count)};
}

/* ---------------------------------------------------------------- throughput */

static struct figures measure(struct bench_world *world, enum bench_side from, long count)
{
	const struct bench_load_options options = {.from = from,
	        .count = (size_t)count,
	        .window = WINDOW,
	        .within_ms = WITHIN_MS};
	struct bench_result result;

	bench_load_run(world, &options, &result);
	const double n = (double)result.count;
	const struct figures figures = {.per_second = n / result.seconds,
	        .cpu_us = (double)result.cpu_us / n,
	        .server_us = (double)result.server_cpu_us / n,
	        .peers_us = (double)result.peers_cpu_us / n};
	bench_result_finish(&result);
	return figures;
}

static void add(struct series *series, struct figures figures)
{
	series->runs[series->count++] = figures;
}

struct arena {
	struct loop *loop;
	const struct plan *plan;
	struct bench_world_options options[2][DATABASES];
	struct bench_world worlds[2][DATABASES];
	struct bench_load *first[2][DATABASES]; /* one message in each room */
};

static bool has_database(const struct plan *plan, size_t db)
{
	return plan->database == NULL || str_equal(plan->database, databases[db]);
}

static bool has_world(const struct arena *arena, int subject, size_t db)
{
	return has_database(arena->plan, db) && (subject == BENCH_NULL || db > 0);
}

static bool first_have_arrived(void *arg)
{
	struct arena *arena = arg;
	bool all = true;

	for (int subject = BENCH_NULL; subject <= BENCH_BRIDGE; subject++) {
		for (size_t db = 0; db < DATABASES; db++) {
			all = all &&
			      (!has_world(arena, subject, db) ||
			              bench_load_is_done(arena->first[subject][db]));
		}
	}
	return all;
}

/* A bridge that starts reads the history of every conversation first, as fast as Slack's
 * limits let it: with a hundred of them the first messages take more than a minute. */
static void start_arena(struct arena *arena, const struct plan *plan)
{
	static const struct bench_load_options first = {
	        .from = BENCH_SLACK, .count = ROOMS, .window = ROOMS};

	arena->loop = loop_create();
	arena->plan = plan;
	for (int subject = BENCH_NULL; subject <= BENCH_BRIDGE; subject++) {
		for (size_t db = 0; db < DATABASES; db++) {
			struct bench_world *world = &arena->worlds[subject][db];
			struct bench_world_options *options =
			        &arena->options[subject][db];
			*options = (struct bench_world_options){.loop = arena->loop,
			        .build = plan->build,
			        .subject = subject,
			        .database = databases[db],
			        .rooms = ROOMS};
			if (has_world(arena, subject, db)) {
				bench_world_create(world, options);
				bench_world_start(world);
				arena->first[subject][db] =
				        bench_load_begin(world, &first);
			}
		}
	}
	if (!bench_run(arena->loop, START_WITHIN_MS, first_have_arrived, arena)) {
		bench_die("the first messages", "did not arrive in time");
	}
}

static void each_world(
        struct arena *arena, void (*fn)(struct arena *arena, int subject, size_t db))
{
	for (size_t db = 0; db < DATABASES; db++) {
		for (int subject = BENCH_NULL; subject <= BENCH_BRIDGE; subject++) {
			if (has_world(arena, subject, db)) {
				fn(arena, subject, db);
			}
		}
	}
}

static void end_first(struct arena *arena, int subject, size_t db)
{
	struct bench_result result;

	bench_load_end(&arena->first[subject][db], &result);
	bench_result_finish(&result);
	measure(&arena->worlds[subject][db], BENCH_MATRIX, ROOMS);
}

static void end_world(struct arena *arena, int subject, size_t db)
{
	bench_world_destroy(&arena->worlds[subject][db]);
}

static void print_row(const char *title, const char *database,
        const struct series *series, const struct figures *null)
{
	const struct figures own = medians(series);

	printf("%-16s %-16s %-9s %9.0f %8.1f %9.1f %9.1f", title,
	        null == NULL ? "null bridge" : "bridge", database, own.per_second,
	        own.cpu_us, own.server_us, own.peers_us);
	if (null != NULL) {
		bool ok = own.per_second >= 0.6 * null->per_second &&
		          own.cpu_us <= 1.7 * null->cpu_us;
		printf("   %5.0f %% %7.2f  %s", 100 * own.per_second / null->per_second,
		        own.cpu_us / null->cpu_us, ok ? "reached" : "missed");
	}
	printf("\n");
}

static void run_round(
        struct arena *arena, int side, long count, struct series series[2][DATABASES][2])
{
	for (size_t db = 0; db < DATABASES; db++) {
		for (int subject = BENCH_NULL; subject <= BENCH_BRIDGE; subject++) {
			if (has_world(arena, subject, db)) {
				add(&series[subject][db][side],
				        measure(&arena->worlds[subject][db], side,
				                count));
			}
		}
	}
}

static int throughput(const struct plan *plan)
{
	static const char *const titles[] = {"Slack to Matrix", "Matrix to Slack"};
	static struct arena arena;
	static struct series series[2][DATABASES][2];

	start_arena(&arena, plan);
	each_world(&arena, end_first);
	for (long i = 0; i < plan->repeats; i++) {
		for (int side = BENCH_SLACK; side <= BENCH_MATRIX; side++) {
			run_round(&arena, side, plan->count, series);
		}
		fprintf(stderr, "round %ld of %ld, load average %.1f\n", i + 1,
		        plan->repeats, bench_load_average());
	}
	each_world(&arena, end_world);
	loop_destroy(&arena.loop);
	printf("%ld plain messages over %d rooms each, medians of %ld rounds\n"
	       "goal: 60 %% of the null bridge's messages a second, 1.7 times its CPU time\n\n"
	       "%-16s %-16s %-9s %9s %8s %9s %9s   %7s %7s\n",
	        plan->count, ROOMS, plan->repeats, "", "", "database", "msg/s", "CPU us",
	        "server us", "peers us", "msg/s", "CPU");
	for (int side = BENCH_SLACK; side <= BENCH_MATRIX; side++) {
		for (size_t db = 0; db < DATABASES; db++) {
			if (!has_database(plan, db)) {
				continue;
			}
			const struct series *null = &series[BENCH_NULL][db][side];
			struct figures least = medians(null);
			print_row(titles[side], databases[db], null, NULL);
			if (db > 0) {
				print_row(titles[side], databases[db],
				        &series[BENCH_BRIDGE][db][side], &least);
			}
		}
	}
	return EXIT_SUCCESS;
}

/* ---------------------------------------------------------------- latency */

static void print_histogram(const struct bench_result *result)
{
	static const int64_t edges_us[] = {250, 500, 750, 1000, 1500, 2000, 3000, 5000,
	        7500, 10000, 15000, 25000, 50000, 100000, INT64_MAX};
	size_t at = 0;

	for (size_t i = 0; i < sizeof(edges_us) / sizeof(edges_us[0]); i++) {
		size_t begin = at;
		while (at < result->count && result->latencies_us[at] < edges_us[i]) {
			at++;
		}
		double share = 100.0 * (double)(at - begin) / (double)result->count;
		if (edges_us[i] == INT64_MAX) {
			printf("  longer      %8zu %6.2f %%\n", at - begin, share);
		} else {
			printf("  < %6.2f ms %8zu %6.2f %% %.*s\n",
			        (double)edges_us[i] / 1e3, at - begin, share,
			        (int)(share / 2),
			        "##################################################");
		}
	}
}

static void latency_of(struct bench_world *world, enum bench_side from, long seconds)
{
	const struct bench_load_options options = {.from = from,
	        .count = (size_t)(seconds * RATE),
	        .per_second = RATE,
	        .within_ms = seconds * 1000 + WITHIN_MS};
	const bool is_null = world->options->subject == BENCH_NULL;
	struct bench_result result;

	bench_load_run(world, &options, &result);
	int64_t p50 = bench_percentile_us(&result, 0.5),
	        p99 = bench_percentile_us(&result, 0.99);
	const char *verdict = p50 < 3000 && p99 < 15000 ? "   reached" : "   missed";
	printf("%s, %s, %s: p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, most %.2f ms%s\n",
	        is_null ? "null bridge" : "bridge",
	        from == BENCH_SLACK ? "Slack to Matrix" : "Matrix to Slack",
	        world->options->database, (double)p50 / 1e3, (double)p99 / 1e3,
	        (double)bench_percentile_us(&result, 0.999) / 1e3,
	        (double)bench_percentile_us(&result, 1) / 1e3, is_null ? "" : verdict);
	if (!is_null) {
		print_histogram(&result);
	}
	fflush(stdout);
	bench_result_finish(&result);
}

static int latency(const struct plan *plan)
{
	static struct arena arena;

	start_arena(&arena, plan);
	each_world(&arena, end_first);
	printf("%d messages a second for %ld s over %d rooms; goal: p50 under 3 ms, p99 under "
	       "15 ms\nload average of the machine at the beginning: %.1f\n\n",
	        RATE, plan->seconds, ROOMS, bench_load_average());
	for (size_t db = 1; db < DATABASES; db++) {
		for (int side = BENCH_SLACK;
		        has_database(plan, db) && side <= BENCH_MATRIX; side++) {
			latency_of(&arena.worlds[BENCH_NULL][db], side, plan->seconds);
			latency_of(&arena.worlds[BENCH_BRIDGE][db], side, plan->seconds);
		}
	}
	printf("load average at the end: %.1f\n", bench_load_average());
	each_world(&arena, end_world);
	loop_destroy(&arena.loop);
	return EXIT_SUCCESS;
}

/* ---------------------------------------------------------------- start */

static char *build_folder(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	for (int parts = 0; n > 0 && parts < 2;) {
		parts += self[--n] == '/';
	}
	return xstrndup(self, n > 0 ? (size_t)n : 0);
}

int main(int argc, char **argv)
{
	struct plan plan = {
	        .build = build_folder(), .count = 20000, .repeats = 5, .seconds = 10};
	int option, status = EXIT_FAILURE;

	signal(SIGPIPE, SIG_IGN);
	setenv("TMPDIR", "/var/tmp", 0); /* a disk, not memory */
	while ((option = getopt(argc, argv, "n:r:s:d:")) != -1) {
		long number = strtol(optarg == NULL ? "" : optarg, NULL, 10);
		plan.database = option == 'd' ? optarg : plan.database;
		plan.count = option == 'n' ? number : plan.count;
		plan.repeats = option == 'r' ? number : plan.repeats;
		plan.seconds = option == 's' ? number : plan.seconds;
	}
	if (plan.count < 1 || plan.seconds < 1 || plan.repeats < 1 ||
	        plan.repeats > MAX_REPEATS || optind + 1 != argc) {
		fprintf(stderr,
		        "usage: bench_bridge [-n MESSAGES] [-r ROUNDS] [-s SECONDS] "
		        "[-d sqlite|postgres] throughput|latency\n");
		return EXIT_FAILURE;
	}
	bench_pin(1);
	if (str_equal(argv[optind], "throughput")) {
		status = throughput(&plan);
	} else if (str_equal(argv[optind], "latency")) {
		status = latency(&plan);
	}
	free(plan.build);
	return status;
}
