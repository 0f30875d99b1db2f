/* proves: MSG-08 */
#include "tests/unit/pipe_fixture.h"

enum { STALL_MS = 10000, SHORT_STALL_MS = 60 };

static struct http_pipe *pipe_;
static struct {
	unsigned calls, ready_calls;
	bool done;
	int uploaded, refused; /* statuses; 0: none */
	bool by_download, too_large;
	int64_t bytes, length;
	struct buf first, answer;
	struct err err;
} end_;
static bool upload_later, cancel_in_ready, fail_in_ready;

static void upload_now(void)
{
	http_pipe_upload(pipe_, make("POST", "/up"), "text/x");
}

static void handle_ready(
        const struct http_reply *head, struct str first, int64_t length_bytes, void *arg)
{
	struct err err;

	(void)arg;
	assert_int_equal(head->status, 200);
	assert_string_equal(head->content_type, "text/x");
	end_.ready_calls++;
	end_.length = length_bytes;
	buf_add_str(&end_.first, first);
	if (cancel_in_ready) {
		http_pipe_cancel(&pipe_);
	} else if (fail_in_ready) {
		err_set(&err, ERR_PERMANENT, 7, "not wanted");
		http_pipe_fail(pipe_, &err);
	} else if (!upload_later) {
		upload_now();
	}
}

static void handle_done(const struct http_pipe_end *end, const struct err *err, void *arg)
{
	(void)arg;
	end_.calls++;
	end_.done = true;
	end_.err = *err;
	end_.bytes = end->bytes;
	end_.by_download = end->by_download;
	end_.too_large = end->too_large;
	if (end->uploaded != NULL) {
		end_.uploaded = end->uploaded->status;
		buf_add_str(&end_.answer, end->uploaded->body);
	}
	end_.refused = end->refused != NULL ? end->refused->status : 0;
	pipe_ = NULL;
}

static void clear_end(void)
{
	buf_finish(&end_.first);
	buf_finish(&end_.answer);
	memset(&end_, 0, sizeof(end_));
	buf_init(&end_.first, 1 << 20);
	buf_init(&end_.answer, 1000);
	upload_later = cancel_in_ready = fail_in_ready = false;
}

static void start_pipe(int64_t expected, int64_t max, uint32_t stall_ms)
{
	const struct http_pipe_options opts = {
	        .loop = loop,
	        .spool = spool,
	        .expected_bytes = expected,
	        .max_bytes = max,
	        .stall_ms = stall_ms,
	};

	pipe_ = http_pipe_start(
	        make("GET", "/down"), &opts, handle_ready, handle_done, NULL);
	assert_int_equal(end_.calls + end_.ready_calls, 0);
}

static void run_pipe(int64_t expected, int64_t max)
{
	clear_end();
	start_pipe(expected, max, STALL_MS);
	assert_true(run_until(&end_.done));
	run_for(2); /* and nothing comes after */
	assert_int_equal(end_.calls, 1);
}

static void assert_passed_on(size_t bytes)
{
	assert_int_equal(end_.err.kind, ERR_NONE);
	assert_int_equal(end_.uploaded, 200);
	assert_string_equal(buf_cstr(&end_.answer), "done");
	assert_int_equal(end_.length, bytes);
	assert_int_equal(end_.bytes, bytes);
	assert_int_equal(up.begun, 1);
	assert_int_equal(up.body.len, bytes);
	for (size_t i = 0; i < bytes; i++) {
		assert_int_equal(up.body.data[i], pattern_at(i));
	}
}

static void test_passes_on(void **state)
{
	static const size_t sizes[] = {0, 1, 500, 65536, 65537, 200000, 5000000};

	(void)state;
	for (int shape = DOWN_LENGTH; shape <= DOWN_CHUNKED; shape++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			reset_script(sizes[i]);
			down.shape = (enum down_shape)shape;
			run_pipe(-1, MAX_BODY);
			assert_passed_on(sizes[i]);
			reset_script(sizes[i]);
			down.shape = (enum down_shape)shape;
			run_pipe((int64_t)sizes[i], (int64_t)sizes[i]);
			assert_passed_on(sizes[i]);
		}
	}
}

