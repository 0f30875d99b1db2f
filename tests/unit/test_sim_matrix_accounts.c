/* Accounts: devices, passwords, tokens, keys for encryption. */
/* proves: SIMM-01 */
#include "tests/unit/sim_matrix_fixture.h"

#define AUTH                                                                              \
	"\"auth\":{\"type\":\"m.login.password\",\"identifier\":{\"type\":\"m.id.user\"," \
	"\"user\":\"alice\"},\"password\":\"pw\"}"
#define WRONG_AUTH                                                                        \
	"\"auth\":{\"type\":\"m.login.password\",\"identifier\":{\"type\":\"m.id.user\"," \
	"\"user\":\"alice\"},\"password\":\"no\"}"
#define OTHERS_AUTH                                                                       \
	"\"auth\":{\"type\":\"m.login.password\",\"identifier\":{\"type\":\"m.id.user\"," \
	"\"user\":\"bob\"},\"password\":\"pw\"}"

static char *alice, *bob;

static int begin(void **state, const char *profile)
{
	struct fixture *f = fixture_create(profile);

	alice = verb_text(f, "register_user", "{\"name\":\"alice\",\"password\":\"pw\"}",
	        "access_token");
	bob = verb_text(f, "register_user", "{\"name\":\"bob\",\"password\":\"pw\"}",
	        "access_token");
	register_as(f, "null");
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

/* A further device of alice's; its token. Caller frees. */
static char *log_in(struct fixture *f, const char *device_id)
{
	autofree char *body = xasprintf(
	        "{\"type\":\"m.login.password\",\"identifier\":{\"type\":\"m.id.user\","
	        "\"user\":\"alice\"},\"password\":\"pw\",\"device_id\":\"%s\"}",
	        device_id);

	expect_call(f, 200, NULL, "POST", C3 "login", NULL, body);
	return xstrdup(json_str(f->reply, "access_token"));
}

/* ---- what asks for the password ---- */

static const struct {
	const char *method, *target, *rest; /* further members of the body */
} guarded[] = {
        {"DELETE", C3 "devices/OLD", ""},
        {"POST", C3 "delete_devices", ",\"devices\":[\"OLD\"]"},
        {"POST", C3 "account/password",
                ",\"new_password\":\"pw\",\"logout_devices\":false"},
        {"POST", "/_matrix/client/v1/login/get_token", ""},
};

static void test_password_is_asked_for(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		autofree char *old = log_in(f, "OLD");
		autofree char *none = xasprintf("{\"a\":1%s}", guarded[i].rest);
		autofree char *wrong = xasprintf("{" WRONG_AUTH "%s}", guarded[i].rest);
		autofree char *others = xasprintf("{" OTHERS_AUTH "%s}", guarded[i].rest);
		autofree char *right = xasprintf("{" AUTH "%s}", guarded[i].rest);

		expect_call(
		        f, 401, NULL, guarded[i].method, guarded[i].target, alice, none);
		assert_non_null(json_arr(f->reply, "flows"));
		assert_non_null(json_str(f->reply, "session"));
		expect_call(f, 401, "M_FORBIDDEN", guarded[i].method, guarded[i].target,
		        alice, wrong);
		expect_call(f, 401, "M_FORBIDDEN", guarded[i].method, guarded[i].target,
		        alice, others);
		expect_call(
		        f, 200, NULL, guarded[i].method, guarded[i].target, alice, right);
		expect_call(f, 500, "M_UNKNOWN", guarded[i].method, guarded[i].target,
		        "AS", right);
	}
}

static void test_a_deleted_device_is_gone(void **state)
{
	struct fixture *f = *state;
	autofree char *old = log_in(f, "OLD");

	expect_call(f, 200, NULL, "GET", C3 "devices/OLD", alice, "");
	expect_call(f, 200, NULL, "GET", C3 "account/whoami", old, "");
	expect_call(f, 200, NULL, "POST", C3 "delete_devices", alice,
	        "{" AUTH ",\"devices\":[\"OLD\",\"NONE\"]}");
	settle(f);
	expect_call(f, 401, "M_UNKNOWN_TOKEN", "GET", C3 "account/whoami", old, "");
	expect_call(f, 404, "M_NOT_FOUND", "GET", C3 "devices/OLD", alice, "");
}

static void test_unknown_session(void **state)
{
	struct fixture *f = *state;

	expect_call(f, 403, "M_FORBIDDEN", "DELETE", C3 "devices/X", alice,
	        "{\"auth\":{\"type\":\"m.login.password\",\"session\":\"none\"}}");
}

static void test_password_change_ends_other_devices(void **state)
{
	struct fixture *f = *state;
	autofree char *old = log_in(f, "OLD");

	expect_call(f, 200, NULL, "POST", C3 "account/password", alice,
	        "{" AUTH ",\"new_password\":\"new\"}");
	expect_call(f, 401, "M_UNKNOWN_TOKEN", "GET", C3 "account/whoami", old, "");
	expect_call(f, 200, NULL, "GET", C3 "account/whoami", alice, "");
	expect_call(f, 403, "M_FORBIDDEN", "POST", C3 "login", NULL,
	        "{\"type\":\"m.login.password\",\"user\":\"alice\",\"password\":\"pw\"}");
	expect_call(f, 200, NULL, "POST", C3 "login", NULL,
	        "{\"type\":\"m.login.password\",\"user\":\"alice\",\"password\":\"new\"}");
}

