/* Threads, spaces, search, moments, reports, aggregations, announced uploads, questions
 * to appservices. */
/* proves: SIMM-01 */
#include "sim-matrix/media.h"

#include "tests/unit/sim_matrix_fixture.h"

#define C1 "/_matrix/client/v1/"
#define MEDIA "/_matrix/media/v3/"

static char *alice, *bob;

static int begin(void **state, const char *profile)
{
	struct fixture *f = fixture_create(profile);

	alice = verb_text(f, "register_user", "{\"name\":\"alice\"}", "access_token");
	bob = verb_text(f, "register_user", "{\"name\":\"bob\"}", "access_token");
	say(f, "create_room", "{\"as\":\"alice\",\"room\":\"r\",\"invite\":[\"bob\"]}");
	say(f, "accept", "{\"as\":\"bob\"}");
	*state = f;
	return 0;
}

static int setup_conduwuit(void **state)
{
	return begin(state, NULL);
}

static int setup_strict(void **state)
{
	return begin(state, "synapse");
}

static int end(void **state)
{
	free(alice);
	free(bob);
	return teardown(state);
}

static const struct room *labelled(struct fixture *f, const char *label)
{
	void *value;

	for (size_t i = 0; map_next(f->sim->rooms, &i, NULL, &value);) {
		if (str_equal(((struct room *)value)->label, label)) {
			return value;
		}
	}
	return NULL;
}

static char *post(struct fixture *f, const char *who, const char *text, const char *more)
{
	autofree char *args = xasprintf(
	        "{\"as\":\"%s\",\"in\":\"r\",\"text\":\"%s\"%s}", who, text, more);

	return verb_text(f, "post", args, "event_id");
}

/* GETs a path below the room called r. */
static void get(
        struct fixture *f, const char *prefix, const char *rest, const char *token)
{
	autofree char *target =
	        xasprintf("%srooms/%s/%s", prefix, labelled(f, "r")->room_id, rest);

	expect_call(f, 200, NULL, "GET", target, token, "");
}

static const char *nth_id(struct fixture *f, const char *list, int index)
{
	return json_str_or(
	        cJSON_GetArrayItem(json_arr(f->reply, list), index), "event_id", "");
}

/* ---- threads ---- */

static void test_threads_are_listed(void **state)
{
	struct fixture *f = *state;
	bool newest_first = f->sim->profile->threads_by_newest;
	autofree char *one = post(f, "alice", "one", "");
	autofree char *two = post(f, "alice", "two", "");
	autofree char *target = NULL;

	free(post(f, "bob", "in two", ",\"thread\":\"two\""));
	free(post(f, "alice", "in one", ",\"thread\":\"one\""));
	get(f, C1, "threads", bob);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "chunk")), 2);
	assert_string_equal(nth_id(f, "chunk", 0), newest_first ? one : two);
	get(f, C1, "threads?limit=1", bob);
	target = xasprintf("threads?limit=1&from=%s", json_str(f->reply, "next_batch"));
	get(f, C1, target, bob);
	assert_string_equal(nth_id(f, "chunk", 0), newest_first ? two : one);
	assert_null(json_str(f->reply, "next_batch"));
	get(f, C1, "threads?include=participated", bob);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "chunk")), 1);
	assert_string_equal(nth_id(f, "chunk", 0), two);
}

/* ---- aggregations ---- */

static const cJSON *bundled(struct fixture *f, const char *event_id)
{
	autofree char *rest = xasprintf("event/%s", event_id);

	get(f, C3, rest, alice);
	return content_obj(content_obj(f->reply, "unsigned"), "m.relations");
}

