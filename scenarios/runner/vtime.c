#include "scenarios/runner/vtime.h"

#include "lib/mem.h"

#include "scenarios/runner/hostclock.h"
#include "scenarios/runner/realtime.h"
#include "scenarios/shim/vclock.h"
#include "scenarios/shim/wire.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <uv.h>

/* Work at one virtual instant: far above what a hundred rooms need. */
enum {
	MAX_TURNS = 100000,
	MAX_GAP = 16,
	OUTPUT_EVERY_MS = 2,
	TRACE_PIPE_BYTES = 1024 * 1024
};

/* Programs take a monotonic clock near zero for one that was never set. */
static const int64_t start_us = 1000000000;

struct vtime {
	struct loop *loop;
	struct vclock *page;
	int page_fd, to_party, from_party;
	int trace[2];                    /* a pipe: the party writes, we read */
	const struct vtime_party *party; /* NULL: none */
	bool output_open[2];
	int64_t real_deadline_ms;
	unsigned turns; /* since the clock last moved */
	bool interrupted, paused;
	void (*on_turn)(void *arg);
	void *on_turn_arg;
	char env[64];
};

struct vtime *vtime_create(
        struct loop *loop, int64_t wall_ms_at_start, uint64_t seed, struct err *err)
{
	struct vtime *vtime = xcalloc(1, sizeof(*vtime));

	vtime->loop = loop;
	vtime->real_deadline_ms = INT64_MAX;
	vtime->page_fd = memfd_create("vclock", MFD_CLOEXEC);
	vtime->to_party = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vtime->from_party = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vtime->page = MAP_FAILED;
	vtime->trace[0] = vtime->trace[1] = -1;
	if (pipe2(vtime->trace, O_CLOEXEC) == 0) {
		fcntl(vtime->trace[0], F_SETFL, O_NONBLOCK);
		fcntl(vtime->trace[1], F_SETPIPE_SZ, TRACE_PIPE_BYTES);
	}
	if (vtime->page_fd >= 0 && ftruncate(vtime->page_fd, sizeof(*vtime->page)) == 0) {
		vtime->page = mmap(NULL, sizeof(*vtime->page), PROT_READ | PROT_WRITE,
		        MAP_SHARED, vtime->page_fd, 0);
	}
	if (vtime->page == MAP_FAILED || vtime->to_party < 0 || vtime->from_party < 0) {
		err_set(err, ERR_PERMANENT, errno, "no shared page for the clock");
		vtime_destroy(&vtime);
		return NULL;
	}
	int64_t wall_ms_at_zero = wall_ms_at_start - start_us / 1000;
	loop_use_virtual_clock(loop, wall_ms_at_zero);
	loop_advance_to_us(loop, start_us);
	atomic_store(&vtime->page->now_us, start_us);
	atomic_store(&vtime->page->wall_us, wall_ms_at_zero * 1000);
	atomic_store(&vtime->page->deadline_us, INT64_MAX);
	atomic_store(&vtime->page->seed, seed);
	hostclock_set(vtime->page);
	uv_update_time(loop_uv(
	        loop)); /* libuv keeps a reading: it must not be the old clock's */
	snprintf(vtime->env, sizeof(vtime->env), VCLOCK_ENV "=%d,%d,%d,%d",
	        vtime->page_fd, vtime->to_party, vtime->from_party,
	        vtime->trace[1] < 0 ? 0 : vtime->trace[1]);
	return vtime;
}

void vtime_destroy(struct vtime **vtime)
{
	if (*vtime == NULL) {
		return;
	}
	hostclock_set(NULL);
	if ((*vtime)->page != MAP_FAILED) {
		munmap((*vtime)->page, sizeof(*(*vtime)->page));
	}
	int fds[] = {(*vtime)->page_fd, (*vtime)->to_party, (*vtime)->from_party,
	        (*vtime)->trace[0], (*vtime)->trace[1]};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	free(*vtime);
	*vtime = NULL;
}