static void test_deactivation_leaves_everything(void **state)
{
	struct fixture *f = *state;
	struct room *room;
	void *value;
	size_t i = 0;

	say(f, "create_room", "{\"as\":\"alice\",\"room\":\"r\"}");
	expect_call(f, 200, NULL, "POST", C3 "account/deactivate", alice, "{" AUTH "}");
	expect_call(f, 401, "M_UNKNOWN_TOKEN", "GET", C3 "account/whoami", alice, "");
	expect_call(f, 403, "M_USER_DEACTIVATED", "POST", C3 "login", NULL,
	        "{\"type\":\"m.login.password\",\"user\":\"alice\",\"password\":\"pw\"}");
	while (map_next(f->sim->rooms, &i, NULL, &value)) {
		room = value;
		assert_false(room_is_joined(room, "@alice:sim.test"));
	}
}

static void test_login_tokens_work_once_and_not_for_ever(void **state)
{
	struct fixture *f = *state;

	for (int late = 0; late < 2; late++) {
		autofree char *body = NULL;
		expect_call(f, 200, NULL, "POST", "/_matrix/client/v1/login/get_token",
		        alice, "{" AUTH "}");
		body = xasprintf("{\"type\":\"m.login.token\",\"token\":\"%s\"}",
		        json_str(f->reply, "login_token"));
		if (late == 1) {
			advance(f, 121000);
			expect_call(
			        f, 403, "M_FORBIDDEN", "POST", C3 "login", NULL, body);
			continue;
		}
		expect_call(f, 200, NULL, "POST", C3 "login", NULL, body);
		expect_call(f, 403, "M_FORBIDDEN", "POST", C3 "login", NULL, body);
	}
}

static void test_openid(void **state)
{
	struct fixture *f = *state;
	autofree char *target = NULL;

	expect_call(f, 400, "M_INVALID_PARAM", "POST",
	        C3 "user/@bob:sim.test/openid/request_token", alice, "{}");
	expect_call(f, 200, NULL, "POST", C3 "user/@alice:sim.test/openid/request_token",
	        alice, "{}");
	target = xasprintf("/_matrix/federation/v1/openid/userinfo?access_token=%s",
	        json_str(f->reply, "access_token"));
	expect_call(f, 200, NULL, "GET", target, NULL, "");
	assert_string_equal(json_str(f->reply, "sub"), "@alice:sim.test");
	expect_call(f, 401, "M_UNAUTHORIZED", "GET",
	        "/_matrix/federation/v1/openid/userinfo?access_token=no", NULL, "");
}

/* ---- keys ---- */

#define DEVICE_KEYS(user, device)                                                        \
	"\"device_keys\":{\"user_id\":\"" user "\",\"device_id\":\"" device              \
	"\",\"algorithms\":[],\"keys\":{\"ed25519:" device "\":\"k\"}}"
#define ONE_TIME                                                                         \
	"\"one_time_keys\":{\"signed_curve25519:A\":{\"key\":\"a\"},"                    \
	"\"signed_curve25519:B\":{\"key\":\"b\"}}"
#define CLAIM                                                                            \
	"{\"one_time_keys\":{\"@alice:sim.test\":{\"DEV\":\"signed_curve25519\"},"       \
	"\"@no:sim.test\":{\"X\":\"signed_curve25519\"}}}"

static char *claimed_key(struct fixture *f)
{
	const cJSON *users, *device;

	expect_call(f, 200, NULL, "POST", C3 "keys/claim", bob, CLAIM);
	users = content_obj(f->reply, "one_time_keys");
	device = content_obj(content_obj(users, "@alice:sim.test"), "DEV");
	return device != NULL ? xstrdup(device->child->string) : NULL;
}

static void test_one_time_keys_are_given_once(void **state)
{
	struct fixture *f = *state;
	autofree char *dev = log_in(f, "DEV");
	autofree char *first = NULL, *second = NULL, *third = NULL;

	expect_call(f, 200, NULL, "POST", C3 "keys/upload", dev,
	        "{" DEVICE_KEYS("@alice:sim.test", "DEV") "," ONE_TIME "}");
	assert_int_equal(json_int(content_obj(f->reply, "one_time_key_counts"),
	                         "signed_curve25519", 0),
	        2);
	first = claimed_key(f);
	second = claimed_key(f);
	third = claimed_key(f);
	assert_string_equal(first, "signed_curve25519:A");
	assert_string_equal(second, "signed_curve25519:B");
	assert_null(third);
	expect_call(f, 200, NULL, "POST", C3 "keys/query", bob,
	        "{\"device_keys\":{\"@alice:sim.test\":[],\"@no:sim.test\":[]}}");
	assert_non_null(content_obj(
	        content_obj(content_obj(f->reply, "device_keys"), "@alice:sim.test"),
	        "DEV"));
}

