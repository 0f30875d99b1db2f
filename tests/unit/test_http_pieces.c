/* proves: MSG-08 */
#include "tests/unit/pipe_fixture.h"

enum { STALL_MS = 10000, SHORT_STALL_MS = 250 };

static struct http_req *req;
static struct result outcome;
static struct buf got;
static unsigned moves;
static size_t most_seen, at_most_a_move; /* read so much for each moved() */

static void handle_moved(void *arg)
{
	(void)arg;
	moves++;
	struct str data = http_req_peek(req);
	most_seen = data.n > most_seen ? data.n : most_seen;
	size_t n = data.n < at_most_a_move ? data.n : at_most_a_move;
	buf_add(&got, data.p, n);
	http_req_consume(req, n);
}

static void handle_over(const struct http_reply *reply, const struct err *err, void *arg)
{
	(void)arg;
	req = NULL;
	take(reply, err, &outcome);
}

static void start_down(uint32_t stall_ms)
{
	outcome = (struct result){0};
	buf_finish(&got);
	buf_init(&got, MAX_BODY);
	moves = 0;
	most_seen = 0;
	at_most_a_move = SIZE_MAX;
	req = make("GET", "/down");
	http_req_in_pieces(req, stall_ms, handle_moved, NULL);
	http_req_start(req, handle_over, NULL);
	assert_int_equal(moves, 0);
}

static void finish_case(void)
{
	result_finish(&outcome);
	buf_finish(&got);
}

static void assert_pattern(struct str data, size_t bytes)
{
	assert_int_equal(data.n, bytes);
	for (size_t i = 0; i < bytes; i++) {
		assert_int_equal(data.p[i], pattern_at(i));
	}
}

static void test_body_comes_in_pieces(void **state)
{
	static const size_t sizes[] = {0, 1, 16384, 65535, 65536, 65537, 3000000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		reset_script(sizes[i]);
		start_down(STALL_MS);
		assert_true(run_until(&outcome.done));
		assert_int_equal(outcome.status, 200);
		assert_int_equal(outcome.body.len, 0);
		assert_pattern(buf_str(&got), sizes[i]);
		assert_true(most_seen <= HTTP_WINDOW_BYTES);
		finish_case();
	}
}

/* Whoever does not read keeps the peer waiting, and neither memory nor the stall timer
 * grows on him; when he reads all is there. */
static void test_reader_that_waits(void **state)
{
	(void)state;
	reset_script(5000000);
	start_down(SHORT_STALL_MS);
	at_most_a_move = 0;
	run_for(4 * SHORT_STALL_MS);
	assert_int_equal(outcome.calls, 0);
	assert_true(most_seen > 0 && most_seen <= HTTP_WINDOW_BYTES);
	at_most_a_move = 1000;
	handle_moved(NULL);
	while (!outcome.done) {
		step();
		if (req != NULL && http_req_peek(req).n > 0) {
			handle_moved(NULL);
		}
	}
	assert_int_equal(outcome.err.kind, ERR_NONE);
	assert_pattern(buf_str(&got), 5000000);
	assert_true(most_seen <= HTTP_WINDOW_BYTES);
	finish_case();
}

static void test_head(void **state)
{
	struct http_reply head;
	int64_t length = 0;

	(void)state;
	reset_script(100000);
	start_down(STALL_MS);
	assert_false(http_req_head(req, &head, &length));
	at_most_a_move = 0;
	while (http_req_peek(req).n == 0) {
		step();
	}
	assert_true(http_req_head(req, &head, &length));
	assert_int_equal(head.status, 200);
	assert_int_equal(length, 100000);
	assert_string_equal(head.content_type, "text/x");
	http_req_cancel(&req);
	loop_drain(loop);
	assert_int_equal(outcome.calls, 0);
	finish_case();
}

/* What is no 2xx is gathered for done(), but not without end. */
static void test_other_answers_are_whole(void **state)
{
	(void)state;
	reset_script(300000);
	down.head = "502 Bad Gateway";
	start_down(STALL_MS);
	assert_true(run_until(&outcome.done));
	assert_int_equal(outcome.status, 502);
	assert_int_equal(outcome.body.len, 65536);
	assert_int_equal(got.len, 0);
	finish_case();
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	reset_script(40);
	for (int shape = DOWN_LENGTH; shape <= DOWN_CHUNKED; shape++) {
		buf_finish(&down_text);
		down.shape = (enum down_shape)shape;
		write_down_text();
		/* The very last line feed says nothing that was not known before. */
		size_t told = down_text.len - (shape == DOWN_CHUNKED ? 1 : 0);
		for (size_t cut = 0; cut < told; cut++) {
			down.cut_at = cut;
			start_down(STALL_MS);
			assert_true(run_until(&outcome.done));
			assert_int_equal(outcome.calls, 1);
			assert_false(outcome.replied);
			assert_int_equal(outcome.err.kind, ERR_UNSURE);
			finish_case();
			raw_stop(&peer); /* it has room for so many connections only */
			peer = raw_listen(loop, serve_pipe, NULL);
		}
	}
}

