#include "sim-slack/verbs.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "lib/ws_frame.h"
#include "sim-slack/acts.h"
#include "sim-slack/control.h"
#include "sim-slack/envelopes.h"
#include "sim-slack/faults.h"
#include "sim-slack/oauth/oauth.h"
#include "sim-slack/scopes.h"
#include "sim-slack/socket.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAW_MAX_BYTES = 4 * 1024 * 1024, WARNING_MS = 10000 };

/* ---- connections ---- */

static int64_t default_after_ms(const struct sim_slack *sim, const char *reason)
{
	return str_equal(reason, "warning")             ? WARNING_MS
	       : str_equal(reason, "refresh_requested") ? sim->knobs.drop_after
	                                                : 0;
}

bool verb_disconnect(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *reason = json_str_or(args, "reason", "refresh_requested");
	int64_t conn = json_int(args, "conn", 0), code = json_int(args, "code", 0);
	const struct socket_end end = {reason, json_str_or(args, "how", "close"),
	        json_int(args, "after", default_after_ms(sim, reason)), (unsigned)code};

	(void)result;
	if (code != 0 && (code < 1000 || code > 4999)) {
		return err_set(err, ERR_PERMANENT, 0, "close codes are 1000 to 4999");
	}
	if (conn < 0 || conn > INT32_MAX ||
	        !sockets_disconnect(sim->sockets, (unsigned)conn, &end)) {
		return err_set(err, ERR_PERMANENT, 0, "there is no open connection %s",
		        conn ? "of that number" : "at all");
	}
	return true;
}

bool verb_refuse(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *what = json_str_or(args, "what", "");

	(void)result;
	(void)err;
	if (str_equal(what, "nothing")) {
		faults_allow(sim->faults);
	} else {
		faults_set_refuse(sim->faults,
		        str_equal(what, "http") ? REFUSE_HTTP : REFUSE_CONNECTIONS,
		        json_int(args, "for", 0));
	}
	return true;
}

bool verb_answer(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const cJSON *with = json_obj(args, "with");
	const struct channel *channel = NULL;

	(void)result;
	if (json_str(args, "in")) {
		channel = verb_channel(sim, args, sim->app.bot, err);
		if (!channel) {
			return false;
		}
	}
	if (json_bool(args, "clear", false)) {
		faults_clear_answers(sim->faults);
		if (!with) {
			return true;
		}
	}
	if (!with || !json_str(args, "call")) {
		return err_set(err, ERR_PERMANENT, 0, "say call and with");
	}
	struct fault_span span = {json_int(args, "times", json_get(args, "for") ? 0 : 1),
	        json_int(args, "after", 0), json_int(args, "for", 0)};
	return faults_add_answer(
	        sim->faults, json_str(args, "call"), channel, with, &span, err);
}

/* ---- envelopes and frames ---- */

/* Appends the bytes of a hex text. False: it is none. */
static bool add_hex(struct buf *out, const char *hex)
{
	size_t n = strlen(hex);

	for (size_t i = 0; i + 1 < n; i += 2) {
		char pair[3] = {hex[i], hex[i + 1], '\0'};
		unsigned char byte = (unsigned char)strtoul(pair, NULL, 16);

		if (!isxdigit((unsigned char)pair[0]) ||
		        !isxdigit((unsigned char)pair[1])) {
			return false;
		}
		buf_add(out, &byte, 1);
	}
	return n % 2 == 0 && !out->failed;
}

static bool send_raw(struct socket *socket, const cJSON *args, struct err *err)
{
	const char *text = json_str(args, "text"), *binary = json_str(args, "binary");
	const char *bytes = json_str(args, "bytes");
	struct buf data, frame;
	bool ok;

	if (text) {
		socket_send(socket, str_from(text));
		return true;
	}
	buf_init(&data, RAW_MAX_BYTES);
	buf_init(&frame, RAW_MAX_BYTES);
	ok = (binary || bytes) && add_hex(&data, binary ? binary : bytes) &&
	     ws_frame_encode(&frame, true, WS_BINARY, buf_str(&data), NULL);
	if (ok) {
		socket_send_raw(socket, binary ? buf_str(&frame) : buf_str(&data));
	} else {
		err_set(err, ERR_PERMANENT, 0, "say text, or binary or bytes in hex");
	}
	buf_finish(&data);
	buf_finish(&frame);
	return ok;
}

static bool on_connection(
        struct sim_slack *sim, const cJSON *args, const char *how, struct err *err)
{
	int64_t conn = json_int(args, "conn", 0);
	unsigned number = conn > 0 && conn < INT32_MAX ? (unsigned)conn : 0;
	struct socket *socket =
	        number ? sockets_find(sim->sockets, number) : sockets_pick(sim->sockets);

	bool is_raw = str_equal(how, "raw");

	if (!socket && (is_raw || number)) {
		return err_set(err, ERR_PERMANENT, 0, "there is no open connection");
	}
	if (is_raw) {
		return send_raw(socket, args, err);
	}
	return envelopes_repeat_last(sim->envelopes, number) ||
	       err_set(err, ERR_PERMANENT, 0, "there was no envelope yet");
}

