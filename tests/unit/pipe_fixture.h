/* pipe_fixture: a server from which a test downloads and to which it uploads, both as
 * badly as the test wants. Time stands still while there is anything to do, so that no
 * machine is too slow for these tests. */
#ifndef TESTS_UNIT_PIPE_FIXTURE_H
#define TESTS_UNIT_PIPE_FIXTURE_H

#include "lib/http_pipe.h"

#include "tests/unit/http_peer.h"
#include <poll.h>

enum { MAX_BODY = 8 << 20 };

enum down_shape { DOWN_LENGTH, DOWN_CHUNKED, DOWN_UNTIL_CLOSE };

/* What the server sends for GET /down. */
static struct {
	enum down_shape shape;
	const char *head; /* NULL: "200 OK" */
	size_t bytes;
	size_t cut_at; /* of head and body; SIZE_MAX: whole */
	bool slowly;   /* a piece for each turn of a timer */
} down;

/* What it does with POST /up. */
static struct {
	size_t close_at;   /* so many bytes of the body; SIZE_MAX: takes all */
	const char *early; /* answered at once, whatever comes */
	const char *answer;
	bool slowly;
	/* what came */
	unsigned begun;
	bool whole; /* as long as announced */
	struct buf body;
} up;

static struct spool *spool;
static char spool_dir[] = "/tmp/msb-pipe-XXXXXX";
static struct timer ticker;
static size_t down_sent;
static struct buf down_text;
static struct raw_conn *down_conn, *up_conn;

static inline char pattern_at(size_t i)
{
	return (char)('a' + (i * 7 + i / 1000) % 26);
}

static inline void add_chunk(struct buf *out, const char *data, size_t n)
{
	buf_printf(out, "%zx\r\n", n);
	buf_add(out, data, n);
	buf_puts(out, "\r\n");
}

static inline void write_down_text(void)
{
	char *body = xmalloc(down.bytes + 1);

	for (size_t i = 0; i < down.bytes; i++) {
		body[i] = pattern_at(i);
	}
	buf_init(&down_text, 2 * MAX_BODY);
	buf_printf(&down_text, "HTTP/1.1 %s\r\nContent-Type: text/x\r\n",
	        down.head == NULL ? "200 OK" : down.head);
	if (down.shape == DOWN_CHUNKED) {
		buf_puts(&down_text, "Transfer-Encoding: chunked\r\n\r\n");
		for (size_t at = 0; at < down.bytes; at += 10000) {
			size_t rest = down.bytes - at;
			add_chunk(&down_text, body + at, rest < 10000 ? rest : 10000);
		}
		buf_puts(&down_text, "0\r\n\r\n");
	} else {
		if (down.shape == DOWN_LENGTH) {
			buf_printf(&down_text, "Content-Length: %zu\r\n", down.bytes);
		}
		buf_puts(&down_text, "\r\n");
		buf_add(&down_text, body, down.bytes);
	}
	free(body);
}

static inline void send_down(size_t n)
{
	size_t end = down_text.len < down.cut_at ? down_text.len : down.cut_at;

	if (down_conn == NULL || down_conn->fd < 0) {
		return;
	}
	n = n < end - down_sent ? n : end - down_sent;
	raw_send(down_conn, down_text.data + down_sent, n);
	down_sent += n;
	if (down_sent == end &&
	        (down.cut_at != SIZE_MAX || down.shape == DOWN_UNTIL_CLOSE)) {
		raw_close(down_conn);
		down_conn = NULL;
	}
}

static inline void begin_down(struct raw_conn *conn)
{
	buf_finish(&down_text);
	write_down_text();
	down_sent = 0;
	down_conn = conn;
	if (!down.slowly) {
		send_down(SIZE_MAX);
	}
}

static inline void answer_up(struct raw_conn *conn, const char *status)
{
	autofree char *text =
	        xasprintf("HTTP/1.1 %s\r\nContent-Length: 4\r\n\r\ndone", status);
	raw_puts(conn, text);
}

