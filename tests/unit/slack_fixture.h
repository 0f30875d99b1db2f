/* slack_fixture: a Web API client and a scripted server for it. */
#ifndef TESTS_UNIT_SLACK_FIXTURE_H
#define TESTS_UNIT_SLACK_FIXTURE_H

#include "scripted_server.h"

#include "bridge/slack/web_api.h"

#include <stdio.h>

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define TOKEN "xoxb-1-very-secret"
#define POSTED "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1700000000.000100\"}"
#define REFUSED "{\"ok\":false,\"error\":\"is_archived\"}"

struct fixture {
	struct loop *loop;
	struct script script;
	struct http_client *http;
	struct slack_api *api;
};

/* What a call's done() was told. */
struct told {
	unsigned times;
	struct err err;
	char text[128]; /* of the value: an ID, URL or ts; "" for NULL */
	char more[256]; /* what else the test wants to see */
	size_t count;
	/* what to do from inside done() */
	struct fixture *destroy;
};

static inline int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct http_client_options options = {.user_agent = "test"};

	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, 1700000000000);
	script_open(&f->script, f->loop);
	f->script.otherwise.body = "{\"ok\":true}";
	f->http = http_client_create(f->loop, &options);
	autofree char *url = script_url(&f->script, "/api/");
	f->api = slack_api_create(f->loop, f->http, url, TOKEN);
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	slack_api_destroy(&f->api);
	http_client_destroy(&f->http);
	script_close(&f->script);
	loop_destroy(&f->loop);
	free(f);
	return 0;
}

static inline void note(struct told *told, const char *text, const struct err *err)
{
	told->times++;
	told->err = *err;
	snprintf(told->text, sizeof(told->text), "%s", text == NULL ? "" : text);
	/* No text that leaves here may hold the token. */
	assert_null(strstr(err->msg, "secret"));
	if (told->destroy != NULL) {
		slack_api_destroy(&told->destroy->api);
	}
}

static inline void note_ts(const char *ts, const struct err *err, void *arg)
{
	assert_true(ts == NULL || err->kind == ERR_NONE);
	note(arg, ts, err);
}

static inline void note_user(
        const struct slack_user *user, const struct err *err, void *arg)
{
	struct told *told = arg;

	assert_true((user == NULL) == (err->kind != ERR_NONE));
	if (user != NULL) {
		snprintf(told->more, sizeof(told->more), "%s|%s|%s|%s|%s|%d|%d",
		        user->team_id, user->name, user->real_name, user->display_name,
		        user->avatar_url, user->is_bot, user->deleted);
	}
	note(told, user == NULL ? NULL : user->id, err);
}

static inline struct slack_call *post(struct fixture *f, struct told *told)
{
	static const struct slack_post message = {
	        .channel_id = "C1", .text = "hi", .mark = {.event_id = "$e"}};

	return slack_chat_post(f->api, &message, note_ts, told);
}

static inline void assert_told(
        const struct told *told, enum err_kind kind, const char *text)
{
	assert_int_equal(told->times, 1);
	if (told->err.kind != kind) {
		fail_msg("%s: %s", err_kind_to_str(told->err.kind), told->err.msg);
	}
	assert_string_equal(told->text, text);
}

static inline void assert_form(
        const struct script *script, size_t asked, const char *name, const char *expected)
{
	autofree char *value = form_get(str_from(script->asked[asked].body), name);

	if (!str_equal(value, expected)) {
		fail_msg("%s is %s, not %s", name, value == NULL ? "absent" : value,
		        expected == NULL ? "absent" : expected);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
