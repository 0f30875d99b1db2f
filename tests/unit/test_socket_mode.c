#include "socket_fixture.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* ---------------------------------------------------------------- connecting */

static void test_connects(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(socket_mode_state(f->sm), SM_STOPPED);
	socket_mode_start(f->sm);
	assert_text(&f->states, ""); /* nothing from inside start */
	pass_ms(f->loop, 0);
	assert_text(&f->states, "connecting connected ");
	assert_string_equal(f->script.asked[0].authorization, "Bearer xapp-1-secret");
	pass_ms(f->loop, 4 * HOUR); /* pings keep it */
	assert_text(&f->states, "");
	assert_int_equal(opens(f), 1);
}

/* The kernel gives a dead peer up as soon as we do. */
/* proves: SOCK-07 */
static void test_tcp_user_timeout(void **state)
{
	struct fixture *f = *state;
	unsigned found = 0;

	connect_first(f);
	for (int fd = 0; fd < 1024; fd++) {
		unsigned timeout_ms = 0;
		socklen_t n = sizeof(timeout_ms);
		if (getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &n) == 0 &&
		        timeout_ms == 60000) {
			found++;
		}
	}
	assert_int_equal(found, 1);
}

static void test_no_hello(void **state)
{
	struct fixture *f = *state;

	f->greeting = SAY_NOTHING;
	socket_mode_start(f->sm);
	pass_ms(f->loop, 29 * SECOND);
	assert_text(&f->states, "connecting ");
	f->greeting = GREET;
	pass_ms(f->loop, 2 * SECOND);
	assert_text(&f->states, "disconnected ");
	pass_ms(f->loop, 2 * SECOND);
	assert_text(&f->states, "connecting connected ");
	assert_true(f->conns[0].is_gone);
	assert_int_equal(f->tickets_used, 2);
}

static void test_upgrade_refused(void **state)
{
	struct fixture *f = *state;

	f->greeting = REFUSE_UPGRADE;
	socket_mode_start(f->sm);
	pass_ms(f->loop, 0);
	assert_text(&f->states, "connecting disconnected ");
	f->greeting = GREET;
	pass_ms(f->loop, 2 * SECOND);
	assert_text(&f->states, "connecting connected ");
}

/* ---------------------------------------------------------------- envelopes */

static void test_acknowledged_only_when_told(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	send_envelope(f, 1, "e1");
	send_envelope(f, 1, "e2");
	assert_text(&f->envelopes, "1:e1 1:e2 ");
	pass_ms(f->loop, MINUTE);
	assert_text(&f->acks, "");
	socket_mode_ack(f->sm, 1, "e2");
	socket_mode_ack(f->sm, 1, "e1");
	pass_ms(f->loop, 0);
	assert_text(&f->acks, "1:e2 1:e1 ");
}

static void test_frames_that_are_no_envelopes(void **state)
{
	static const char *const texts[] = {"UNAUTHENTICATED: cache_error", "", "{", "[]",
	        "{}", "{\"type\":\"events_api\",\"payload\":{}}", HELLO};
	struct fixture *f = *state;

	connect_first(f);
	for (size_t i = 0; i < SIZE(texts); i++) {
		say(f, 1, texts[i]);
	}
	assert_text(&f->envelopes, "");
	say(f, 1, "{\"envelope_id\":\"e1\",\"type\":\"news\"}");
	assert_text(&f->envelopes, "1:e1! ");
	assert_text(&f->states, "");
	assert_int_equal(opens(f), 1);
}

static void test_no_acknowledgement_on_another_connection(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	send_envelope(f, 1, "e1");
	drop(f, 1, HTTP_DROP_RESET);
	assert_text(&f->states, "connecting connected ");
	socket_mode_ack(f->sm, 1, "e1");
	socket_mode_ack(f->sm, 99, "e1");
	pass_ms(f->loop, MINUTE);
	assert_text(&f->acks, "");
}

/* ---------------------------------------------------------------- refresh */

static void test_refresh_overlaps(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	pass_ms(f->loop, 5 * HOUR);
	f->greeting = SAY_NOTHING; /* the successor takes its time */
	say(f, 1, DISCONNECT("refresh_requested"));
	assert_int_equal(opens(f), 2); /* at once */
	assert_int_equal(f->tickets_used, 2);
	send_envelope(f, 1, "e1"); /* the old one still works */
	socket_mode_ack(f->sm, 1, "e1");
	say(f, 1, DISCONNECT("warning")); /* said twice: no third connection */
	pass_ms(f->loop, 5 * SECOND);
	assert_text(&f->acks, "1:e1 ");

	say(f, 2, HELLO);
	send_envelope(f, 1, "e2");
	send_envelope(f, 2, "e3");
	socket_mode_ack(f->sm, 1, "e2");
	socket_mode_ack(f->sm, 2, "e3");
	pass_ms(f->loop, 9 * SECOND);
	assert_text(&f->envelopes, "1:e1 1:e2 2:e3 ");
	assert_text(&f->acks, "1:e2 2:e3 ");
	assert_false(f->conns[0].is_gone);

	pass_ms(f->loop, 7 * SECOND);
	assert_true(f->conns[0].is_gone);
	assert_int_equal(f->conns[0].close_code, 1000);
	assert_false(f->conns[1].is_gone);
	assert_text(&f->states, ""); /* connected all the time */
	pass_ms(f->loop, HOUR);
	assert_int_equal(opens(f), 2);
}

