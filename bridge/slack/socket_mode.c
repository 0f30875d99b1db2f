#include "bridge/slack/socket_mode.h"

#include "lib/list.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/slack/open_budget.h"
#include "bridge/slack/socket_conn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	GRACE_MS = 10000, /* the old connection outlives its successor's hello by this */
	HOLD_MS = 5 * 60000, /* between tries while only a person can help */
};

struct socket_mode {
	struct loop *loop;
	struct ws_context *ws;
	struct slack_api *api;
	const struct socket_mode_handlers *handlers;
	void *arg;
	enum socket_mode_state state;
	/* What is wrong while no connection is up: SM_DISCONNECTED, SM_LINK_DISABLED,
	 * SM_TOO_MANY, or for good SM_BAD_CREDENTIALS. */
	enum socket_mode_state trouble;
	char why[256];   /* the last trouble, for people */
	unsigned wanted; /* connections */
	struct open_budget own_budget, *budget;
	struct socket_mode_health health;
	bool stopping;
	struct timer stopped;
	void (*stop_done)(void *arg);
	void *stop_arg;
	struct timer retry;       /* opens the next connection */
	struct list conns;        /* socket_conn_link() */
	struct socket_conn *next; /* the one that has not said hello yet; NULL: none */
	uint64_t last_id;
};

/* Nobody but a person can make the token good again. */
static const char *const fatal_words[] = {
        "account_inactive",
        "forbidden_team",
        "invalid_auth",
        "not_authed",
        "team_disabled",
        "token_revoked",
        "user_removed_from_team",
};

static const char *const state_names[] = {
        [SM_STOPPED] = "stopped",
        [SM_CONNECTING] = "connecting",
        [SM_CONNECTED] = "connected",
        [SM_DISCONNECTED] = "disconnected",
        [SM_BAD_CREDENTIALS] = "bad_credentials",
        [SM_LINK_DISABLED] = "link_disabled",
        [SM_TOO_MANY] = "too_many",
};

const char *socket_mode_state_to_str(enum socket_mode_state state)
{
	return state_names[state];
}

/* ---------------------------------------------------------------- the state */

#define BIT(state) (1U << (state))

static bool may_follow(enum socket_mode_state from, enum socket_mode_state to)
{
	const unsigned waiting = BIT(SM_DISCONNECTED) | BIT(SM_LINK_DISABLED) |
	                         BIT(SM_TOO_MANY) | BIT(SM_BAD_CREDENTIALS);
	const unsigned busy = BIT(SM_CONNECTING) | BIT(SM_CONNECTED);
	const unsigned allowed[] = {
	        [SM_STOPPED] = BIT(SM_CONNECTING),
	        [SM_CONNECTING] = BIT(SM_CONNECTED) | waiting,
	        [SM_CONNECTED] = BIT(SM_CONNECTING) | waiting,
	        [SM_DISCONNECTED] = BIT(SM_CONNECTING),
	        [SM_BAD_CREDENTIALS] = 0,
	        [SM_LINK_DISABLED] = busy | waiting,
	        [SM_TOO_MANY] = busy | waiting,
	};

	return (allowed[from] & BIT(to)) != 0;
}

static bool any_conn(const struct socket_mode *sm, bool (*is)(const struct socket_conn *))
{
	list_for_each(it, &sm->conns)
	{
		if (is(socket_conn_from_link(it))) {
			return true;
		}
	}
	return false;
}

static unsigned count_up(const struct socket_mode *sm)
{
	unsigned count = 0;

	list_for_each(it, &sm->conns)
	{
		count += socket_conn_is_up(socket_conn_from_link(it)) ? 1 : 0;
	}
	return count;
}

/* One being opened counts as there. */
static bool wants_more(const struct socket_mode *sm)
{
	return count_up(sm) + (sm->next != NULL ? 1 : 0) < sm->wanted;
}