int64_t vtime_now_us(const struct vtime *vtime)
{
	return atomic_load(&vtime->page->now_us) - start_us;
}

void vtime_set_real_cap(struct vtime *vtime, int64_t real_ms)
{
	vtime->real_deadline_ms =
	        real_ms == INT64_MAX ? INT64_MAX : realtime_ms() + real_ms;
}

/* The party must look again. */
static void poke(struct vtime *vtime)
{
	uint64_t one = 1;

	atomic_fetch_add(&vtime->page->wake_seq, 1);
	(void)!write(vtime->to_party, &one, sizeof(one));
}

/* ---------------------------------------------------------------- the party */

void vtime_enter_child(struct vtime *vtime)
{
	atomic_store(&vtime->page->owner, getpid());
	fcntl(vtime->page_fd, F_SETFD, 0);
	fcntl(vtime->to_party, F_SETFD, 0);
	fcntl(vtime->from_party, F_SETFD, 0);
	fcntl(vtime->trace[1], F_SETFD, 0);
}

int vtime_trace_fd(const struct vtime *vtime)
{
	return vtime->trace[0];
}

const char *vtime_env(const struct vtime *vtime)
{
	return vtime->env;
}

void vtime_attach(struct vtime *vtime, const struct vtime_party *party)
{
	assert(vtime->party == NULL);
	vtime->party = party;
	vtime->output_open[0] = vtime->output_open[1] = true;
	poke(vtime); /* so that no idle report of an earlier life counts */
}

void vtime_detach(struct vtime *vtime)
{
	vtime->paused = false;
	vtime->party = NULL;
	atomic_store(&vtime->page->deadline_us, INT64_MAX);
	atomic_store(&vtime->page->owner, 0);
}

/* ---------------------------------------------------------------- turns */

static bool party_is_idle(const struct vtime *vtime)
{
	return atomic_load(&vtime->page->idle_seq) == atomic_load(&vtime->page->wake_seq);
}

static void read_output(struct vtime *vtime, int which)
{
	if (vtime->output_open[which]) {
		vtime->output_open[which] = vtime->party->read(which, vtime->party->arg);
	}
}

static enum vtime_state wait_for_party(struct vtime *vtime)
{
	struct pollfd fds[2] = {
	        {.fd = vtime->from_party, .events = POLLIN},
	        {.fd = vtime->party->pidfd, .events = POLLIN},
	};
	uint64_t reports;

	while (!party_is_idle(vtime)) {
		if (poll(fds, 2, OUTPUT_EVERY_MS) == 0) {
			/* Busy for so long that its pipe may be full. What it wrote is
			 * not looked at yet: how it is cut into pieces is chance. */
			read_output(vtime, 0);
			read_output(vtime, 1);
		}
		(void)!read(vtime->from_party, &reports, sizeof(reports));
		if (fds[1].revents != 0) {
			break;
		}
		if (realtime_ms() >= vtime->real_deadline_ms) {
			return VTIME_OVERDUE;
		}
	}
	return VTIME_QUIET;
}

/* The party's turn: until it waits, or ends. */
static enum vtime_state run_party(struct vtime *vtime)
{
	struct pollfd ended = {.fd = vtime->party->pidfd, .events = POLLIN};

	if (vtime->paused) {
		return poll(&ended, 1, 0) > 0 ? VTIME_ENDED : VTIME_QUIET;
	}
	enum vtime_state state = wait_for_party(vtime);

	if (state != VTIME_QUIET) {
		return state;
	}
	read_output(vtime, 0);
	read_output(vtime, 1);
	vtime->party->idle(vtime->party->arg);
	return poll(&ended, 1, 0) > 0 ? VTIME_ENDED : VTIME_QUIET;
}

struct wire_state { /* of all our connections together */
	long unread;
	bool holds;
};

static struct wire_state look_after_connections(bool push)
{
	struct wire_state state = {0};