bool verb_envelope(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *how = json_str_or(args, "how", "");
	int64_t wanted = json_int(args, "times", 1);
	unsigned times = wanted > 0 && wanted < INT32_MAX ? (unsigned)wanted : 1;

	(void)result;
	if (str_equal(how, "delay")) {
		envelopes_delay(sim->envelopes, times, json_int(args, "by", WARNING_MS));
	} else if (str_equal(how, "drop")) {
		envelopes_drop_frames(sim->envelopes, times);
	} else if (str_equal(how, "drop_ack")) {
		envelopes_drop_acks(sim->envelopes, times);
	} else if (str_equal(how, "withhold") || str_equal(how, "reorder")) {
		envelopes_withhold(sim->envelopes, times, str_equal(how, "reorder"));
	} else if (str_equal(how, "release")) {
		envelopes_release(sim->envelopes, json_bool(args, "reverse", false));
	} else {
		return on_connection(sim, args, how, err);
	}
	return true;
}

/* ---- the app ---- */

bool verb_revoke(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	bool app = str_equal(json_str(args, "token"), "app");
	const char *error =
	        json_str_or(args, "error", app ? "invalid_auth" : "account_inactive");
	struct token *token = &sim->app.tokens[app ? TOKEN_APP : TOKEN_BOT];

	(void)result;
	if (strlen(error) >= sizeof(token->error)) {
		return err_set(err, ERR_PERMANENT, 0, "the error is too long");
	}
	if (json_bool(args, "events", false)) {
		act_tokens_revoked(sim, sim->app.bot);
		act_uninstalled(sim);
	}
	snprintf(token->error, sizeof(token->error), "%s",
	        str_equal(error, "none") ? "" : error);
	return true;
}

bool verb_knob(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *name = json_str(args, "name");
	const cJSON *value = json_get(args, "value");

	if (!name) {
		*result = knobs_list(&sim->knobs);
		return true;
	}
	if (!value) {
		return err_set(err, ERR_PERMANENT, 0, "say a value");
	}
	return knobs_set(&sim->knobs, name, value, err);
}

bool verb_tokens(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *renew = json_str(args, "renew");

	(void)err;
	if (renew) {
		sim_renew_token(sim, str_equal(renew, "app") ? TOKEN_APP : TOKEN_BOT);
	}
	*result = json_set_str(json_new(), "bot", sim->app.tokens[TOKEN_BOT].text);
	json_set_str(*result, "app", sim->app.tokens[TOKEN_APP].text);
	if (json_bool(args, "client", false)) {
		json_set_str(*result, "client_id", oauth_client_id(sim->oauth));
		json_set_str(*result, "client_secret", oauth_client_secret(sim->oauth));
	}
	if (json_bool(args, "pair", false)) {
		const char *access, *refresh;

		oauth_pair(sim->oauth, &access, &refresh);
		json_set_str(*result, "rotating", access);
		json_set_str(*result, "refresh", refresh);
	}
	return true;
}

/* What a person's app may do who agrees to everything. */
static const char user_scopes[] =
        "channels:history,channels:read,channels:write,chat:write,emoji:read,files:read,"
        "files:write,groups:history,groups:read,groups:write,im:history,im:read,im:write,"
        "mpim:history,mpim:read,mpim:write,pins:read,pins:write,reactions:read,"
        "reactions:write,team:read,usergroups:read,usergroups:write,users:read,"
        "users:read.email,users.profile:read,users.profile:write";

bool verb_user_token(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = verb_user(sim, args, "as", err);
	const char *scopes = json_str_or(args, "scopes", user_scopes);

	if (!user) {
		return false;
	}
	*result = json_new();
	if (json_bool(args, "code", false)) {
		json_set_str(*result, "code",
		        oauth_authorize(
		                sim->oauth, user, json_str_or(args, "scopes", "")));
	} else {
		json_set_str(
		        *result, "token", oauth_user_token(sim->oauth, user, scopes));
	}
	return true;
}

static void change_all(char **list, const cJSON *names, bool add)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, names)
	{
		if (cJSON_IsString(item) && item->valuestring[0]) {
			scopes_change(list, item->valuestring, add);
		}
	}
}

bool verb_app(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	char **scopes = &sim->app.tokens[TOKEN_BOT].scopes;

	(void)err;
	change_all(scopes, json_arr(args, "grant"), true);
	change_all(scopes, json_arr(args, "ungrant"), false);
	change_all(&sim->app.subscriptions, json_arr(args, "subscribe"), true);
	change_all(&sim->app.subscriptions, json_arr(args, "unsubscribe"), false);
	*result = json_set_str(json_new(), "scopes", *scopes);
	json_set_str(*result, "events", sim->app.subscriptions);
	return true;
}

bool verb_state(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)args;
	(void)err;
	*result = control_state(sim);
	return true;
}