static void test_what_is_bundled(void **state)
{
	struct fixture *f = *state;
	bool all = f->sim->profile->bundles_edits;
	autofree char *one = post(f, "alice", "one", "");
	autofree char *second = NULL;
	const cJSON *thread;

	assert_null(bundled(f, one));
	say(f, "edit",
	        "{\"as\":\"alice\",\"in\":\"r\",\"event\":\"one\",\"text\":\"uno\"}");
	assert_true((content_get(bundled(f, one), "m.replace") != NULL) == all);
	free(post(f, "bob", "first", ",\"thread\":\"one\""));
	second = post(f, "bob", "second", ",\"thread\":\"one\"");
	thread = content_obj(bundled(f, one), "m.thread");
	assert_int_equal(json_int(thread, "count", 0), 2);
	assert_string_equal(json_str(thread, "latest_event.event_id"), second);
	assert_true(json_bool(thread, "current_user_participated", false));
	say(f, "redact", "{\"as\":\"bob\",\"in\":\"r\",\"event\":\"second\"}");
	thread = content_obj(bundled(f, one), "m.thread");
	assert_int_equal(json_int(thread, "count", 0), 1);
	say(f, "redact", "{\"as\":\"alice\",\"in\":\"r\",\"event\":\"one\"}");
	assert_null(bundled(f, one));
}

/* ---- search, moments, reports ---- */

static const struct {
	const char *term;
	int found;
} searches[] = {{"apple", 2}, {"APPLE pie", 1}, {"pie apple", 1}, {"pear", 0}, {"", 3}};

static void test_search(void **state)
{
	struct fixture *f = *state;

	free(post(f, "alice", "an apple", ""));
	free(post(f, "alice", "apple pie", ""));
	free(post(f, "alice", "plum", ""));
	for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
		autofree char *body =
		        xasprintf("{\"search_categories\":{\"room_events\":{\"keys\":["
		                  "\"content.body\"],\"search_term\":\"%s\"}}}",
		                searches[i].term);
		expect_call(f, 200, NULL, "POST", C3 "search", bob, body);
		assert_int_equal(
		        json_int(f->reply, "search_categories.room_events.count", -1),
		        searches[i].found);
	}
	say(f, "leave", "{\"as\":\"bob\",\"room\":\"r\"}");
	expect_call(f, 200, NULL, "POST", C3 "search", bob,
	        "{\"search_categories\":{\"room_events\":{\"search_term\":\"apple\"}}}");
	assert_int_equal(
	        json_int(f->reply, "search_categories.room_events.count", -1), 0);
}

static void test_moments(void **state)
{
	struct fixture *f = *state;
	autofree char *one = post(f, "alice", "one", "");
	int64_t ts = FIXTURE_WALL_MS;
	autofree char *rest = NULL;
	autofree char *two = NULL;

	advance(f, 1000);
	two = post(f, "alice", "two", "");
	rest = xasprintf("timestamp_to_event?dir=f&ts=%lld", (long long)ts + 500);
	get(f, C1, rest, bob);
	assert_string_equal(json_str(f->reply, "event_id"), two);
	free(rest);
	rest = xasprintf("timestamp_to_event?dir=b&ts=%lld", (long long)ts + 500);
	get(f, C1, rest, bob);
	assert_string_equal(json_str(f->reply, "event_id"), one);
}

static void test_conduwuit_lacks_newer_routes(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *method, *target;
	} rows[] = {
	        {"GET", C1 "rooms/!r:sim.test/timestamp_to_event?ts=1"},
	        {"POST", "/_matrix/media/v1/create"},
	        {"PUT", MEDIA "upload/sim.test/x"},
	        {"GET", C3 "thirdparty/user/slack"},
	        {"GET", C3 "thirdparty/protocol/slack"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect_call(f, 404, "M_UNRECOGNIZED", rows[i].method, rows[i].target,
		        alice, "{}");
	}
	expect_call(f, 200, NULL, "GET", C3 "thirdparty/protocols", alice, "");
	assert_null(f->reply->child);
}

static void test_reports_reach_the_administrator(void **state)
{
	struct fixture *f = *state;
	autofree char *one = post(f, "alice", "one", "");
	autofree char *target =
	        xasprintf(C3 "rooms/%s/report/%s", labelled(f, "r")->room_id, one);

	expect_call(f, 400, "M_INVALID_PARAM", "POST", target, bob, "{\"score\":5}");
	forget_records(f);
	expect_call(
	        f, 200, NULL, "POST", target, bob, "{\"score\":-50,\"reason\":\"dull\"}");
	assert_int_equal(count_records(f, "in", "admins"), 1);
	say(f, "leave", "{\"as\":\"bob\",\"room\":\"r\"}");
	expect_call(f, 404, "M_NOT_FOUND", "POST", target, bob, "{}");
}

