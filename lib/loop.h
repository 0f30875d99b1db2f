/* loop: the one thread's event loop, over libuv: one blocking wait, one reading of the
 * clock per turn.
 *
 * A loop runs on the system's clocks, or on a virtual clock that its owner moves (the
 * scenario runner does). All callbacks come from loop_run() or loop_turn(), never from
 * inside a start. */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include "lib/list.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct uv_loop_s;

struct loop *loop_create(void);
/* Everything made on it must be gone first, timers stopped. *loop may be NULL. */
void loop_destroy(struct loop **loop);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Handles what is ready now (and waits for something first if `wait`). True if any
 * callback ran. For programs that own the loop, such as the runner. */
bool loop_turn(struct loop *loop, bool wait);
/* Turns without waiting until nothing is ready any more. True if any callback ran. */
bool loop_drain(struct loop *loop);
/* Readable when a loop_turn() would find something; for waiting on several things at
 * once. Valid after a loop_drain(). Timers on the real clock do not make it readable. */
int loop_fd(const struct loop *loop);

int64_t loop_now_us(const struct loop *loop); /* monotonic; the time of this turn */
int64_t loop_now_ms(const struct loop *loop);
int64_t loop_wall_ms(const struct loop *loop); /* since 1970; the time of this turn */

/* ---- timers: embedded, owned by whoever embeds them ---- */

typedef void timer_fn(void *arg);
struct timer {
	struct loop *loop;
	timer_fn *fn;
	void *arg;
	int64_t due_us;
	uint64_t seq;    /* equal deadlines fire in the order they were set */
	size_t heap_pos; /* 0: not set */
};

void timer_init(struct timer *timer, struct loop *loop, timer_fn *fn, void *arg);
/* Once, after delay_ms (0: in the next turn). Set again: the old deadline is forgotten.
 */
void timer_start(struct timer *timer, int64_t delay_ms);
void timer_stop(struct timer *timer);
bool timer_active(const struct timer *timer);

/* ---- file descriptors ---- */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
struct loop_io;
typedef void loop_io_fn(int events, void *arg);

/* The descriptor stays the caller's and must stay open until destroy. events 0: none for
 * now. */
struct loop_io *loop_io_create(
        struct loop *loop, int fd, int events, loop_io_fn *fn, void *arg);
void loop_io_set(struct loop_io *io, int events);
void loop_io_destroy(struct loop_io **io); /* fn will not run again; *io may be NULL */

/* ---- turn end: called before the loop would block (group commit) ---- */

struct loop_hook {
	struct list link; /* loop's hooks */
	void (*fn)(void *arg);
	void *arg;
};
void loop_hook_add(
        struct loop *loop, struct loop_hook *hook, void (*fn)(void *), void *arg);
void loop_hook_del(struct loop_hook *hook);

/* ---- signals: fn(signum) from the loop; at most one handler for each ---- */
void loop_on_signal(
        struct loop *loop, int signum, void (*fn)(int signum, void *arg), void *arg);

/* From here on this loop's clocks run so many times as fast as the system's, and its
 * timers with them. Before any timer is set; not with a virtual clock. */
void loop_scale_time(struct loop *loop, unsigned factor);

/* ---- virtual clock ---- */

/* From here on time stands still except for loop_advance_to_us(). wall_ms is the wall
 * clock's reading at monotonic time 0. */
void loop_use_virtual_clock(struct loop *loop, int64_t wall_ms_at_zero);
/* The earliest timer's time, or INT64_MAX. */
int64_t loop_next_due_us(const struct loop *loop);
/* Timers due then fire in the next turn. Never backwards. */
void loop_advance_to_us(struct loop *loop, int64_t now_us);

/* Would the next turn find input without waiting? Asks the system; may be wrong. */
bool loop_has_input(const struct loop *loop);

/* For libraries that bring their own libuv binding. */
struct uv_loop_s *loop_uv(struct loop *loop);
/* A callback from such a library ran: loop_turn() shall report it. */
void loop_mark_activity(struct loop *loop);

#endif
