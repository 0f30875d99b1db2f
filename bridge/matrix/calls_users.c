/* accounts, profiles and what their pictures need */
#include "bridge/matrix/client.h"

#include "lib/str.h"

#include "bridge/matrix/call.h"

enum { UPLOAD_MS = 180000 };

/* The endpoint authenticates the application service itself; a user who does not exist
 * yet cannot be acted for. */
struct matrix_call *matrix_register(
        struct matrix *matrix, const char *localpart, matrix_ok_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "register",
	        MATRIX_REPEATABLE, "POST", "/_matrix/client/v3/register", NULL);
	autojson cJSON *body = json_new();

	json_set_str(body, "type", "m.login.application_service");
	json_set_str(body, "username", localpart);
	json_set_bool(body, "inhibit_login", true);
	matrix_call_json(call, body);
	call->forgiven = "M_USER_IN_USE";
	matrix_call_start(call, matrix_report_ok, (union matrix_done){.ok = done}, arg);
	return call;
}

static struct matrix_call *set_profile(struct matrix *matrix, const char *what,
        const char *as, const char *key, const char *value, matrix_ok_fn *done, void *arg)
{
	const char *user_id = as == NULL ? matrix->bot_mxid : as;
	struct matrix_call *call = matrix_call_create(matrix, what, MATRIX_REPEATABLE,
	        "PUT", "/_matrix/client/v3/profile/{}/{}", MATRIX_PARTS(user_id, key));
	autojson cJSON *body = json_set_str(json_new(), key, value);

	matrix_call_as(call, as);
	matrix_call_json(call, body);
	matrix_call_start(call, matrix_report_ok, (union matrix_done){.ok = done}, arg);
	return call;
}

struct matrix_call *matrix_set_displayname(struct matrix *matrix, const char *as,
        const char *name, matrix_ok_fn *done, void *arg)
{
	return set_profile(matrix, "set displayname", as, "displayname", name, done, arg);
}

struct matrix_call *matrix_set_avatar(struct matrix *matrix, const char *as,
        const char *mxc, matrix_ok_fn *done, void *arg)
{
	return set_profile(matrix, "set avatar", as, "avatar_url", mxc, done, arg);
}

/* A user unknown to the homeserver has an empty profile. */
static void report_profile(
        struct matrix_call *call, const cJSON *answer, const struct err *err)
{
	autojson cJSON *empty = json_new();

	if (answer == NULL && err->kind == ERR_NONE) {
		answer = empty;
	}
	call->done.json(answer, err, call->arg);
}

struct matrix_call *matrix_profile(
        struct matrix *matrix, const char *user_id, matrix_json_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "profile", MATRIX_READS,
	        "GET", "/_matrix/client/v3/profile/{}", MATRIX_PARTS(user_id));

	matrix_call_as(call, NULL);
	call->forgiven = "M_NOT_FOUND";
	matrix_call_start(call, report_profile, (union matrix_done){.json = done}, arg);
	return call;
}

struct matrix_call *matrix_upload(struct matrix *matrix, const char *as,
        const char *content_type, struct str body, matrix_text_fn *done, void *arg)
{
	/* Twice uploaded is merely stored twice. */
	struct matrix_call *call = matrix_call_create(matrix, "upload", MATRIX_REPEATABLE,
	        "POST", "/_matrix/media/v3/upload", NULL);

	matrix_call_as(call, as);
	matrix_call_body(call, content_type, body);
	call->deadline_ms = UPLOAD_MS;
	call->path = "content_uri";
	matrix_call_start(
	        call, matrix_report_text, (union matrix_done){.text = done}, arg);
	return call;
}