/* ---- spaces ---- */

static void add_child(
        struct fixture *f, const char *space, const char *child, const char *more)
{
	autofree char *args = xasprintf(
	        "{\"as\":\"alice\",\"room\":\"%s\",\"type\":\"m.space.child\",\"key\":"
	        "\"%s\",\"content\":{\"via\":[\"sim.test\"]%s}}",
	        space, labelled(f, child)->room_id, more);

	say(f, "set_state", args);
}

static void expect_rooms(
        struct fixture *f, const char *rest, const char *token, const char *labels)
{
	autofree char *target =
	        xasprintf(C1 "rooms/%s/hierarchy%s", labelled(f, "top")->room_id, rest);
	char seen[64] = "";
	const cJSON *room;

	expect_call(f, 200, NULL, "GET", target, token, "");
	cJSON_ArrayForEach(room, json_arr(f->reply, "rooms"))
	{
		const struct room *known =
		        map_get(f->sim->rooms, json_str(room, "room_id"));
		strncat(seen, known->label, sizeof(seen) - strlen(seen) - 1);
		strncat(seen, " ", sizeof(seen) - strlen(seen) - 1);
	}
	assert_string_equal(seen, labels);
}

static void test_hierarchy(void **state)
{
	struct fixture *f = *state;
	autofree char *next = NULL;

	say(f, "create_room",
	        "{\"as\":\"alice\",\"room\":\"top\",\"space\":true,\"public\":true}");
	say(f, "create_room",
	        "{\"as\":\"alice\",\"room\":\"sub\",\"space\":true,\"public\":true}");
	say(f, "create_room", "{\"as\":\"alice\",\"room\":\"leaf\",\"public\":true}");
	say(f, "create_room", "{\"as\":\"alice\",\"room\":\"secret\"}");
	add_child(f, "top", "secret", "");
	add_child(f, "top", "r", ",\"suggested\":true");
	add_child(f, "top", "sub", ",\"order\":\"a\"");
	add_child(f, "sub", "leaf", "");
	add_child(f, "sub", "top", ""); /* in a circle */
	expect_rooms(f, "", alice, "top sub leaf secret r ");
	expect_rooms(f, "", bob, "top sub leaf r ");
	expect_rooms(f, "?max_depth=1", alice, "top sub secret r ");
	expect_rooms(f, "?max_depth=0", alice, "top ");
	expect_rooms(f, "?suggested_only=true", alice, "top r ");
	expect_rooms(f, "?limit=2", alice, "top sub ");
	next = xasprintf("?limit=2&from=%s", json_str(f->reply, "next_batch"));
	expect_rooms(f, next, alice, "leaf secret ");
}

/* ---- media ---- */

static void test_announced_uploads(void **state)
{
	struct fixture *f = *state;
	autofree char *put = NULL, *get_url = NULL, *id = NULL;

	expect_call(f, 200, NULL, "POST", "/_matrix/media/v1/create", alice, "{}");
	id = xstrdup(strrchr(json_str(f->reply, "content_uri"), '/') + 1);
	put = xasprintf(MEDIA "upload/sim.test/%s", id);
	get_url = xasprintf(C1 "media/download/sim.test/%s?timeout_ms=5000", id);
	start_call(f, "GET", get_url, bob, "");
	advance(f, 4999);
	assert_false(f->done);
	advance(f, 1);
	assert_int_equal(f->status, 504);
	assert_string_equal(json_str(f->reply, "errcode"), "M_NOT_YET_UPLOADED");
	expect_call(f, 403, "M_FORBIDDEN", "PUT", put, bob, "bytes");
	expect_call(f, 200, NULL, "PUT", put, alice, "bytes");
	expect_call(f, 409, "M_CANNOT_OVERWRITE_MEDIA", "PUT", put, alice, "bytes");
	expect_call(f, 200, NULL, "GET", get_url, bob, "");
	assert_string_equal(f->body, "bytes");
	expect_call(f, 404, "M_NOT_FOUND", "PUT", MEDIA "upload/sim.test/no", alice, "x");
}

