/* scripted_server: an HTTP server that answers by the book and keeps what it was asked,
 * on the client's own loop under a virtual clock, for the tests of clients. */
#ifndef TESTS_UNIT_SCRIPTED_SERVER_H
#define TESTS_UNIT_SCRIPTED_SERVER_H

#include "lib/http_server.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>
/* cmocka wants these four before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MAX_ASKED = 512, MAX_ANSWERS = 512 };

enum how {
	ANSWER,     /* status and body */
	ANSWER_CUT, /* half of it, then the connection ends */
	DROP,       /* no answer, the connection ends */
	HOLD,       /* no answer until script_release() */
	CUSTOM,     /* script.custom answers it, now or later */
};

struct answer {
	const char *path; /* that the request's path ends in; NULL: any */
	enum how how;
	int status; /* 0: 200 */
	const char *body;
	const char *retry_after; /* NULL: no such header */
	bool used;
};

struct asked {
	char *method, *path, *query, *body;
	char *authorization, *content_type; /* "" if absent */
	int64_t at_ms;
	struct http_request *held;
};

struct script {
	struct loop *loop;
	struct http_server *server;
	struct asked asked[MAX_ASKED];
	size_t asked_count;
	struct answer answers[MAX_ANSWERS];
	size_t answer_count;
	struct answer otherwise; /* when no answer fits */
	void (*custom)(struct http_request *req, void *arg);
	void *custom_arg;
};

static inline struct answer *script_find(struct script *script, const char *path)
{
	for (size_t i = 0; i < script->answer_count; i++) {
		struct answer *answer = &script->answers[i];
		if (!answer->used &&
		        (answer->path == NULL || str_ends(path, answer->path))) {
			answer->used = true;
			return answer;
		}
	}
	return &script->otherwise;
}

static inline void script_reply(struct http_request *req, const struct answer *answer)
{
	struct str body = str_from(answer->body == NULL ? "" : answer->body);
	int status = answer->status == 0 ? 200 : answer->status;

	if (answer->retry_after != NULL) {
		http_request_add_header(req, "Retry-After", answer->retry_after);
	}
	if (answer->how == ANSWER_CUT) {
		http_request_reply_cut(req, status, "application/json", body, body.n / 2);
	} else {
		http_request_reply(req, status, "application/json", body);
	}
}

static inline void script_handle(struct http_request *req, void *arg)
{
	struct script *script = arg;
	struct str body = http_request_body(req);
	const char *authorization = http_request_header(req, "Authorization");
	const char *type = http_request_header(req, "Content-Type");
	struct asked *asked = &script->asked[script->asked_count];

	assert_true(script->asked_count < MAX_ASKED);
	script->asked_count++;
	asked->method = xstrdup(http_request_method(req));
	asked->path = xstrdup(http_request_path(req));
	asked->query = xstrdup(http_request_query(req));
	asked->body = xstrndup(body.n == 0 ? "" : body.p, body.n);
	asked->authorization = xstrdup(authorization == NULL ? "" : authorization);
	asked->content_type = xstrdup(type == NULL ? "" : type);
	asked->at_ms = loop_now_ms(script->loop);

	struct answer *answer = script_find(script, asked->path);
	switch (answer->how) {
	case ANSWER:
	case ANSWER_CUT:
		script_reply(req, answer);
		break;
	case DROP:
		http_request_drop(req, HTTP_DROP_CLOSE);
		break;
	case HOLD:
		asked->held = req;
		break;
	case CUSTOM:
		script->custom(req, script->custom_arg);
		break;
	}
}

static inline void script_open(struct script *script, struct loop *loop)
{
	struct err err;

	memset(script, 0, sizeof(*script));
	script->loop = loop;
	script->otherwise.body = "{}";
	script->server = http_server_create(loop, NULL, script_handle, script, &err);
	assert_non_null(script->server);
}

static inline void script_close(struct script *script)
{
	http_server_destroy(&script->server);
	for (size_t i = 0; i < script->asked_count; i++) {
		struct asked *asked = &script->asked[i];
		free(asked->method);
		free(asked->path);
		free(asked->query);
		free(asked->body);
		free(asked->authorization);
		free(asked->content_type);
	}
}

/* "http://127.0.0.1:port" and what follows. Caller frees. */
static inline char *script_url(const struct script *script, const char *rest)
{
	return xasprintf("http://127.0.0.1:%u%s",
	        (unsigned)http_server_port(script->server), rest);
}

static inline void script_add(struct script *script, struct answer answer)
{
	assert_true(script->answer_count < MAX_ANSWERS);
	script->answers[script->answer_count++] = answer;
}

/* The usual: 200 and a body, for a path. */
static inline void script_say(struct script *script, const char *path, const char *body)
{
	script_add(script, (struct answer){.path = path, .body = body});
}

static inline void script_release(
        struct script *script, size_t asked, const struct answer *answer)
{
	struct http_request *req = script->asked[asked].held;

	assert_non_null(req);
	script->asked[asked].held = NULL;
	script_reply(req, answer);
}

/* How many requests went to a path that ends so. */
static inline size_t script_count(const struct script *script, const char *path)
{
	size_t count = 0;

	for (size_t i = 0; i < script->asked_count; i++) {
		count += str_ends(script->asked[i].path, path);
	}
	return count;
}

/* Lets the time pass, and everything happen that is due in it. */
static inline void pass_ms(struct loop *loop, int64_t ms)
{
	int64_t end_us = loop_now_us(loop) + ms * 1000;

	loop_drain(loop);
	for (;;) {
		int64_t due_us = loop_next_due_us(loop);
		if (due_us > end_us) {
			break;
		}
		loop_advance_to_us(
		        loop, due_us > loop_now_us(loop) ? due_us : loop_now_us(loop));
		loop_drain(loop);
	}
	loop_advance_to_us(loop, end_us);
	loop_drain(loop);
}

#endif