static void test_slow_ends(void **state)
{
	(void)state;
	for (int way = 1; way <= 3; way++) {
		reset_script(2000000);
		down.slowly = (way & 1) != 0;
		up.slowly = (way & 2) != 0;
		clear_end();
		start_pipe(-1, MAX_BODY, SHORT_STALL_MS);
		assert_true(run_until(&end_.done));
		assert_passed_on(2000000);
	}
}

static void test_limit(void **state)
{
	(void)state;
	for (int shape = DOWN_LENGTH; shape <= DOWN_CHUNKED; shape++) {
		reset_script(100000);
		down.shape = (enum down_shape)shape;
		run_pipe(-1, 99999);
		assert_int_equal(end_.err.kind, ERR_PERMANENT);
		assert_true(end_.too_large);
		assert_true(end_.by_download);
		assert_int_equal(end_.ready_calls, 0);
		assert_int_equal(up.begun, 0);
	}
}

/* Another length than was promised never becomes a file on the other side. */
static void test_unexpected_length(void **state)
{
	static const int64_t expected[] = {0, 1, 99999, 100001};

	(void)state;
	for (int shape = DOWN_LENGTH; shape <= DOWN_UNTIL_CLOSE; shape++) {
		for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
			reset_script(100000);
			down.shape = (enum down_shape)shape;
			run_pipe(expected[i], MAX_BODY);
			assert_int_equal(end_.err.kind, ERR_RETRY);
			assert_true(end_.by_download);
			assert_int_equal(up.begun, 0);
		}
	}
}

static void test_until_close(void **state)
{
	(void)state;
	reset_script(100000);
	down.shape = DOWN_UNTIL_CLOSE;
	run_pipe(100000, MAX_BODY);
	assert_passed_on(100000);
	reset_script(100000);
	down.shape = DOWN_UNTIL_CLOSE;
	run_pipe(-1, MAX_BODY);
	assert_int_equal(end_.err.kind, ERR_RETRY);
	assert_int_equal(up.begun, 0);
}

static void test_refused_download(void **state)
{
	(void)state;
	reset_script(30);
	down.head = "404 Not Found";
	run_pipe(30, MAX_BODY);
	assert_int_equal(end_.err.kind, ERR_NONE);
	assert_int_equal(end_.refused, 404);
	assert_int_equal(end_.ready_calls, 0);
	assert_int_equal(up.begun, 0);
}

/* At every byte of a small body, and here and there in a large one. */
static void test_cut_download(void **state)
{
	static const size_t sizes[] = {30, 500000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int shape = DOWN_LENGTH; shape <= DOWN_CHUNKED; shape++) {
			reset_script(sizes[i]);
			down.shape = (enum down_shape)shape;
			buf_finish(&down_text);
			write_down_text();
			size_t whole = down_text.len - 1; /* see test_http_pieces.c */
			size_t step = sizes[i] > 1000 ? 50001 : 1;
			for (size_t cut = 0; cut < whole; cut += step) {
				reset_script(sizes[i]);
				down.shape = (enum down_shape)shape;
				down.cut_at = cut;
				run_pipe(-1, MAX_BODY);
				assert_int_equal(end_.err.kind, ERR_RETRY);
				assert_true(end_.by_download);
				assert_false(up.whole);
				raw_stop(&peer);
				peer = raw_listen(loop, serve_pipe, NULL);
			}
		}
	}
}

static void test_broken_upload(void **state)
{
	static const size_t at[] = {0, 1, 100000, 499999};

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		reset_script(500000);
		up.close_at = at[i];
		run_pipe(-1, MAX_BODY);
		assert_int_equal(end_.err.kind, ERR_UNSURE);
		assert_false(end_.by_download);
		assert_int_equal(end_.uploaded, 0);
	}
	reset_script(500000);
	up.answer = "507 Insufficient Storage";
	run_pipe(-1, MAX_BODY);
	assert_int_equal(end_.err.kind, ERR_NONE);
	assert_int_equal(end_.uploaded, 507);
	reset_script(5000000);
	up.early = "413 Too Large";
	run_pipe(-1, MAX_BODY);
	assert_int_equal(end_.uploaded, 413);
	reset_script(5000000);
	down.slowly = true;
	up.early = "200 OK"; /* to something it has not seen */
	run_pipe(-1, MAX_BODY);
	assert_true(end_.uploaded == 0 || end_.bytes == 5000000);
}

