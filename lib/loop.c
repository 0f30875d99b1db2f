#include "lib/loop.h"

#include "lib/mem.h"
#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

enum { MAX_SIGNALS = 4 };

struct loop_signal {
	uv_signal_t handle;
	struct loop *loop;
	void (*fn)(int signum, void *arg);
	void *arg;
};

struct loop {
	uv_loop_t uv;
	uv_timer_t wakeup;   /* the one libuv timer: the earliest deadline of our heap */
	uv_idle_t again;     /* arms wakeup once the timers of this turn are over */
	uv_prepare_t before; /* runs the turn-end hooks */
	struct timer **heap; /* binary heap from index 1 */
	size_t heap_count, heap_room;
	uint64_t next_seq;
	uint64_t activity; /* callbacks run so far */
	struct list hooks; /* loop_hook::link */
	struct loop_signal signals[MAX_SIGNALS];
	unsigned signal_count;
	int64_t now_us;
	int64_t wall_ms_at_zero;
	unsigned scale; /* of our time to libuv's, from scale_from_us on */
	int64_t scale_from_us;
	bool virtual;
	bool firing; /* in handle_wakeup() */
};

struct loop_io {
	uv_poll_t poll;
	struct loop *loop;
	loop_io_fn *fn;
	void *arg;
	int events;
};

/* ---------------------------------------------------------------- clock */

static int64_t system_wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One reading per turn: libuv takes it right after the wait and uv_now() only repeats it.
 * The wall clock is read when that one has moved, so that the two agree within a turn. */
static void read_clock(struct loop *loop)
{
	int64_t now_us = (int64_t)uv_now(&loop->uv) * 1000;

	if (loop->scale > 1) {
		loop->now_us = loop->scale_from_us +
		               (now_us - loop->scale_from_us) * loop->scale;
	} else if (!loop->virtual && now_us != loop->now_us) {
		loop->now_us = now_us;
		loop->wall_ms_at_zero = system_wall_ms() - now_us / 1000;
	}
}

int64_t loop_now_us(const struct loop *loop)
{
	return loop->now_us;
}

int64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_us / 1000;
}

int64_t loop_wall_ms(const struct loop *loop)
{
	return loop->wall_ms_at_zero + loop->now_us / 1000;
}

/* ---------------------------------------------------------------- timers: a binary heap
 */

static bool due_before(const struct timer *a, const struct timer *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->seq < b->seq;
}

static void heap_put(struct loop *loop, size_t pos, struct timer *timer)
{
	loop->heap[pos] = timer;
	timer->heap_pos = pos;
}

static void heap_up(struct loop *loop, size_t pos)
{
	struct timer *timer = loop->heap[pos];
	while (pos > 1 && due_before(timer, loop->heap[pos / 2])) {
		heap_put(loop, pos, loop->heap[pos / 2]);
		pos /= 2;
	}
	heap_put(loop, pos, timer);
}

static void heap_down(struct loop *loop, size_t pos)
{
	struct timer *timer = loop->heap[pos];
	for (;;) {
		size_t child = pos * 2;
		if (child > loop->heap_count) {
			break;
		}
		if (child < loop->heap_count &&
		        due_before(loop->heap[child + 1], loop->heap[child])) {
			child++;
		}
		if (!due_before(loop->heap[child], timer)) {
			break;
		}
		heap_put(loop, pos, loop->heap[child]);
		pos = child;
	}
	heap_put(loop, pos, timer);
}

static void handle_wakeup(uv_timer_t *handle);

static void arm_wakeup(struct loop *loop)
{
	if (loop->firing) {
		return; /* once, at its end */
	}
	if (loop->heap_count == 0) {
		uv_timer_stop(&loop->wakeup);
		return;
	}
	int64_t wait_us = loop->heap[1]->due_us - loop->now_us;
	if (loop->virtual && wait_us > 0) {
		uv_timer_stop(&loop->wakeup); /* only loop_advance_to_us() makes it due */
		return;
	}
	/* Up to the next millisecond: waking early would only mean another turn. */
	uint64_t unit_us = 1000 * (uint64_t)loop->scale;
	uint64_t wait_ms = wait_us <= 0 ? 0 : ((uint64_t)wait_us + unit_us - 1) / unit_us;
	uv_timer_start(&loop->wakeup, handle_wakeup, wait_ms, 0);
}

static void handle_again(uv_idle_t *handle)
{
	uv_idle_stop(handle);
	arm_wakeup(handle->data);
}

