/* matrix_fixture: a client-server API client and a scripted homeserver for it. */
#ifndef TESTS_UNIT_MATRIX_FIXTURE_H
#define TESTS_UNIT_MATRIX_FIXTURE_H

#include "scripted_server.h"

#include "bridge/matrix/client.h"
#include "lib/json.h"

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define TOKEN "as-very-secret"
#define ROOM "!a/b?c#d:x.org"
#define ROOM_IN_PATH "%21a%2Fb%3Fc%23d%3Ax.org"
#define BOT_QUERY "user_id=%40slackbot%3Ax.org"
#define GHOST "@slack_t1-u1:x.org"
#define GHOST_QUERY "user_id=%40slack_t1-u1%3Ax.org"

struct fixture {
	struct loop *loop;
	struct script script;
	struct http_client *http;
	struct matrix *matrix;
};

struct told {
	unsigned times;
	struct err err;
	char *text; /* the value, JSON as its text; NULL if none */
	struct fixture *destroy;
};

static inline int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct http_client_options options = {.user_agent = "test"};

	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, 1700000000000);
	script_open(&f->script, f->loop);
	f->http = http_client_create(f->loop, &options);
	autofree char *address = script_url(&f->script, "/");
	f->matrix = matrix_create(f->loop, f->http, address, "x.org", TOKEN, "slackbot");
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	matrix_destroy(&f->matrix);
	http_client_destroy(&f->http);
	script_close(&f->script);
	loop_destroy(&f->loop);
	free(f);
	return 0;
}

static inline void note(struct told *told, const char *text, const struct err *err)
{
	assert_true(text == NULL || err->kind == ERR_NONE);
	assert_null(strstr(err->msg, "secret"));
	told->times++;
	told->err = *err;
	str_replace(&told->text, text);
	if (told->destroy != NULL) {
		matrix_destroy(&told->destroy->matrix);
	}
}

static inline void note_ok(const struct err *err, void *arg)
{
	note(arg, NULL, err);
}

static inline void note_text(const char *value, const struct err *err, void *arg)
{
	assert_true((value == NULL) == (err->kind != ERR_NONE));
	note(arg, value, err);
}

static inline void note_json(const cJSON *value, const struct err *err, void *arg)
{
	autofree char *text = value == NULL ? NULL : json_print(value);

	note(arg, text, err);
}

/* Checks the outcome and forgets it. */
static inline void assert_told(struct told *told, enum err_kind kind, const char *text)
{
	assert_int_equal(told->times, 1);
	if (told->err.kind != kind) {
		fail_msg("%s: %s", err_kind_to_str(told->err.kind), told->err.msg);
	}
	if (!str_equal(told->text, text)) {
		fail_msg("\"%s\" and not \"%s\"", told->text == NULL ? "" : told->text,
		        text == NULL ? "" : text);
	}
	free(told->text);
	*told = (struct told){0};
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