static enum socket_mode_state derive_state(const struct socket_mode *sm)
{
	if (sm->trouble == SM_BAD_CREDENTIALS || sm->trouble == SM_LINK_DISABLED) {
		return sm->trouble;
	}
	if (any_conn(sm, socket_conn_is_up) || any_conn(sm, socket_conn_is_draining)) {
		return SM_CONNECTED;
	}
	/* The owner need not hear of each try that meets the same refusal. */
	if (sm->trouble == SM_TOO_MANY) {
		return SM_TOO_MANY;
	}
	return sm->next != NULL ? SM_CONNECTING : SM_DISCONNECTED;
}

/* The only writer of the state, and the last thing every handler does: the owner may
 * destroy us from its callback. */
static void settle_state(struct socket_mode *sm)
{
	enum socket_mode_state state = derive_state(sm);

	if (state == sm->state || sm->stopping) {
		return;
	}
	assert(may_follow(sm->state, state));
	log_info("socket mode", "state=%s->%s why=\"%s\"", state_names[sm->state],
	        state_names[state], sm->why);
	sm->state = state;
	if (state == SM_CONNECTED) {
		sm->health.since_ms = loop_wall_ms(sm->loop);
		sm->health.reconnects += sm->health.was_connected ? 1 : 0;
		sm->health.was_connected = true;
	}
	sm->handlers->state(state, sm->why, sm->arg);
}

/* ---------------------------------------------------------------- opening */

static const struct socket_conn_handlers conn_handlers;

static void open_next(struct socket_mode *sm)
{
	assert(sm->next == NULL);
	timer_stop(&sm->retry);
	open_budget_spend(sm->budget, loop_now_ms(sm->loop));
	sm->next = socket_conn_start(
	        sm->loop, sm->ws, sm->api, ++sm->last_id, &conn_handlers, sm);
	list_add_tail(&sm->conns, socket_conn_link(sm->next));
}

/* Opens the next connection as soon as it may, unless that is under way. */
static void schedule_open(struct socket_mode *sm, int64_t at_least_ms)
{
	if (sm->next != NULL || timer_active(&sm->retry) ||
	        sm->trouble == SM_BAD_CREDENTIALS) {
		return;
	}
	int64_t delay_ms =
	        open_budget_delay_ms(sm->budget, loop_now_ms(sm->loop), at_least_ms);
	if (delay_ms == 0) {
		open_next(sm);
	} else {
		timer_start(&sm->retry, delay_ms);
	}
}

static void handle_retry(void *arg)
{
	struct socket_mode *sm = arg;

	if (wants_more(sm)) {
		open_next(sm);
	}
	settle_state(sm);
}

static void retire_all(struct socket_mode *sm)
{
	list_for_each(it, &sm->conns)
	{
		socket_conn_retire(socket_conn_from_link(it), GRACE_MS);
	}
}

/* A successor is up: the oldest that Slack will close goes, and whatever is too much. */
static void retire_predecessor(struct socket_mode *sm)
{
	unsigned surplus = count_up(sm) > sm->wanted ? count_up(sm) - sm->wanted : 0;
	bool has_gone = false;

	list_for_each(it, &sm->conns)
	{
		struct socket_conn *conn = socket_conn_from_link(it);
		if (socket_conn_is_draining(conn) && !has_gone) {
			has_gone = socket_conn_retire(conn, GRACE_MS);
		} else if (socket_conn_is_up(conn) && surplus > 0) {
			socket_conn_retire(conn, GRACE_MS);
			surplus--;
		}
	}
}

/* Tries again only after HOLD_MS and at_least_ms, whatever was planned. */
static void hold(
        struct socket_mode *sm, enum socket_mode_state trouble, int64_t at_least_ms)
{
	if (sm->trouble == SM_BAD_CREDENTIALS) {
		return;
	}
	sm->trouble = trouble;
	timer_start(&sm->retry, at_least_ms > HOLD_MS ? at_least_ms : HOLD_MS);
}

static void note_trouble(struct socket_mode *sm, const char *name, const char *msg)
{
	struct socket_mode_health *health = &sm->health;

	snprintf(sm->why, sizeof(sm->why), "%s", name[0] == '\0' ? msg : name);
	snprintf(health->last_error, sizeof(health->last_error), "%s", sm->why);
	health->last_error_ms = loop_wall_ms(sm->loop);
}

/* ---------------------------------------------------------------- connections */