	for (int fd = 3, gap = 0; gap < MAX_GAP; fd++) {
		if (!wire_acknowledge(fd)) {
			gap = errno == EBADF ? gap + 1 : 0;
			continue;
		}
		gap = 0;
		if (push) {
			wire_push(fd);
		}
		state.unread += wire_unread(fd);
		state.holds = state.holds || wire_holds(fd);
	}
	return state;
}

/* Until everything the party sent can be read. */
static void receive_all(struct vtime *vtime)
{
	long before = -1;

	for (int i = 0;
	        i < WIRE_MAX_ROUNDS && atomic_load(&vtime->page->daemon_holds) != 0;
	        i++) {
		long unread = look_after_connections(false).unread;
		if (unread == before) {
			return;
		}
		before = unread;
	}
}

static void push_all(struct vtime *vtime)
{
	bool holds = look_after_connections(true).holds;
	atomic_store(&vtime->page->runner_holds, holds ? 1 : 0);
}

void vtime_wake(struct vtime *vtime)
{
	push_all(vtime);
	poke(vtime);
}

/* Our turn is over. */
static void end_turn(struct vtime *vtime, bool sent)
{
	if (sent) {
		push_all(vtime);
	}
	if (vtime->on_turn != NULL) {
		vtime->on_turn(vtime->on_turn_arg);
	}
}

/* The simulators' turn: until nothing is ready any more. QUIET: they found nothing to do.
 */
static enum vtime_state run_loop(struct vtime *vtime, bool *any)
{
	enum vtime_state state = VTIME_QUIET;

	*any = false;
	receive_all(vtime);
	while (state == VTIME_QUIET && loop_turn(vtime->loop, false)) {
		*any = true;
		state = ++vtime->turns > MAX_TURNS ? VTIME_LIVELOCK : VTIME_QUIET;
	}
	end_turn(vtime, *any);
	if (vtime->interrupted && state == VTIME_QUIET) {
		state = VTIME_STOPPED;
	}
	vtime->interrupted = false;
	return state;
}

enum vtime_state vtime_run(struct vtime *vtime)
{
	enum vtime_state state = VTIME_QUIET;
	bool any = true;

	while (state == VTIME_QUIET && any) {
		if (vtime->party != NULL) {
			state = run_party(vtime);
		}
		if (state == VTIME_QUIET) {
			state = run_loop(vtime, &any);
		}
		if (any || state == VTIME_STOPPED) {
			poke(vtime); /* it may have got something to read */
		}
		if (state == VTIME_QUIET && realtime_ms() >= vtime->real_deadline_ms) {
			state = VTIME_OVERDUE;
		}
	}
	return state;
}

void vtime_interrupt(struct vtime *vtime)
{
	vtime->interrupted = true;
}

void vtime_on_turn(struct vtime *vtime, void (*fn)(void *arg), void *arg)
{
	vtime->on_turn = fn;
	vtime->on_turn_arg = arg;
}

/* ---------------------------------------------------------------- the clock */

int64_t vtime_next_us(const struct vtime *vtime)
{
	int64_t due = loop_next_due_us(vtime->loop);

	if (vtime->party != NULL && !vtime->paused) {
		int64_t deadline = atomic_load(&vtime->page->deadline_us);
		due = deadline < due ? deadline : due;
	}
	return due == INT64_MAX ? INT64_MAX : due - start_us;
}

void vtime_advance_to(struct vtime *vtime, int64_t us)
{
	int64_t now = start_us + us;

	if (now <= atomic_load(&vtime->page->now_us)) {
		return;
	}
	vtime->turns = 0;
	loop_advance_to_us(vtime->loop, now);
	atomic_store(&vtime->page->now_us, now);
	poke(vtime);
}