static void test_a_limit_can_be_set(void **state)
{
	struct fixture *f = *state;

	say(f, "limit_uploads", "{\"bytes\":4}");
	expect_call(f, 413, "M_TOO_LARGE", "POST", MEDIA "upload", alice, "12345");
	expect_call(f, 200, NULL, "POST", MEDIA "upload", alice, "1234");
	expect_call(f, 200, NULL, "GET", C1 "media/config", alice, "");
	assert_int_equal(cJSON_GetObjectItem(f->reply, "m.upload.size")->valueint, 4);
	say_wrong(f, "limit_uploads", "{\"bytes\":0}");
}

static void test_rates(void **state)
{
	struct fixture *f = *state;
	autofree char *target =
	        xasprintf(C3 "rooms/%s/send/m.room.message/t", labelled(f, "r")->room_id);

	say(f, "limit_rate", "{\"burst\":3,\"one_each\":\"2s\"}");
	for (int i = 0; i < 5; i++) {
		autofree char *each = xasprintf("%s%d", target, i);
		call(f, "PUT", each, alice, "{\"msgtype\":\"m.text\",\"body\":\"x\"}");
		assert_int_equal(f->status, i < 3 ? 200 : 429);
	}
	assert_int_equal(json_int(f->reply, "retry_after_ms", 0), 2000);
	advance(f, 2000);
	expect_call(f, 200, NULL, "PUT", target, alice,
	        "{\"msgtype\":\"m.text\",\"body\":\"x\"}");
	say(f, "limit_rate", "{\"burst\":0}");
	say_wrong(f, "limit_rate", "{\"burst\":1}");
}

/* Small ones are held, large ones wait in a file; both hash alike. */
static void test_large_media_wait_in_files(void **state)
{
	struct fixture *f = *state;
	const size_t sizes[] = {0, 1, MEDIA_HELD_BYTES, MEDIA_HELD_BYTES + 1, 5000000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *bytes = xcalloc(1, sizes[i] + 1);
		struct str data = {bytes, sizes[i]};
		autofree char *hash = sha256_hex(data);
		autofree char *id = media_put(f->sim, NULL, NULL, data);
		const struct media *media = media_get(f->sim, id);

		assert_int_equal(media->bytes, sizes[i]);
		assert_string_equal(media->sha256, hash);
		assert_true((media->fd >= 0) == (sizes[i] > MEDIA_HELD_BYTES));
		free(bytes);
	}
}

/* ---- questions to appservices ---- */

static void test_unknown_users_are_asked_for(void **state)
{
	struct fixture *f = *state;

	start_as(f);
	f->as_pinged = false;
	say(f, "invite", "{\"as\":\"alice\",\"room\":\"r\",\"user\":\"slack_new\"}");
	settle(f);
	for (int i = 0; i < WAITS_MAX && f->as_asked == NULL; i++) {
		turn(f);
	}
	assert_string_equal(f->as_asked, "/_matrix/app/v1/users/%40slack_new%3Asim.test");
}

static void test_protocols_without_appservices(void **state)
{
	struct fixture *f = *state;

	expect_call(f, 200, NULL, "GET", C3 "thirdparty/protocols", alice, "");
	expect_call(f, 404, "M_NOT_FOUND", "GET", C3 "thirdparty/protocol/x", alice, "");
	expect_call(f, 200, NULL, "GET", C3 "thirdparty/user/x", alice, "");
	assert_true(cJSON_IsArray(f->reply));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_threads_are_listed, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_threads_are_listed, setup_strict, end),
	        cmocka_unit_test_setup_teardown(
	                test_what_is_bundled, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(test_what_is_bundled, setup_strict, end),
	        cmocka_unit_test_setup_teardown(test_search, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(test_moments, setup_strict, end),
	        cmocka_unit_test_setup_teardown(
	                test_conduwuit_lacks_newer_routes, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_reports_reach_the_administrator, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(test_hierarchy, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_announced_uploads, setup_strict, end),
	        cmocka_unit_test_setup_teardown(
	                test_a_limit_can_be_set, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(test_rates, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_large_media_wait_in_files, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_unknown_users_are_asked_for, setup_strict, end),
	        cmocka_unit_test_setup_teardown(
	                test_protocols_without_appservices, setup_strict, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
