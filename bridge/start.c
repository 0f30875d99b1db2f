#include "bridge/start.h"

#include "bridge/exit_codes.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	CONNECT_RETRY_MS = 10000,
	PING_RETRY_MS = 5000,
	PING_TRIES = 7,
	OLDEST_MINOR_VERSION = 4, /* v1.4 of the Matrix specification */
	PING_MINOR_VERSION = 7,
};

struct start {
	struct app *app;
	start_done_fn *done;
	void *arg;
	struct timer timer;
	struct matrix_call *call;
	bool can_ping;
	int pings;
	const char *new_picture; /* of the bot; NULL: it stays; of the configuration */
};

/* The one end of the start. Touch nothing after. */
static void finish(struct start *start, int exit_code)
{
	start->done(exit_code, start->arg);
}

static void ask_versions(void *arg);
static void ping(void *arg);

/* True if the request is to be tried again, or has ended the start. */
static bool failed(struct start *start, const struct err *err, const char *what)
{
	bool not_known = str_equal(err->name, "M_UNKNOWN_TOKEN") ||
	                 str_equal(err->name, "M_EXCLUSIVE") ||
	                 str_equal(err->name, "M_MISSING_TOKEN");

	if (err->kind == ERR_NONE) {
		return false;
	}
	REQ("HS-05");
	if (not_known) {
		log_fatal(
		        "The as_token was not accepted. Is the registration file installed in "
		        "your homeserver correctly?",
		        "request=%s errcode=%s", what, err->name);
		finish(start, EXIT_HOMESERVER_TOKEN);
	} else if (err->kind == ERR_PERMANENT) {
		log_fatal("The homeserver refused a request of the bridge bot",
		        "request=%s errcode=%s "
		        "error=\"%s\"",
		        what, err->name, err->msg);
		finish(start, EXIT_HOMESERVER_TOKEN);
	} else {
		log_warn("Failed to connect to homeserver, retrying in 10 seconds...",
		        "request=%s error=\"%s\"", what, err->msg);
		timer_start(&start->timer, CONNECT_RETRY_MS);
	}
	return true;
}

/* ---------------------------------------------------------------- from the last to the
 * first */

static void handle_pictured(const struct err *err, void *arg)
{
	struct start *start = arg;

	start->call = NULL;
	if (err->kind != ERR_NONE) {
		log_warn("bot's picture not set", "error=\"%s\"", err->msg);
	}
	finish(start, 0);
}

/* NULL: what is wanted is there already, or nothing is. "remove": away with it. */
static const char *change_of(const char *wanted, const char *present)
{
	if (wanted == NULL || wanted[0] == '\0') {
		return NULL;
	}
	const char *value = str_equal(wanted, "remove") ? "" : wanted;
	return str_equal(value, present == NULL ? "" : present) ? NULL : value;
}

static void set_picture(struct start *start)
{
	if (start->new_picture == NULL) {
		finish(start, 0);
		return;
	}
	start->call =
	        matrix_set_avatar(start->app->matrix, matrix_bot_mxid(start->app->matrix),
	                start->new_picture, handle_pictured, start);
}

static void handle_named(const struct err *err, void *arg)
{
	struct start *start = arg;

	start->call = NULL;
	if (err->kind != ERR_NONE) {
		log_warn("bot's name not set", "error=\"%s\"", err->msg);
	}
	set_picture(start);
}

static void handle_profile(const cJSON *profile, const struct err *err, void *arg)
{
	struct start *start = arg;
	const struct config *config = start->app->config;

	start->call = NULL;
	if (err->kind != ERR_NONE) {
		finish(start, 0);
		return;
	}
	const char *name = change_of(
	        config->appservice.bot_displayname, json_str(profile, "displayname"));
	start->new_picture =
	        change_of(config->appservice.bot_avatar, json_str(profile, "avatar_url"));
	if (name == NULL) {
		set_picture(start);
		return;
	}
	start->call = matrix_set_displayname(start->app->matrix,
	        matrix_bot_mxid(start->app->matrix), name, handle_named, start);
}

static void ask_profile(struct start *start)
{
	start->call = matrix_profile(start->app->matrix,
	        matrix_bot_mxid(start->app->matrix), handle_profile, start);
}