/* ---------------------------------------------------------------- marks */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **vtime_marks(const struct vtime *vtime, size_t *count)
{
	char **marks = xcalloc(VCLOCK_MARKS + 1, sizeof(*marks));

	*count = 0;
	for (int i = 0; i < VCLOCK_MARKS && vtime->page->marks[i][0] != '\0'; i++) {
		marks[(*count)++] =
		        xstrndup(vtime->page->marks[i], VCLOCK_MARK_BYTES - 1);
	}
	qsort(marks, *count, sizeof(*marks), by_text);
	return marks;
}

/* ---------------------------------------------------------------- faults */

uint64_t vtime_durable_calls(const struct vtime *vtime)
{
	return atomic_load(&vtime->page->durable);
}

void vtime_set_kill_at(struct vtime *vtime, int64_t kill_at)
{
	atomic_store(&vtime->page->kill_at, kill_at);
}

bool vtime_kill_is_due(const struct vtime *vtime)
{
	return atomic_load(&vtime->page->kill_at) != 0;
}

void vtime_set_stop_at(struct vtime *vtime, int64_t stop_at)
{
	atomic_store(&vtime->page->stop_at, stop_at);
}

void vtime_set_stop_pid(struct vtime *vtime, pid_t pid)
{
	atomic_store(&vtime->page->stop_pid, pid);
}

bool vtime_stop_is_due(const struct vtime *vtime)
{
	return atomic_load(&vtime->page->stop_at) != 0;
}

bool vtime_set_fault(
        struct vtime *vtime, unsigned fault, const char *key, const char *text)
{
	struct vclock *page = vtime->page;

	if (strlen(key) >= sizeof(page->fault_key) ||
	        strlen(text) >= sizeof(page->fault_text)) {
		return false;
	}
	atomic_store(&page->fault, VCLOCK_FAULT_NONE);
	memcpy(page->fault_key, key, strlen(key) + 1);
	memcpy(page->fault_text, text, strlen(text) + 1);
	atomic_store(&page->fault, fault);
	return true;
}

bool vtime_refuse_port(struct vtime *vtime, uint16_t port, bool refuse)
{
	uint32_t from = refuse ? 0 : port, to = refuse ? port : 0;

	for (int i = 0; i < VCLOCK_REFUSED; i++) {
		if (atomic_load(&vtime->page->refused[i]) == from) {
			atomic_store(&vtime->page->refused[i], to);
			return true;
		}
	}
	return !refuse;
}

void vtime_set_paused(struct vtime *vtime, bool paused)
{
	vtime->paused = paused;
	poke(vtime);
}

void vtime_step_wall(struct vtime *vtime, int64_t us)
{
	atomic_fetch_add(&vtime->page->wall_us, us);
	poke(vtime);
}

void vtime_deny(struct vtime *vtime, const struct vtime_denial *denial)
{
	struct vclock_denial *page = &vtime->page->denial;

	atomic_store(&page->calls, 0);
	atomic_store(&page->seen, 0);
	atomic_store(&page->fired, 0);
	atomic_store(&page->error, denial->error);
	atomic_store(&page->from, denial->from);
	atomic_store(&page->count, denial->count);
	atomic_store(&page->cuts, denial->cuts ? 1 : 0);
	atomic_store(&page->calls, denial->calls);
}

uint64_t vtime_denial_seen(const struct vtime *vtime)
{
	return atomic_load(&vtime->page->denial.seen);
}

uint64_t vtime_denial_fired(const struct vtime *vtime)
{
	return atomic_load(&vtime->page->denial.fired);
}

void vtime_silence_port(struct vtime *vtime, uint16_t port, uint16_t hole)
{
	atomic_store(&vtime->page->hole_port, hole);
	atomic_store(&vtime->page->silent_port, port);
}

void vtime_set_wait_for_tracer(struct vtime *vtime, bool wait)
{
	atomic_store(&vtime->page->wait_for_tracer, wait ? 1 : 0);
}

void vtime_allow_stall(struct vtime *vtime, bool allow)
{
	atomic_store(&vtime->page->may_stall, allow ? 1 : 0);
}