static void test_silence(void **state)
{
	(void)state;
	reset_script(500000);
	down.slowly = true;
	clear_end();
	start_pipe(-1, MAX_BODY, SHORT_STALL_MS);
	while (up.begun == 0) {
		step();
	}
	down_conn = NULL; /* falls silent */
	assert_true(run_until(&end_.done));
	assert_int_equal(end_.err.kind, ERR_RETRY);
	assert_true(end_.by_download);
	assert_false(up.whole);

	reset_script(5000000);
	clear_end();
	start_pipe(-1, MAX_BODY, SHORT_STALL_MS);
	up.slowly = true;
	while (up.begun == 0) {
		step();
	}
	up_conn = NULL; /* reads no more */
	assert_true(run_until(&end_.done));
	assert_int_equal(end_.err.kind, ERR_UNSURE);
	assert_false(end_.by_download);
	up.slowly = false;
}

/* The owner may take its time between the head and the upload. */
static void test_upload_later(void **state)
{
	(void)state;
	for (int shape = DOWN_LENGTH; shape <= DOWN_CHUNKED; shape++) {
		reset_script(500000);
		down.shape = (enum down_shape)shape;
		clear_end();
		upload_later = true;
		start_pipe(-1, MAX_BODY, SHORT_STALL_MS);
		run_for(4 * SHORT_STALL_MS);
		assert_int_equal(end_.ready_calls, 1);
		assert_int_equal(end_.calls, 0);
		assert_true(end_.first.len > 0 && end_.first.data[0] == pattern_at(0));
		upload_now();
		assert_true(run_until(&end_.done));
		assert_passed_on(500000);
	}
}

static void test_owner_gives_up(void **state)
{
	(void)state;
	for (int shape = DOWN_LENGTH; shape <= DOWN_CHUNKED; shape++) {
		reset_script(500000);
		down.shape = (enum down_shape)shape;
		clear_end();
		fail_in_ready = true;
		start_pipe(-1, MAX_BODY, STALL_MS);
		assert_true(run_until(&end_.done));
		assert_int_equal(end_.err.code, 7);
		assert_int_equal(up.begun, 0);

		clear_end();
		cancel_in_ready = true;
		start_pipe(-1, MAX_BODY, STALL_MS);
		while (end_.ready_calls == 0) {
			step();
		}
		run_for(5);
		assert_int_equal(end_.calls, 0);
	}
}

static void test_cancel_any_time(void **state)
{
	(void)state;
	for (unsigned turns = 0; turns < 60; turns += 3) {
		reset_script(500000);
		down.shape = turns % 2 == 0 ? DOWN_LENGTH : DOWN_CHUNKED;
		down.slowly = turns % 4 < 2;
		clear_end();
		start_pipe(-1, MAX_BODY, STALL_MS);
		for (unsigned i = 0; i < turns && !end_.done; i++) {
			step();
		}
		unsigned calls = end_.calls;
		http_pipe_cancel(&pipe_);
		assert_null(pipe_);
		run_for(2);
		assert_int_equal(end_.calls, calls);
		raw_stop(&peer);
		peer = raw_listen(loop, serve_pipe, NULL);
	}
}

static void test_spool_quota(void **state)
{
	(void)state;
	spool_destroy(&spool);
	spool = spool_create(spool_dir, 100000);
	reset_script(100001);
	down.shape = DOWN_CHUNKED;
	run_pipe(-1, MAX_BODY);
	assert_int_equal(end_.err.kind, ERR_RETRY);
	assert_int_equal(spool_bytes(spool), 0);
	reset_script(100000);
	down.shape = DOWN_CHUNKED;
	run_pipe(-1, MAX_BODY);
	assert_passed_on(100000);
}

static int end_pipes(void **state)
{
	clear_end();
	buf_finish(&end_.first);
	buf_finish(&end_.answer);
	return end_pipe(state);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin_pipe, end_pipes)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(test_passes_on),
	        CASE(test_slow_ends),
	        CASE(test_limit),
	        CASE(test_unexpected_length),
	        CASE(test_until_close),
	        CASE(test_refused_download),
	        CASE(test_cut_download),
	        CASE(test_broken_upload),
	        CASE(test_silence),
	        CASE(test_upload_later),
	        CASE(test_owner_gives_up),
	        CASE(test_cancel_any_time),
	        CASE(test_spool_quota),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