static void test_fallback_keys_last(void **state)
{
	struct fixture *f = *state;
	autofree char *dev = log_in(f, "DEV");

	expect_call(f, 200, NULL, "POST", C3 "keys/upload", dev,
	        "{\"fallback_keys\":{\"signed_curve25519:F\":{\"key\":\"f\","
	        "\"fallback\":true}}}");
	expect_call(f, 200, NULL, "GET", C3 "sync?timeout=0", dev, "");
	assert_int_equal(cJSON_GetArraySize(content_get(
	                         f->reply, "device_unused_fallback_key_types")),
	        1);
	for (int i = 0; i < 2; i++) {
		autofree char *key = claimed_key(f);
		assert_string_equal(key, "signed_curve25519:F");
	}
	expect_call(f, 200, NULL, "GET", C3 "sync?timeout=0", dev, "");
	assert_int_equal(cJSON_GetArraySize(content_get(
	                         f->reply, "device_unused_fallback_key_types")),
	        0);
}

static void test_whose_keys(void **state)
{
	struct fixture *f = *state;
	autofree char *dev = log_in(f, "DEV");

	expect_call(f, 400, "M_UNKNOWN", "POST", C3 "keys/upload", dev,
	        "{" DEVICE_KEYS("@bob:sim.test", "DEV") "}");
	expect_call(f, 400, "M_UNKNOWN", "POST", C3 "keys/upload", dev,
	        "{" DEVICE_KEYS("@alice:sim.test", "OTHER") "}");
	expect_call(f, 500, "M_UNKNOWN", "POST", C3 "keys/upload", "AS", "{}");
	expect_call(f, 404, "M_NOT_FOUND", "GET", C3 "room_keys/version", alice, "");
	expect_call(f, 400, "M_INVALID_PARAM", "GET", C3 "keys/changes", alice, "");
}

static void test_cross_signing_keys(void **state)
{
	struct fixture *f = *state;
	static const char first[] =
	        "{\"master_key\":{\"user_id\":\"@alice:sim.test\",\"usage\":[\"master\"],"
	        "\"keys\":{\"ed25519:M\":\"M\"}}}";
	static const char other[] =
	        "{\"master_key\":{\"user_id\":\"@alice:sim.test\",\"usage\":[\"master\"],"
	        "\"keys\":{\"ed25519:N\":\"N\"}}}";
	static const char signature[] =
	        "{\"@alice:sim.test\":{\"M\":{\"signatures\":{\"@alice:sim.test\":{"
	        "\"ed25519:D\":\"s\"}}}}}";

	expect_call(f, 200, NULL, "POST", C3 "keys/device_signing/upload", alice, first);
	expect_call(f, 200, NULL, "POST", C3 "keys/device_signing/upload", alice, first);
	expect_call(f, 401, NULL, "POST", C3 "keys/device_signing/upload", alice, other);
	expect_call(f, 200, NULL, "POST", C3 "keys/signatures/upload", alice, signature);
	expect_call(f, 200, NULL, "POST", C3 "keys/query", bob,
	        "{\"device_keys\":{\"@alice:sim.test\":[]}}");
	assert_non_null(strstr(f->body, "\"ed25519:D\":\"s\""));
	assert_non_null(strstr(f->body, "\"ed25519:M\":\"M\""));
}

static void test_changed_devices_are_told(void **state)
{
	struct fixture *f = *state;
	autofree char *dev = log_in(f, "DEV");
	autofree char *target = NULL;

	say(f, "create_room",
	        "{\"as\":\"alice\",\"room\":\"r\",\"invite\":[\"bob\"],\"encrypted\":true}");
	say(f, "accept", "{\"as\":\"bob\"}");
	expect_call(f, 200, NULL, "GET", C3 "sync?timeout=0", bob, "");
	target = xasprintf(
	        C3 "sync?timeout=30000&since=%s", json_str(f->reply, "next_batch"));
	expect_call(f, 200, NULL, "POST", C3 "keys/upload", dev,
	        "{" DEVICE_KEYS("@alice:sim.test", "DEV") "}");
	expect_call(f, 200, NULL, "GET", target, bob, "");
	assert_non_null(strstr(f->body, "\"changed\":[\"@alice:sim.test\"]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_password_is_asked_for, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_a_deleted_device_is_gone, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_unknown_session, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_password_change_ends_other_devices, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_deactivation_leaves_everything, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_login_tokens_work_once_and_not_for_ever, setup_conduwuit,
	                end),
	        cmocka_unit_test_setup_teardown(test_openid, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_one_time_keys_are_given_once, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_fallback_keys_last, setup_strict, end),
	        cmocka_unit_test_setup_teardown(test_whose_keys, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_cross_signing_keys, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_changed_devices_are_told, setup_conduwuit, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