/* Fires what was due when the turn began; what the handlers set comes in the next turn,
 * so that a timer of 0 ms which sets itself again cannot keep the loop from its other
 * work. libuv would call back within the same turn for a timer set to 0 here, so that
 * waits until its timers are through. */
static void handle_wakeup(uv_timer_t *handle)
{
	struct loop *loop = handle->data;
	uint64_t last_seq = loop->next_seq;

	read_clock(loop);
	loop->firing = true;
	while (loop->heap_count > 0) {
		struct timer *timer = loop->heap[1];
		if (timer->due_us > loop->now_us || timer->seq >= last_seq) {
			break;
		}
		timer_stop(timer);
		loop->activity++;
		timer->fn(timer->arg);
	}
	loop->firing = false;
	uv_idle_start(&loop->again, handle_again);
}

void timer_init(struct timer *timer, struct loop *loop, timer_fn *fn, void *arg)
{
	*timer = (struct timer){.loop = loop, .fn = fn, .arg = arg};
}

void timer_start(struct timer *timer, int64_t delay_ms)
{
	struct loop *loop = timer->loop;

	timer_stop(timer);
	timer->due_us = loop->now_us + (delay_ms > 0 ? delay_ms * 1000 : 0);
	timer->seq = loop->next_seq++;
	if (loop->heap_count + 1 >= loop->heap_room) {
		loop->heap_room = loop->heap_room == 0 ? 64 : loop->heap_room * 2;
		loop->heap =
		        xrealloc(loop->heap, loop->heap_room * sizeof(struct timer *));
	}
	loop->heap_count++;
	heap_put(loop, loop->heap_count, timer);
	heap_up(loop, loop->heap_count);
	if (timer->heap_pos == 1) {
		arm_wakeup(loop);
	}
}

void timer_stop(struct timer *timer)
{
	struct loop *loop = timer->loop;
	size_t pos = timer->heap_pos;

	if (pos == 0) {
		return;
	}
	timer->heap_pos = 0;
	struct timer *last = loop->heap[loop->heap_count];
	loop->heap_count--;
	if (last != timer) {
		heap_put(loop, pos, last);
		heap_up(loop, pos);
		heap_down(loop, last->heap_pos);
	}
}

bool timer_active(const struct timer *timer)
{
	return timer->heap_pos != 0;
}

/* ---------------------------------------------------------------- file descriptors */

static void handle_io(uv_poll_t *handle, int status, int uv_events)
{
	struct loop_io *io = handle->data;
	int events = 0;

	if (status < 0) {
		events = io->events; /* let the owner find the error by reading or writing
		                      */
	}
	if ((uv_events & (UV_READABLE | UV_DISCONNECT)) != 0) {
		events |= LOOP_READ;
	}
	if ((uv_events & UV_WRITABLE) != 0) {
		events |= LOOP_WRITE;
	}
	read_clock(io->loop);
	io->loop->activity++;
	io->fn(events, io->arg);
}

void loop_io_set(struct loop_io *io, int events)
{
	int uv_events = 0;

	io->events = events;
	if ((events & LOOP_READ) != 0) {
		uv_events |= UV_READABLE;
	}
	if ((events & LOOP_WRITE) != 0) {
		uv_events |= UV_WRITABLE;
	}
	if (uv_events == 0) {
		uv_poll_stop(&io->poll);
	} else {
		uv_poll_start(&io->poll, uv_events, handle_io);
	}
}

struct loop_io *loop_io_create(
        struct loop *loop, int fd, int events, loop_io_fn *fn, void *arg)
{
	struct loop_io *io = xcalloc(1, sizeof(*io));

	io->loop = loop;
	io->fn = fn;
	io->arg = arg;
	int rc = uv_poll_init(&loop->uv, &io->poll, fd);
	assert(rc ==
	        0); /* only for a descriptor that cannot be polled: a bug of the caller */
	(void)rc;
	io->poll.data = io;
	loop_io_set(io, events);
	return io;
}

static void free_closed_io(uv_handle_t *handle)
{
	free(handle->data);
}

void loop_io_destroy(struct loop_io **io)
{
	if (*io == NULL) {
		return;
	}
	uv_poll_stop(&(*io)->poll); /* at once: the caller may close the descriptor now */
	uv_close((uv_handle_t *)&(*io)->poll, free_closed_io);
	*io = NULL;
}

/* ---------------------------------------------------------------- turn end */

static void handle_before_block(uv_prepare_t *handle)
{
	struct loop *loop = handle->data;

	list_for_each(it, &loop->hooks)
	{
		struct loop_hook *hook = container_of(it, struct loop_hook, link);
		hook->fn(hook->arg);
	}
}