static void handle_hello(struct socket_conn *conn, void *arg)
{
	struct socket_mode *sm = arg;

	assert(conn == sm->next);
	sm->next = NULL;
	sm->trouble = SM_DISCONNECTED;
	sm->why[0] = '\0';
	open_budget_healthy(sm->budget);
	sm->health.opened++;
	retire_predecessor(sm);
	if (wants_more(sm)) {
		schedule_open(sm, 0);
	}
	settle_state(sm);
}

static void handle_link_disabled(struct socket_mode *sm)
{
	socket_conn_destroy(&sm->next);
	retire_all(sm);
	hold(sm, SM_LINK_DISABLED, 0);
}

static void handle_disconnect(struct socket_conn *conn, enum socket_disconnect what,
        const char *reason, void *arg)
{
	struct socket_mode *sm = arg;

	if (sm->stopping) {
		return;
	}
	switch (what) {
	case SOCKET_DISCONNECT_REFRESH:
		/* Nothing is wrong, as long as there is a successor in time. */
		snprintf(sm->why, sizeof(sm->why), "%s", reason);
		if (wants_more(sm)) {
			REQ("SOCK-06");
			schedule_open(sm, 0);
		}
		break;
	case SOCKET_DISCONNECT_LINK_DISABLED:
		note_trouble(sm, reason, "");
		handle_link_disabled(sm);
		break;
	case SOCKET_DISCONNECT_TOO_MANY:
		note_trouble(sm, reason, "");
		socket_conn_destroy(&conn);
		if (wants_more(sm) && sm->next == NULL) {
			hold(sm, SM_TOO_MANY, 0);
		}
		break;
	}
	settle_state(sm);
}

static void handle_envelope(const struct slack_envelope *envelope, void *arg)
{
	struct socket_mode *sm = arg;

	sm->handlers->envelope(envelope, sm->arg);
}

static bool is_fatal(const struct err *err)
{
	for (size_t i = 0; i < sizeof(fatal_words) / sizeof(fatal_words[0]); i++) {
		if (str_equal(err->name, fatal_words[i])) {
			return err->kind == ERR_PERMANENT;
		}
	}
	return false;
}

/* Slack's answer while Socket Mode is off is about the kind of the token, which is
 * checked when somebody logs in. */
static bool says_link_disabled(const struct err *err)
{
	return str_equal(err->name, "link_disabled") ||
	       str_equal(err->name, "not_allowed_token_type");
}

/* A connection ended before its hello. */
static void handle_failed(struct socket_mode *sm, const struct err *err)
{
	open_budget_failed(sm->budget);
	note_trouble(sm, err->name, err->msg);
	if (is_fatal(err)) {
		sm->trouble = SM_BAD_CREDENTIALS;
		retire_all(sm);
	} else if (str_equal(err->name, "too_many_websockets")) {
		hold(sm, SM_TOO_MANY, 0);
	} else if (says_link_disabled(err)) {
		handle_link_disabled(sm);
	} else if (sm->trouble == SM_LINK_DISABLED) {
		hold(sm, SM_LINK_DISABLED, err->retry_after_ms);
	} else if (err->kind == ERR_PERMANENT) {
		hold(sm, SM_DISCONNECTED, err->retry_after_ms);
	} else {
		sm->trouble = SM_DISCONNECTED;
		schedule_open(sm, err->retry_after_ms);
	}
}

/* One that had said hello ended. */
static void handle_lost(struct socket_mode *sm, const struct err *err)
{
	if (sm->trouble == SM_LINK_DISABLED || sm->trouble == SM_BAD_CREDENTIALS) {
		return;
	}
	if (!wants_more(sm)) {
		return; /* it has a successor */
	}
	if (sm->why[0] == '\0') {
		note_trouble(sm, err->name, err->msg);
	}
	if (sm->trouble == SM_TOO_MANY) {
		timer_stop(&sm->retry); /* there is room for one now */
	}
	REQ("SOCK-07");
	schedule_open(sm, 0);
	if (any_conn(sm, socket_conn_is_up) && sm->handlers->lost != NULL) {
		sm->handlers->lost(sm->arg);
	}
}