static inline void take_up(struct raw_conn *conn)
{
	const char *text = buf_cstr(&conn->in);
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "\r\nContent-Length: ");

	assert_non_null(end);
	assert_non_null(length);
	size_t announced = strtoul(length + 18, NULL, 10);
	size_t head_n = (size_t)(end - text) + 4;
	size_t n = conn->in.len - head_n;
	if (conn->served == 0) {
		conn->served = 1;
		up.begun++;
		up_conn = conn;
		if (up.early != NULL) {
			answer_up(conn, up.early);
		}
	}
	if (n >= up.close_at) {
		raw_reset(conn);
		up_conn = NULL;
		return;
	}
	if (n >= announced && !up.whole && up.early == NULL) {
		up.whole = true;
		buf_add(&up.body, conn->in.data + head_n, announced);
		buf_clear(&conn->in); /* the connection may serve again */
		conn->served = 0;
		up_conn = NULL;
		answer_up(conn, up.answer);
		return;
	}
	if (up.slowly && conn->fd >= 0) {
		loop_io_set(conn->io, 0);
	}
}

static inline void serve_pipe(struct raw_conn *conn, void *arg)
{
	const char *text = buf_cstr(&conn->in);

	(void)arg;
	if (conn->ended) {
		up_conn = up_conn == conn ? NULL : up_conn;
		down_conn = down_conn == conn ? NULL : down_conn;
		raw_close(conn);
	} else if (strstr(text, "\r\n\r\n") == NULL) {
		return;
	} else if (str_starts(text, "GET /down ")) {
		buf_clear(&conn->in);
		begin_down(conn);
	} else if (str_starts(text, "POST /up ")) {
		take_up(conn);
	}
}

static inline void tick(void *arg)
{
	(void)arg;
	if (down.slowly) {
		send_down(1 + down.bytes / 20);
	}
	if (up.slowly && up_conn != NULL && up_conn->fd >= 0) {
		loop_io_set(up_conn->io, LOOP_READ);
	}
	timer_start(&ticker, 1);
}

static inline void reset_script(size_t bytes)
{
	down.shape = DOWN_LENGTH;
	down.head = NULL;
	down.bytes = bytes;
	down.cut_at = SIZE_MAX;
	down.slowly = false;
	up.close_at = SIZE_MAX;
	up.early = NULL;
	up.answer = "200 OK";
	up.slowly = false;
	up.begun = 0;
	up.whole = false;
	buf_finish(&up.body);
	buf_init(&up.body, MAX_BODY);
	down_conn = NULL;
	up_conn = NULL;
}

/* Everything that is ready; if nothing is, a millisecond passes. */
static inline void step(void)
{
	struct pollfd ready = {.fd = loop_fd(loop), .events = POLLIN};

	if (!loop_drain(loop) && poll(&ready, 1, 1) == 0) {
		loop_advance_to_us(loop, loop_now_us(loop) + 1000);
	}
}

static inline bool run_until(const bool *flag)
{
	for (unsigned i = 0; i < 100000 && !*flag; i++) {
		step();
	}
	return *flag;
}

static inline void run_for(int64_t ms)
{
	int64_t until_ms = loop_now_ms(loop) + ms;

	while (loop_now_ms(loop) < until_ms) {
		step();
	}
}

static inline int begin_pipe(void **state)
{
	(void)state;
	begin_with(&(struct http_client_options){.user_agent = "test/1"});
	loop_use_virtual_clock(loop, 1700000000000);
	peer->fn = serve_pipe;
	memcpy(spool_dir + sizeof(spool_dir) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(spool_dir));
	spool = spool_create(spool_dir, MAX_BODY);
	timer_init(&ticker, loop, tick, NULL);
	timer_start(&ticker, 1);
	reset_script(0);
	return 0;
}

static inline int end_pipe(void **state)
{
	timer_stop(&ticker);
	assert_int_equal(spool_bytes(spool), 0);
	spool_destroy(&spool);
	assert_int_equal(rmdir(spool_dir), 0); /* it is empty */
	buf_finish(&down_text);
	buf_finish(&up.body);
	return end(state);
}

#endif