void loop_hook_add(
        struct loop *loop, struct loop_hook *hook, void (*fn)(void *), void *arg)
{
	hook->fn = fn;
	hook->arg = arg;
	list_add_tail(&loop->hooks, &hook->link);
}

void loop_hook_del(struct loop_hook *hook)
{
	list_del(&hook->link);
}

/* ---------------------------------------------------------------- signals */

static void handle_signal(uv_signal_t *handle, int signum)
{
	struct loop_signal *signal = handle->data;

	read_clock(signal->loop);
	signal->loop->activity++;
	signal->fn(signum, signal->arg);
}

void loop_on_signal(
        struct loop *loop, int signum, void (*fn)(int signum, void *arg), void *arg)
{
	assert(loop->signal_count < MAX_SIGNALS);
	struct loop_signal *signal = &loop->signals[loop->signal_count++];

	*signal = (struct loop_signal){.loop = loop, .fn = fn, .arg = arg};
	uv_signal_init(&loop->uv, &signal->handle);
	signal->handle.data = signal;
	uv_signal_start(&signal->handle, handle_signal, signum);
	uv_unref((uv_handle_t *)&signal->handle);
}

/* ---------------------------------------------------------------- the loop */

struct loop *loop_create(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	uv_loop_init(&loop->uv);
	list_init(&loop->hooks);
	loop->next_seq = 1;
	uv_timer_init(&loop->uv, &loop->wakeup);
	loop->wakeup.data = loop;
	uv_idle_init(&loop->uv, &loop->again);
	loop->again.data = loop;
	uv_prepare_init(&loop->uv, &loop->before);
	loop->before.data = loop;
	uv_prepare_start(&loop->before, handle_before_block);
	loop->scale = 1;
	loop->now_us = -1; /* differs from any reading */
	read_clock(loop);
	return loop;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle)) {
		uv_close(handle, NULL);
	}
}

void loop_destroy(struct loop **loop)
{
	if (*loop == NULL) {
		return;
	}
	assert((*loop)->heap_count == 0);
	assert(list_empty(&(*loop)->hooks));
	/* Libraries may still have handles that are closing: let those finish before the
	 * walk. */
	uv_prepare_stop(&(*loop)->before);
	uv_run(&(*loop)->uv, UV_RUN_NOWAIT);
	uv_walk(&(*loop)->uv, close_handle, NULL);
	uv_run(&(*loop)->uv, UV_RUN_DEFAULT);
	int rc = uv_loop_close(&(*loop)->uv);
	assert(rc == 0);
	(void)rc;
	free((*loop)->heap);
	free(*loop);
	*loop = NULL;
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

bool loop_turn(struct loop *loop, bool wait)
{
	uint64_t before = loop->activity;
	uv_run(&loop->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
	if (uv_is_active((uv_handle_t *)&loop->again)) { /* fired after the wait */
		handle_again(&loop->again);
	}
	return loop->activity != before;
}

bool loop_drain(struct loop *loop)
{
	bool any = false;
	while (loop_turn(loop, false)) {
		any = true;
	}
	return any;
}

int loop_fd(const struct loop *loop)
{
	return uv_backend_fd(&loop->uv);
}

bool loop_has_input(const struct loop *loop)
{
	struct pollfd fd = {.fd = loop_fd(loop), .events = POLLIN};
	return poll(&fd, 1, 0) > 0;
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

void loop_mark_activity(struct loop *loop)
{
	read_clock(loop);
	loop->activity++;
}

void loop_scale_time(struct loop *loop, unsigned factor)
{
	assert(!loop->virtual && loop->heap_count == 0 && factor > 0);
	loop->scale_from_us = loop->now_us;
	loop->scale = factor;
}

/* ---------------------------------------------------------------- virtual clock */

void loop_use_virtual_clock(struct loop *loop, int64_t wall_ms_at_zero)
{
	assert(loop->heap_count == 0);
	loop->virtual = true;
	loop->now_us = 0;
	loop->wall_ms_at_zero = wall_ms_at_zero;
}

int64_t loop_next_due_us(const struct loop *loop)
{
	return loop->heap_count == 0 ? INT64_MAX : loop->heap[1]->due_us;
}

void loop_advance_to_us(struct loop *loop, int64_t now_us)
{
	assert(loop->virtual && now_us >= loop->now_us);
	loop->now_us = now_us;
	arm_wakeup(loop);
}
