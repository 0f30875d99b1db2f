/* How much memory the daemon takes: bench_memory [-n MESSAGES] [-b BACKLOG] [CASE ...]
 *
 *   idle      with one login and no portal: under 24 MiB
 *   portals   with 1,000 portals and 10,000 ghosts: under 40 MiB
 *   growth    over a million messages both ways: none
 *   backlog   100,000 messages while the homeserver is away, then as many while Slack is:
 *             the disk holds them, and they drain in order
 *
 * Resident memory is what the kernel says (VmRSS, and VmHWM for the most). Ends with 1 if
 * a bound is passed or a message is lost, doubled or out of its room's order. */
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
	SETTLE_MS = 3000,
	START_WITHIN_MS = 60000,
	DRAIN_WITHIN_MS = 60 * 60 * 1000,
	CHECKPOINTS = 10,
	BACKLOG_STEP = 2000, /* messages between two looks at the memory */
};

struct plan {
	char *build;
	const char *database;
	size_t count, backlog;
	bool missed;
};

static double rss_mib(const struct bench_world *world)
{
	return (double)bench_memory_kib(world->pid, "VmRSS") / 1024;
}

static double peak_mib(const struct bench_world *world)
{
	return (double)bench_memory_kib(world->pid, "VmHWM") / 1024;
}

static void judge(struct plan *plan, const char *what, double mib, double limit_mib)
{
	bool ok = mib < limit_mib;

	printf("%-60s %7.1f MiB   (under %.0f: %s)\n", what, mib, limit_mib,
	        ok ? "yes" : "NO");
	fflush(stdout);
	plan->missed = plan->missed || !ok;
}

static void open_world(struct bench_world *world, struct bench_world_options *options,
        const struct plan *plan)
{
	options->build = plan->build;
	options->subject = BENCH_BRIDGE;
	options->database = plan->database;
	options->loop = loop_create();
	bench_world_create(world, options);
	bench_world_start(world);
	bench_run(world->loop, SETTLE_MS, NULL, NULL);
}

static void close_world(struct bench_world *world, struct bench_world_options *options)
{
	bench_world_destroy(world);
	loop_destroy(&options->loop);
}

/* ---------------------------------------------------------------- at rest */

static void idle(struct plan *plan)
{
	struct bench_world_options options = {.rooms = 0};
	struct bench_world world;

	open_world(&world, &options, plan);
	judge(plan, "one login, at rest", rss_mib(&world), 24);
	close_world(&world, &options);
}

static void send_some(struct bench_world *world, enum bench_side from, size_t count)
{
	const struct bench_load_options load = {.from = from,
	        .count = count,
	        .window = WINDOW,
	        .within_ms = DRAIN_WITHIN_MS};
	struct bench_result result;

	bench_load_run(world, &load, &result);
	bench_result_finish(&result);
}

static void portals(struct plan *plan)
{
	struct bench_world_options options = {
	        .rooms = ROOMS, .idle_portals = 900, .idle_ghosts = 10000};
	struct bench_world world;

	open_world(&world, &options, plan);
	judge(plan, "1,000 portals and 10,000 ghosts, after the start", rss_mib(&world),
	        40);
	send_some(&world, BENCH_SLACK, 10000);
	send_some(&world, BENCH_MATRIX, 10000);
	judge(plan, "the same, after 10,000 messages each way", rss_mib(&world), 40);
	judge(plan, "the same, the most it had meanwhile", peak_mib(&world), 40);
	close_world(&world, &options);
}

/* ---------------------------------------------------------------- many messages */

/* Memory at a tenth of the way is what the others are held against: by then every buffer
 * has had its size. */
static void growth(struct plan *plan)
{
	struct bench_world_options options = {.rooms = ROOMS};
	struct bench_world world;
	double first = 0, last = 0;

	open_world(&world, &options, plan);
	for (int i = 1; i <= CHECKPOINTS; i++) {
		send_some(&world, BENCH_SLACK, plan->count / CHECKPOINTS / 2);
		send_some(&world, BENCH_MATRIX, plan->count / CHECKPOINTS / 2);
		last = rss_mib(&world);
		first = i == 1 ? last : first;
		printf("%9zu messages: %7.2f MiB\n",
		        plan->count / CHECKPOINTS * (size_t)i, last);
		fflush(stdout);
	}
	printf("%.1f bytes a message more\n",
	        (last - first) * 1048576 / ((double)plan->count * 9 / 10));
	judge(plan, "more than at a tenth of the way", last - first, 1);
	close_world(&world, &options);
}

/* ---------------------------------------------------------------- a backlog */

