/* proves: AUTH-08, SEC-04 */
#include "slack_fixture.h"

#include "lib/log.h"

#include <fcntl.h>
#include <unistd.h>

#define REFRESH "xoxe-1-very-secret"
#define PAIR                                                                             \
	"{\"ok\":true,\"access_token\":\"xoxe.xoxb-1-new\",\"refresh_token\":"           \
	"\"xoxe-1-newer\",\"expires_in\":43200}"

static void note_pair(const struct slack_pair *pair, const struct err *err, void *arg)
{
	struct told *told = arg;

	note(told, pair == NULL ? NULL : pair->access_token, err);
	if (pair != NULL) {
		snprintf(told->more, sizeof(told->more), "%s %lld", pair->refresh_token,
		        (long long)pair->expires_in_ms);
	}
}

static struct slack_api *nobodys_api(struct fixture *f)
{
	autofree char *url = script_url(&f->script, "/api/");

	return slack_api_create(f->loop, f->http, url, NULL);
}

static void test_a_pair_for_a_refresh_token(void **state)
{
	struct fixture *f = *state;
	struct slack_api *api = nobodys_api(f);
	struct told told = {0};

	script_say(&f->script, "/api/oauth.v2.access", PAIR);
	slack_oauth_refresh(api, "1.2", "client&secret", REFRESH, note_pair, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "xoxe.xoxb-1-new");
	assert_string_equal(told.more, "xoxe-1-newer 43200000");
	assert_string_equal(f->script.asked[0].authorization, "");
	assert_form(&f->script, 0, "grant_type", "refresh_token");
	assert_form(&f->script, 0, "refresh_token", REFRESH);
	assert_form(&f->script, 0, "client_id", "1.2");
	assert_form(&f->script, 0, "client_secret", "client&secret");
	slack_api_destroy(&api);
}

static void test_other_answers(void **state)
{
	static const struct {
		const char *answer;
		enum err_kind kind;
	} cases[] = {
	        {"{\"ok\":false,\"error\":\"invalid_refresh_token\"}", ERR_PERMANENT},
	        {"{\"ok\":false,\"error\":\"invalid_client_id\"}", ERR_PERMANENT},
	        {"{\"ok\":false,\"error\":\"service_unavailable\"}", ERR_RETRY},
	        {"{\"ok\":false,\"error\":\"internal_error\"}", ERR_RETRY},
	        {"<html>", ERR_RETRY},
	        {"{\"ok\":true}", ERR_RETRY},
	        {"{\"ok\":true,\"access_token\":\"xoxe.xoxb-1-a\"}", ERR_RETRY},
	        {"{\"ok\":true,\"access_token\":\"xoxe.xoxb-1-a\\r\\nX: y\","
	         "\"refresh_token\":\"xoxe-1-b\"}",
	                ERR_RETRY},
	        {"{\"ok\":true,\"access_token\":5,\"refresh_token\":[]}", ERR_RETRY},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slack_api *api = nobodys_api(f);
		struct told told = {0};
		script_say(&f->script, "/api/oauth.v2.access", cases[i].answer);
		slack_oauth_refresh(api, "1.2", "s", REFRESH, note_pair, &told);
		pass_ms(f->loop, 0);
		assert_int_equal(told.times, 1);
		assert_int_equal(told.err.kind, cases[i].kind);
		slack_api_destroy(&api);
	}
}

/* ---------------------------------------------------------------- audit */

static void assert_audited(struct fixture *f, const char *answer, const char *expected)
{
	char text[2048] = "", path[] = "/tmp/test-audit-XXXXXX";
	int fd = mkstemp(path);
	struct told told = {0};

	log_reset();
	assert_true(log_add_sink(fd, LOG_TEXT, LOG_INFO));
	script_say(&f->script, "/api/chat.postMessage", answer);
	struct slack_post message = {
	        .channel_id = "C1", .text = "confidential", .mark = {.event_id = "$e"}};
	slack_chat_post(f->api, &message, note_ts, &told);
	pass_ms(f->loop, 0);
	assert_int_equal(told.times, 1);
	log_reset();
	assert_true(pread(fd, text, sizeof(text) - 1, 0) >= 0);
	close(fd);
	unlink(path);
	if (expected == NULL) {
		assert_string_equal(text, "");
	} else if (strstr(text, expected) == NULL) {
		fail_msg("%s", text);
	}
	assert_null(strstr(text, "confidential"));
	assert_null(strstr(text, "secret"));
}

static void test_each_call_is_audited(void **state)
{
	struct fixture *f = *state;

	slack_api_unlimit(f->api);
	assert_audited(f, "{\"ok\":true,\"ts\":\"1.1\"}", NULL);
	slack_api_set_audit(f->api, "T1");
	assert_audited(f, "{\"ok\":true,\"ts\":\"1.1\"}",
	        "workspace=T1 method=chat.postMessage result=ok duration_ms=0 request=-");
	assert_audited(
	        f, "{\"ok\":false,\"error\":\"is_archived\"}", "result=is_archived ");
	assert_audited(
	        f, "{\"ok\":false,\"error\":\"a b=\\\"secret\\\"\"}", "result=http_200 ");
	assert_audited(f, "<html>", "result=http_200 ");
	slack_api_set_audit(f->api, "");
	assert_audited(f, "{\"ok\":true,\"ts\":\"1.1\"}", "workspace=- ");
	assert_audited(
	        f, "{\"ok\":true,\"ts\":\"1.1\",\"team_id\":\"T2\"}", "workspace=T2 ");
	assert_audited(
	        f, "{\"ok\":true,\"ts\":\"1.1\",\"team_id\":\"T2 a=b\"}", "workspace=- ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_a_pair_for_a_refresh_token, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_other_answers, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                test_each_call_is_audited, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