static void note_if_stopped(struct socket_mode *sm)
{
	if (list_empty(&sm->conns)) {
		timer_start(&sm->stopped, 0);
	}
}

static void handle_gone(struct socket_conn *conn, const struct err *err, void *arg)
{
	struct socket_mode *sm = arg;
	bool was_next = conn == sm->next;

	if (was_next) {
		sm->next = NULL;
	}
	socket_conn_destroy(&conn);
	if (sm->stopping) {
		note_if_stopped(sm);
		return;
	}
	if (was_next) {
		handle_failed(sm, err);
	} else {
		handle_lost(sm, err);
	}
	settle_state(sm);
}

static const struct socket_conn_handlers conn_handlers = {
        .hello = handle_hello,
        .disconnect = handle_disconnect,
        .envelope = handle_envelope,
        .gone = handle_gone,
};

/* ---------------------------------------------------------------- for the owner */

static void handle_stopped(void *arg)
{
	struct socket_mode *sm = arg;

	sm->stop_done(sm->stop_arg);
}

void socket_mode_stop(struct socket_mode *sm, void (*done)(void *arg), void *arg)
{
	assert(!sm->stopping);
	sm->stopping = true;
	sm->stop_done = done;
	sm->stop_arg = arg;
	timer_stop(&sm->retry);
	socket_conn_destroy(&sm->next); /* nothing has come by it */
	list_for_each(it, &sm->conns)
	{
		socket_conn_leave(socket_conn_from_link(it));
	}
	note_if_stopped(sm);
}

struct socket_mode *socket_mode_create(struct loop *loop, struct ws_context *ws,
        struct slack_api *api, uint64_t seed, const struct socket_mode_handlers *handlers,
        void *arg)
{
	struct socket_mode *sm = xcalloc(1, sizeof(*sm));

	sm->loop = loop;
	sm->ws = ws;
	sm->api = api;
	sm->handlers = handlers;
	sm->arg = arg;
	sm->state = SM_STOPPED;
	sm->trouble = SM_DISCONNECTED;
	sm->wanted = 1;
	sm->budget = &sm->own_budget;
	open_budget_init(&sm->own_budget, seed, loop_now_ms(loop));
	timer_init(&sm->retry, loop, handle_retry, sm);
	timer_init(&sm->stopped, loop, handle_stopped, sm);
	list_init(&sm->conns);
	return sm;
}

void socket_mode_set_connections(struct socket_mode *sm, unsigned wanted)
{
	assert(sm->state == SM_STOPPED && wanted >= 1 && wanted <= SOCKET_MODE_MOST);
	sm->wanted = wanted;
}

void socket_mode_set_budget(struct socket_mode *sm, struct open_budget *budget)
{
	assert(sm->state == SM_STOPPED);
	sm->budget = budget;
}

void socket_mode_start(struct socket_mode *sm)
{
	assert(sm->state == SM_STOPPED);
	timer_start(&sm->retry, 0); /* the first state is told from the loop */
}

void socket_mode_destroy(struct socket_mode **sm)
{
	if (*sm == NULL) {
		return;
	}
	timer_stop(&(*sm)->retry);
	timer_stop(&(*sm)->stopped);
	list_for_each(it, &(*sm)->conns)
	{
		struct socket_conn *conn = socket_conn_from_link(it);
		socket_conn_destroy(&conn);
	}
	free(*sm);
	*sm = NULL;
}

void socket_mode_ack(struct socket_mode *sm, uint64_t conn_id, const char *envelope_id)
{
	list_for_each(it, &sm->conns)
	{
		struct socket_conn *conn = socket_conn_from_link(it);
		if (socket_conn_id(conn) == conn_id) {
			socket_conn_ack(conn, envelope_id);
			return;
		}
	}
	log_debug("socket acknowledgement not sent", "conn=%llu",
	        (unsigned long long)conn_id);
}

enum socket_mode_state socket_mode_state(const struct socket_mode *sm)
{
	return sm->state;
}

struct socket_mode_health socket_mode_health(const struct socket_mode *sm)
{
	struct socket_mode_health health = sm->health;

	health.connections = count_up(sm);
	health.wanted = sm->wanted;
	return health;
}
