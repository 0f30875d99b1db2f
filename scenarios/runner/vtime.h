/* vtime: the clock of one story, and the lock-step between the runner and the daemon.
 *
 * The two work in turns: the daemon runs until it waits with nothing readable, then the
 * simulators run on the loop until nothing is ready any more, then the daemon is woken,
 * and so on. When neither finds anything to do the instant is quiet; only then may the
 * clock move or a step be played. So one run of a story is like the next. */
#ifndef RUNNER_VTIME_H
#define RUNNER_VTIME_H

#include "lib/err.h"
#include "lib/loop.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct vtime;

enum vtime_state {
	VTIME_QUIET,    /* nobody has anything to do at this instant */
	VTIME_ENDED,    /* the party's process has ended; detach and reap it */
	VTIME_STOPPED,  /* vtime_interrupt() was called */
	VTIME_LIVELOCK, /* work without end, and the clock stands still */
	VTIME_OVERDUE,  /* the cap on real time was reached while the party worked */
};

/* The process that shares the clock: the daemon. Descriptors are borrowed. */
struct vtime_party {
	int pidfd;     /* readable when the process has ended */
	int output[2]; /* its standard output and error, non-blocking; -1: at its end */
	/* Output is there: reads it, without making records of it yet. False: that one is
	 * at its end. */
	bool (*read)(int which, void *arg);
	/* The party waits (or has ended): what it wrote may be reported now. */
	void (*idle)(void *arg);
	void *arg;
};

/* Puts the loop on a virtual clock. The loop is borrowed. */
struct vtime *vtime_create(
        struct loop *loop, int64_t wall_ms_at_start, uint64_t seed, struct err *err);
void vtime_destroy(struct vtime **vtime);

/* Since the start of the story. */
int64_t vtime_now_us(const struct vtime *vtime);
/* From here on the party may take this much real time in all; INT64_MAX: any. */
void vtime_set_real_cap(struct vtime *vtime, int64_t real_ms);

/* ---- the party ---- */

/* In the child, between fork and exec: makes this process the party. Async-signal-safe.
 */
void vtime_enter_child(struct vtime *vtime);
/* Where what it says and hears is to be read, non-blocking (shim/trace.h). Borrowed. */
int vtime_trace_fd(const struct vtime *vtime);
/* "MSB_VCLOCK=..." for its environment. Borrowed. */
const char *vtime_env(const struct vtime *vtime);
/* In the parent, right after the fork: vtime_run() now waits for it. party is borrowed.
 */
void vtime_attach(struct vtime *vtime, const struct vtime_party *party);
/* It has been reaped, or will never wait again. */
void vtime_detach(struct vtime *vtime);

/* ---- running ---- */

/* Runs both sides to quiescence. */
enum vtime_state vtime_run(struct vtime *vtime);
/* Makes vtime_run() return as soon as the simulators' turn ends; from a callback of the
 * loop. */
void vtime_interrupt(struct vtime *vtime);
/* When the simulators' turn ends, before the party is woken; NULL: nothing. */
void vtime_on_turn(struct vtime *vtime, void (*fn)(void *arg), void *arg);

/* The party must look again: after a signal, or when something was sent outside
 * vtime_run(). */
void vtime_wake(struct vtime *vtime);
/* The next instant at which somebody has something to do, INT64_MAX: never. When quiet.
 */
int64_t vtime_next_us(const struct vtime *vtime);
/* When quiet. Never backwards. */
void vtime_advance_to(struct vtime *vtime, int64_t us);

/* The requirements whose marks the party has passed so far, in all its lives, by name;
 * see lib/mark.h. Caller frees each and the array. */
char **vtime_marks(const struct vtime *vtime, size_t *count);

/* ---- faults of the shim ---- */

uint64_t vtime_durable_calls(
        const struct vtime *vtime); /* made so far, by all its lives */
/* 2k: kill -9 before the k-th durable call from the first, 2k+1: after it; 0: never. */
void vtime_set_kill_at(struct vtime *vtime, int64_t kill_at);
/* It was asked for and has not happened yet. */
bool vtime_kill_is_due(const struct vtime *vtime);
/* The same for the database server: the process gets SIGQUIT; 0: it does not run. */
void vtime_set_stop_at(struct vtime *vtime, int64_t stop_at);
void vtime_set_stop_pid(struct vtime *vtime, pid_t pid);
bool vtime_stop_is_due(const struct vtime *vtime);
/* The next time the party puts `text` under `key` into a JSON object it breaks in this
 * way (enum vclock_fault), and in each life again; 0: no more. False: too long. */
bool vtime_set_fault(
        struct vtime *vtime, unsigned fault, const char *key, const char *text);
/* The party has been stopped, and does nothing while time passes, or goes on. */
void vtime_set_paused(struct vtime *vtime, bool paused);
/* Its wall clock jumps; the simulators' does not. */
void vtime_step_wall(struct vtime *vtime, int64_t us);

/* Calls (of enum vclock_call) fail with `error`, or, 0, do one byte only: of those from
 * now on `count` (0: all), beginning with number `from` (from 1; 0: none, they are only
 * counted). cuts: the connection ends with it. calls 0: no more. */
struct vtime_denial {
	uint32_t calls;
	int error;
	uint64_t from, count;
	bool cuts;
};
void vtime_deny(struct vtime *vtime, const struct vtime_denial *denial);
/* Since then: how many such calls there were, and how many failed. */
uint64_t vtime_denial_seen(const struct vtime *vtime);
uint64_t vtime_denial_fired(const struct vtime *vtime);
/* What the party sends to that port is lost; its new connections to it lead to `hole`.
 * Both 0: no more. */
void vtime_silence_port(struct vtime *vtime, uint16_t port, uint16_t hole);

/* From here on each life of the party begins when a debugger has attached. */
void vtime_set_wait_for_tracer(struct vtime *vtime, bool wait);
/* The database server may leave a question without an answer until the runner does
 * something: such a wait is idleness. Otherwise the clock stands still while it works. */
void vtime_allow_stall(struct vtime *vtime, bool allow);
/* The party's connect() to this port of 127.0.0.1 finds nobody. False: too many. */
bool vtime_refuse_port(struct vtime *vtime, uint16_t port, bool refuse);

#endif