static void test_refresh_when_the_server_closes_first(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	say(f, 1, DISCONNECT("warning"));
	drop(f, 1, HTTP_DROP_CLOSE);
	pass_ms(f->loop, HOUR);
	assert_text(&f->states, "");
	assert_int_equal(opens(f), 2);
	assert_int_equal(socket_mode_state(f->sm), SM_CONNECTED);
}

/* An envelope that came just before the end still gets its acknowledgement. */
static void test_refresh_waits_for_owed_acknowledgements(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	say(f, 1, DISCONNECT("refresh_requested"));
	pass_ms(f->loop, 9900);
	send_envelope(f, 1, "e1");
	pass_ms(f->loop, 2 * SECOND);
	assert_int_equal(f->conns[0].close_code, 0);
	socket_mode_ack(f->sm, 1, "e1");
	pass_ms(f->loop, 2 * SECOND);
	assert_text(&f->acks, "1:e1 ");
	assert_int_equal(f->conns[0].close_code, 1000);
}

static void test_refresh_when_the_successor_fails(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	pass_ms(f->loop, HOUR);
	answer_opens(f, (struct answer){.status = 500});
	say(f, 1, DISCONNECT("refresh_requested"));
	pass_ms(f->loop, 100);
	assert_text(&f->states, ""); /* the old one is still there */
	send_envelope(f, 1, "e1");
	assert_text(&f->envelopes, "1:e1 ");
	answer_opens_well(f);
	pass_ms(f->loop, 2 * SECOND);
	assert_int_equal(f->tickets_used, 2);
	drop(f, 1, HTTP_DROP_RESET);
	pass_ms(f->loop, HOUR);
	assert_text(&f->states, "");
	assert_int_equal(opens(f), 3);
}

/* ---------------------------------------------------------------- destroy */

static void test_destroy_from_the_state_callback(void **state)
{
	static const enum socket_mode_state at[] = {
	        SM_CONNECTING, SM_CONNECTED, SM_DISCONNECTED, SM_TOO_MANY};
	static const enum greeting greetings[] = {
	        GREET, GREET, REFUSE_UPGRADE, SAY_TOO_MANY};

	for (size_t i = 0; i < SIZE(at); i++) {
		struct fixture *f = *state;
		f->greeting = greetings[i];
		f->destroy_on_state = true;
		f->destroy_at = at[i];
		socket_mode_start(f->sm);
		pass_ms(f->loop, HOUR);
		assert_null(f->sm);
		assert_int_equal(f->script.asked_count, i == 0 ? 0 : 2);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void test_destroy_from_the_envelope_callback(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	f->destroy_on_envelope = true;
	send_envelope(f, 1, "e1");
	assert_null(f->sm);
	pass_ms(f->loop, MINUTE);
	assert_text(&f->envelopes, "1:e1 ");
	assert_text(&f->states, "");
	assert_true(f->conns[0].is_gone);
}

static void test_destroy_in_every_phase(void **state)
{
	struct fixture *f = *state;

	socket_mode_destroy(&f->sm); /* never started */
	socket_mode_destroy(&f->sm); /* gone already */
	for (int phase = 0; phase < 3; phase++) {
		f->sm = socket_mode_create(f->loop, f->ws, f->api, 1, &owner_handlers, f);
		f->greeting = SAY_NOTHING;
		answer_opens_well(f);
		if (phase == 1) { /* opening */
			answer_opens(f, (struct answer){.how = HOLD});
		}
		socket_mode_start(f->sm);
		if (phase > 0) {
			pass_ms(f->loop, 0);
		}
		buf_clear(&f->states);
		socket_mode_destroy(&f->sm);
		pass_ms(f->loop, HOUR);
		assert_text(&f->states, "");
	}
}

int main(void)
{
	log_add_sink(STDERR_FILENO, LOG_TEXT, LOG_WARN);
	const struct CMUnitTest tests[] = {
	        TEST(test_connects),
	        TEST(test_tcp_user_timeout),
	        TEST(test_no_hello),
	        TEST(test_upgrade_refused),
	        TEST(test_acknowledged_only_when_told),
	        TEST(test_frames_that_are_no_envelopes),
	        TEST(test_no_acknowledgement_on_another_connection),
	        TEST(test_refresh_overlaps),
	        TEST(test_refresh_when_the_server_closes_first),
	        TEST(test_refresh_waits_for_owed_acknowledgements),
	        TEST(test_refresh_when_the_successor_fails),
	        TEST(test_destroy_from_the_state_callback),
	        TEST(test_destroy_from_the_envelope_callback),
	        TEST(test_destroy_in_every_phase),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