static void test_silent_peer(void **state)
{
	(void)state;
	reset_script(100000);
	down.slowly = true;
	start_down(SHORT_STALL_MS);
	while (got.len == 0) {
		step();
	}
	down_conn = NULL;
	assert_true(run_until(&outcome.done));
	assert_int_equal(outcome.err.kind, ERR_UNSURE);
	assert_string_equal(outcome.err.msg, "no progress within 250 ms");
	finish_case();
}

/* As long as something comes it may take as long as it likes. */
static void test_slow_peer(void **state)
{
	(void)state;
	reset_script(400000);
	down.slowly = true;
	start_down(SHORT_STALL_MS);
	assert_true(run_until(&outcome.done));
	assert_int_equal(outcome.err.kind, ERR_NONE);
	assert_pattern(buf_str(&got), 400000);
	finish_case();
}

/* ---- writing ---- */

static size_t to_write, written;
static size_t most_taken;

static void write_some(void *arg)
{
	(void)arg;
	while (written < to_write) {
		char data[9000];
		size_t n = to_write - written < sizeof(data) ? to_write - written
		                                             : sizeof(data);
		for (size_t i = 0; i < n; i++) {
			data[i] = pattern_at(written + i);
		}
		size_t taken = http_req_write(req, (struct str){data, n});
		written += taken;
		if (taken < n) {
			return;
		}
	}
}

static void start_up(size_t announced, size_t bytes, uint32_t stall_ms)
{
	outcome = (struct result){0};
	to_write = bytes;
	written = 0;
	moves = 0;
	req = make("POST", "/up");
	http_req_in_pieces(req, stall_ms, write_some, NULL);
	http_req_set_body_length(req, "application/octet-stream", (int64_t)announced);
	http_req_start(req, handle_over, NULL);
	write_some(NULL);
	most_taken = written;
}

static void test_body_goes_in_pieces(void **state)
{
	static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 3000000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		reset_script(0);
		up.slowly = i % 2 == 1;
		start_up(sizes[i], sizes[i], STALL_MS);
		assert_true(most_taken <= HTTP_WINDOW_BYTES);
		assert_true(run_until(&outcome.done));
		assert_int_equal(outcome.status, 200);
		assert_string_equal(buf_cstr(&outcome.body), "done");
		assert_true(up.whole);
		assert_pattern(buf_str(&up.body), sizes[i]);
		finish_case();
	}
}

/* More than was announced is not taken. */
static void test_no_more_than_announced(void **state)
{
	(void)state;
	reset_script(0);
	start_up(10, 20, STALL_MS);
	assert_int_equal(written, 10);
	assert_int_equal(http_req_unwritten(req), 0);
	assert_true(run_until(&outcome.done));
	assert_pattern(buf_str(&up.body), 10);
	finish_case();
}

/* A writer that has nothing for a while does not run into the stall timer; one that gives
 * up leaves a body that is too short. */
static void test_writer_that_waits(void **state)
{
	(void)state;
	reset_script(0);
	start_up(100000, 50000, SHORT_STALL_MS);
	run_for(4 * SHORT_STALL_MS);
	assert_int_equal(outcome.calls, 0);
	to_write = 100000;
	write_some(NULL);
	assert_true(run_until(&outcome.done));
	assert_int_equal(outcome.status, 200);
	assert_pattern(buf_str(&up.body), 100000);
	finish_case();

	reset_script(0);
	start_up(100000, 99999, STALL_MS);
	run_for(20);
	http_req_cancel(&req);
	run_for(20);
	assert_int_equal(up.begun, 1);
	assert_false(up.whole);
	assert_int_equal(outcome.calls, 0);
	finish_case();
}

static void test_reader_stops(void **state)
{
	static const size_t at[] = {0, 1, 50000, 2999999};

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		reset_script(0);
		up.close_at = at[i];
		start_up(3000000, 3000000, STALL_MS);
		assert_true(run_until(&outcome.done));
		assert_int_equal(outcome.err.kind, ERR_UNSURE);
		finish_case();
	}
	/* No answer to a whole body: the stall timer is the deadline. */
	reset_script(0);
	up.early = "100 Continue";
	start_up(10, 10, SHORT_STALL_MS);
	assert_true(run_until(&outcome.done));
	assert_int_equal(outcome.err.kind, ERR_UNSURE);
	finish_case();
}

static void test_refused_early(void **state)
{
	(void)state;
	reset_script(0);
	up.early = "413 Too Large";
	start_up(3000000, 100000, STALL_MS);
	assert_true(run_until(&outcome.done));
	assert_int_equal(outcome.status, 413);
	finish_case();
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin_pipe, end_pipe)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(test_body_comes_in_pieces),
	        CASE(test_reader_that_waits),
	        CASE(test_head),
	        CASE(test_other_answers_are_whole),
	        CASE(test_cut_anywhere),
	        CASE(test_silent_peer),
	        CASE(test_slow_peer),
	        CASE(test_body_goes_in_pieces),
	        CASE(test_no_more_than_announced),
	        CASE(test_writer_that_waits),
	        CASE(test_reader_stops),
	        CASE(test_refused_early),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