static void handle_ping(const struct err *err, void *arg)
{
	struct start *start = arg;

	start->call = NULL;
	if (err->kind != ERR_PERMANENT && err->name[0] == '\0' &&
	        failed(start, err, "ping")) {
		return; /* no word of the homeserver's: it is away */
	}
	start->pings++;
	if (err->kind == ERR_NONE || str_equal(err->name, "M_UNRECOGNIZED")) {
		ask_profile(start);
		return;
	}
	if (start->pings < PING_TRIES) {
		log_warn("Homeserver -> bridge ping failed, retrying in 5 seconds",
		        "try=%d error=\"%s\"", start->pings, err->msg);
		timer_init(&start->timer, start->app->loop, ping, start);
		timer_start(&start->timer, PING_RETRY_MS);
		return;
	}
	log_fatal(
	        "Homeserver -> bridge connection is not working: it must reach the bridge at "
	        "appservice.address",
	        "address=%s error=\"%s\"", start->app->config->appservice.address,
	        err->msg);
	finish(start, EXIT_HOMESERVER_PING);
}

static void ping(void *arg)
{
	struct start *start = arg;
	start->call = matrix_ping(start->app->matrix, start->app->config->appservice.id,
	        handle_ping, start);
}

static void handle_whoami(const char *user_id, const struct err *err, void *arg)
{
	struct start *start = arg;

	start->call = NULL;
	if (failed(start, err, "whoami")) {
		return;
	}
	if (!str_equal(user_id, matrix_bot_mxid(start->app->matrix))) {
		log_fatal("Unexpected user ID in whoami call", "got=%s expected=%s",
		        user_id, matrix_bot_mxid(start->app->matrix));
		finish(start, EXIT_HOMESERVER_IDENTITY);
		return;
	}
	if (start->can_ping) {
		ping(start);
	} else {
		ask_profile(start);
	}
}

static void handle_registered(const struct err *err, void *arg)
{
	struct start *start = arg;

	start->call = NULL;
	if (failed(start, err, "register")) {
		return;
	}
	start->call = matrix_whoami(start->app->matrix, handle_whoami, start);
}

/* Does the homeserver speak v1.<minor> or later? */
static bool speaks(const cJSON *versions, int64_t minor)
{
	const cJSON *version;

	cJSON_ArrayForEach(version, json_arr(versions, "versions"))
	{
		int64_t number;
		if (cJSON_IsString(version) && str_starts(version->valuestring, "v1.") &&
		        str_to_int64(
		                str_from(version->valuestring + 3), 0, 1000, &number) &&
		        number >= minor) {
			return true;
		}
	}
	return false;
}

static void handle_versions(const cJSON *versions, const struct err *err, void *arg)
{
	struct start *start = arg;
	struct app *app = start->app;

	start->call = NULL;
	if (failed(start, err, "versions")) {
		return;
	}
	if (!speaks(versions, OLDEST_MINOR_VERSION)) {
		log_fatal(
		        "The homeserver is outdated: it must support Matrix v1.4 or later",
		        "%s", "");
		finish(start, EXIT_HOMESERVER_OUTDATED);
		return;
	}
	start->can_ping = speaks(versions, PING_MINOR_VERSION) ||
	                  json_bool(json_get(versions, "unstable_features"),
	                          "fi.mau.msc2659.stable", false);
	start->call = matrix_register(app->matrix, app->config->appservice.bot_username,
	        handle_registered, start);
}

static void ask_versions(void *arg)
{
	struct start *start = arg;
	start->call = matrix_versions(start->app->matrix, handle_versions, start);
}

struct start *start_begin(struct app *app, start_done_fn *done, void *arg)
{
	struct start *start = xcalloc(1, sizeof(*start));

	start->app = app;
	start->done = done;
	start->arg = arg;
	timer_init(&start->timer, app->loop, ask_versions, start);
	ask_versions(start);
	return start;
}

void start_destroy(struct start **start)
{
	if (*start == NULL) {
		return;
	}
	timer_stop(&(*start)->timer);
	matrix_call_cancel(&(*start)->call);
	free(*start);
	*start = NULL;
}
