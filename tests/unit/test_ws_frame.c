#include "lib/mem.h"
#include "lib/ws_frame.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CAP = 300000 };

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

/* For tables; elsewhere with (struct str) before it. */
#define BYTES(literal)                                                                   \
	{                                                                                \
		literal, sizeof(literal) - 1                                             \
	}

/* RFC 6455, 5.7, and the borders of the three length forms. */
static void test_good_frames(void **state)
{
	static const struct {
		struct str bytes;
		struct ws_frame frame;
	} cases[] = {
	        {BYTES("\x81\x05Hello"), {true, 0, WS_TEXT, false, BYTES("Hello")}},
	        {BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
	                {true, 0, WS_TEXT, true, BYTES("Hello")}},
	        {BYTES("\x01\x03Hel"), {false, 0, WS_TEXT, false, BYTES("Hel")}},
	        {BYTES("\x80\x02lo"), {true, 0, WS_CONTINUATION, false, BYTES("lo")}},
	        {BYTES("\x89\x05Hello"), {true, 0, WS_PING, false, BYTES("Hello")}},
	        {BYTES("\x8a\x00"), {true, 0, WS_PONG, false, BYTES("")}},
	        {BYTES("\x88\x02\x03\xe8"),
	                {true, 0, WS_CLOSE, false, BYTES("\x03\xe8")}},
	        {BYTES("\xf2\x01x"), {true, 7, WS_BINARY, false, BYTES("x")}},
	        {BYTES("\x82\x80\x01\x02\x03\x04"),
	                {true, 0, WS_BINARY, true, BYTES("")}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str bytes = cases[i].bytes;
		struct ws_decoder decoder;
		struct ws_frame frame;
		struct err err = ERR_INIT;

		/* A byte at a time: every prefix is an unfinished frame. */
		ws_decoder_init(&decoder, CAP);
		for (size_t n = 0; n < bytes.n; n++) {
			assert_int_equal(
			        ws_decoder_next(&decoder, &frame, &err), WS_MORE);
			assert_true(
			        ws_decoder_feed(&decoder, (struct str){bytes.p + n, 1}));
		}
		assert_int_equal(ws_decoder_next(&decoder, &frame, &err), WS_FRAME);
		assert_int_equal(frame.fin, cases[i].frame.fin);
		assert_int_equal(frame.rsv, cases[i].frame.rsv);
		assert_int_equal(frame.opcode, cases[i].frame.opcode);
		assert_int_equal(frame.masked, cases[i].frame.masked);
		assert_int_equal(frame.payload.n, cases[i].frame.payload.n);
		assert_memory_equal(
		        frame.payload.p, cases[i].frame.payload.p, frame.payload.n);
		assert_int_equal(ws_decoder_next(&decoder, &frame, &err), WS_MORE);
		ws_decoder_finish(&decoder);
	}
}

static void test_bad_frames(void **state)
{
	static const struct {
		struct str bytes; /* the last one makes it bad */
		int code;
	} cases[] = {
	        {BYTES("\x83\x00"), 1002}, {BYTES("\x87\x00"), 1002},
	        {BYTES("\x8b\x00"), 1002}, {BYTES("\x8f\x00"), 1002},
	        {BYTES("\x08\x00"), 1002}, {BYTES("\x09\x80"), 1002},
	        {BYTES("\x89\x7e"), 1002}, {BYTES("\x8a\xff"), 1002},
	        {BYTES("\x81\x7e\x00\x00"), 1002}, {BYTES("\x81\x7e\x00\x7d"), 1002},
	        {BYTES("\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x01"), 1002},
	        {BYTES("\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff"), 1002},
	        {BYTES("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00"), 1002},
	        {BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"), 1002},
	        {BYTES("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), 1009},
	        {BYTES("\x81\xff\x00\x00\x00\x00\x00\x04\x93\xe1"), 1009}, /* CAP + 1 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str bytes = cases[i].bytes;
		struct ws_decoder decoder;
		struct ws_frame frame;
		struct err err = ERR_INIT;

		ws_decoder_init(&decoder, CAP);
		for (size_t n = 0; n < bytes.n; n++) {
			assert_int_equal(
			        ws_decoder_next(&decoder, &frame, &err), WS_MORE);
			assert_true(
			        ws_decoder_feed(&decoder, (struct str){bytes.p + n, 1}));
		}
		assert_int_equal(ws_decoder_next(&decoder, &frame, &err), WS_ERROR);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(err.kind, ERR_PERMANENT);
		/* Final, whatever follows. */
		assert_true(
		        ws_decoder_feed(&decoder, (struct str)BYTES("\x81\x05Hello")));
		assert_int_equal(ws_decoder_next(&decoder, &frame, &err), WS_ERROR);
		ws_decoder_finish(&decoder);
	}
}

static char *pattern(size_t n)
{
	char *data = xmalloc(n + 1);

	for (size_t i = 0; i < n; i++) {
		data[i] = (char)(i * 31 + (i >> 8));
	}
	return data;
}

static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, 200000};
enum { LENGTHS = sizeof(lengths) / sizeof(lengths[0]) };

static void encode_all(struct buf *out, bool masked)
{
	for (size_t i = 0; i < LENGTHS; i++) {
		autofree char *data = pattern(lengths[i]);
		assert_true(ws_frame_encode(out, i % 2 == 0, WS_BINARY,
		        (struct str){data, lengths[i]}, masked ? mask : NULL));
	}
}

static void check_all(struct ws_decoder *decoder, size_t *next, bool masked)
{
	struct ws_frame frame;
	struct err err = ERR_INIT;
	enum ws_decode result;

	while ((result = ws_decoder_next(decoder, &frame, &err)) == WS_FRAME) {
		size_t length = lengths[*next % LENGTHS];
		autofree char *data = pattern(length);
		assert_int_equal(frame.fin, *next % 2 == 0);
		assert_int_equal(frame.masked, masked);
		assert_int_equal(frame.opcode, WS_BINARY);
		assert_int_equal(frame.payload.n, length);
		assert_memory_equal(frame.payload.p, data, frame.payload.n);
		(*next)++;
	}
	assert_int_equal(result, WS_MORE);
}

static void test_round_trip(void **state)
{
	static const size_t steps[] = {1, 7, 4096, 65536};

	(void)state;
	for (int masked = 0; masked < 2; masked++) {
		struct buf all;
		buf_init(&all, 1024 * 1024);
		encode_all(&all, masked);
		encode_all(&all, masked); /* more than the decoder may hold */
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			struct ws_decoder decoder;
			size_t next = 0;
			ws_decoder_init(&decoder, CAP);
			for (size_t at = 0; at < all.len; at += steps[i]) {
				size_t n =
				        all.len - at < steps[i] ? all.len - at : steps[i];
				assert_true(ws_decoder_feed(
				        &decoder, (struct str){all.data + at, n}));
				check_all(&decoder, &next, masked);
			}
			assert_int_equal(next, 2 * LENGTHS);
			ws_decoder_finish(&decoder);
		}
		buf_finish(&all);
	}
}

/* The shortest form, and the mask where it belongs. */
static void test_encoded_heads(void **state)
{
	static const struct {
		size_t length;
		bool masked;
		struct str head;
	} cases[] = {
	        {0, false, BYTES("\x81\x00")},
	        {125, false, BYTES("\x81\x7d")},
	        {126, false, BYTES("\x81\x7e\x00\x7e")},
	        {65535, false, BYTES("\x81\x7e\xff\xff")},
	        {65536, false, BYTES("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00")},
	        {0, true, BYTES("\x81\x80\x37\xfa\x21\x3d")},
	        {126, true, BYTES("\x81\xfe\x00\x7e\x37\xfa\x21\x3d")},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		autofree char *data = pattern(cases[i].length);
		buf_init(&out, 100000);
		assert_true(ws_frame_encode(&out, true, WS_TEXT,
		        (struct str){data, cases[i].length},
		        cases[i].masked ? mask : NULL));
		assert_int_equal(out.len, cases[i].head.n + cases[i].length);
		assert_memory_equal(out.data, cases[i].head.p, cases[i].head.n);
		buf_finish(&out);
	}
}

static void test_encode_over_the_cap(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 10);
	assert_false(ws_frame_encode(
	        &out, true, WS_TEXT, (struct str)BYTES("0123456789"), mask));
	assert_true(out.failed);
	buf_finish(&out);
}

static void test_feed_is_bounded(void **state)
{
	struct ws_decoder decoder;
	autofree char *data = pattern(100000);

	(void)state;
	ws_decoder_init(&decoder, 1000);
	assert_false(ws_decoder_feed(&decoder, (struct str){data, 100000}));
	ws_decoder_finish(&decoder);
}

/* RFC 6455, 1.3. */
static void test_accept_key(void **state)
{
	autofree char *accept = ws_accept_key("dGhlIHNhbXBsZSBub25jZQ==");

	(void)state;
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good_frames),
	        cmocka_unit_test(test_bad_frames),
	        cmocka_unit_test(test_round_trip),
	        cmocka_unit_test(test_encoded_heads),
	        cmocka_unit_test(test_encode_over_the_cap),
	        cmocka_unit_test(test_feed_is_bounded),
	        cmocka_unit_test(test_accept_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