static void let_settle(struct bench_world *world, int64_t ms)
{
	bench_run(world->loop, ms, NULL, NULL);
}

/* Said in small portions, so that the daemon has the time to store them. */
static void pile_up(struct bench_world *world, struct bench_load *load, size_t count)
{
	for (size_t said = 0; said < count; said += 50) {
		bench_load_say(load, 50);
		let_settle(world, 20);
		if (said % (BACKLOG_STEP * 10) == 0) {
			printf("  %7zu said: %6.1f MiB\n", said, rss_mib(world));
			fflush(stdout);
		}
	}
}

static void drain(struct plan *plan, struct bench_world *world, struct bench_load *load)
{
	struct bench_result result;

	if (!bench_run(world->loop, DRAIN_WITHIN_MS, bench_load_is_done, load)) {
		fprintf(stderr, "%zu have arrived\n", bench_load_arrived(load));
		bench_die(world->log_path, "the backlog does not drain");
	}
	judge(plan, "the most it had meanwhile", peak_mib(world), 40);
	bench_load_end(&load, &result);
	bench_result_finish(&result);
}

static void backlog_of_slack(struct plan *plan, struct bench_world *world)
{
	const struct bench_load_options load_options = {
	        .from = BENCH_SLACK, .count = plan->backlog};
	printf("%zu messages from Slack while the homeserver is away\n", plan->backlog);
	bench_forget_peak(world->pid);
	bench_say_matrix(world, "down", "{}");
	struct bench_load *load = bench_load_begin(world, &load_options);
	pile_up(world, load, plan->backlog);
	let_settle(world, SETTLE_MS);
	judge(plan, "with all of them waiting", rss_mib(world), 40);
	bench_say_matrix(world, "up", "{}");
	drain(plan, world, load);
}

static void backlog_of_matrix(struct plan *plan, struct bench_world *world)
{
	const struct bench_load_options load_options = {
	        .from = BENCH_MATRIX, .count = plan->backlog};

	printf("%zu messages from Matrix while Slack's Web API is away\n", plan->backlog);
	bench_forget_peak(world->pid);
	bench_say_slack(world, "answer",
	        "{\"call\":\"any\",\"with\":{\"status\":503},\"times\":0}");
	struct bench_load *load = bench_load_begin(world, &load_options);
	pile_up(world, load, plan->backlog);
	let_settle(world, SETTLE_MS);
	judge(plan, "with all of them waiting", rss_mib(world), 40);
	bench_say_slack(world, "answer", "{\"clear\":true}");
	drain(plan, world, load);
}

static void backlog(struct plan *plan)
{
	struct bench_world_options options = {.rooms = ROOMS};
	struct bench_world world;

	open_world(&world, &options, plan);
	send_some(&world, BENCH_SLACK, ROOMS);
	send_some(&world, BENCH_MATRIX, ROOMS);
	backlog_of_slack(plan, &world);
	backlog_of_matrix(plan, &world);
	close_world(&world, &options);
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

static const struct {
	const char *name;
	void (*run)(struct plan *plan);
} cases[] = {
        {"idle", idle},
        {"portals", portals},
        {"growth", growth},
        {"backlog", backlog},
};

int main(int argc, char **argv)
{
	struct plan plan = {.build = build_folder(),
	        .database = "sqlite",
	        .count = 1000000,
	        .backlog = 100000};
	int option;

	signal(SIGPIPE, SIG_IGN);
	setenv("TMPDIR", "/var/tmp", 0); /* a disk, not memory */
	while ((option = getopt(argc, argv, "n:b:d:")) != -1) {
		size_t number = strtoul(optarg == NULL ? "" : optarg, NULL, 10);
		plan.count = option == 'n' ? number : plan.count;
		plan.backlog = option == 'b' ? number : plan.backlog;
		plan.database = option == 'd' ? optarg : plan.database;
	}
	if (plan.count < 2 * CHECKPOINTS || plan.backlog < 50) {
		fprintf(stderr, "usage: bench_memory [-n MESSAGES] [-b BACKLOG] "
		                "[-d sqlite|postgres] [CASE ...]\n");
		return EXIT_FAILURE;
	}
	bench_pin(1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool wanted = optind == argc;
		for (int j = optind; j < argc; j++) {
			wanted = wanted || str_equal(argv[j], cases[i].name);
		}
		if (wanted) {
			printf("== %s, %s\n", cases[i].name, plan.database);
			cases[i].run(&plan);
		}
	}
	free(plan.build);
	return plan.missed ? EXIT_FAILURE : EXIT_SUCCESS;
}
