#include "bridge/flow/author.h"

#include "bridge/flow/app.h"
#include "bridge/flow/credentials.h"
#include "bridge/flow/failure.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	ASLEEP_RETRY_MS = 5 * 60 * 1000, /* whoever wakes it hurries the queue */
	/* Until it is seen that the token is refused, and the job moved. */
	MOVE_AFTER_MS = 1000,
};

static bool is_asleep(const struct user_login *user)
{
	return credentials_trouble(user->credentials)[0] != '\0';
}

/* Where their jobs wait, room by room. */
static char *lane_aside(const struct flow *flow, const struct user_login *user)
{
	return xasprintf(
	        "u %s %s %s", user->team_id, user->mxid, payload_text(flow, "room"));
}

/* ---------------------------------------------------------------- waiting */

/* Do jobs of theirs wait aside already? This one comes after them. */
static void handle_count(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (err->kind == ERR_NONE) {
		bool any = store_int(results[0], 0, 0) > 0;
		flow_set_fact(flow, "others_wait", any ? "yes" : "no");
	}
	flow_continue(flow, err);
}

static enum step_rc count_waiting(struct flow *flow, const struct user_login *user)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);
	/* All of their lanes: what follows in their names is a room; '!' follows ' '. */
	autofree char *first = xasprintf("u %s %s ", user->team_id, user->mxid);
	autofree char *last = xasprintf("u %s %s!", user->team_id, user->mxid);

	store_tx_add(tx, STMT_INBOX_LANES_WAIT, "ss", first, last);
	store_tx_submit(tx, handle_count, flow);
	return wait_store(flow, tx);
}

/* In the room, once for each time that the token is refused. */
static void tell_sender(struct flow *flow, const struct user_login *user)
{
	const char *room = payload_text(flow, "room");
	autofree char *key = xasprintf("aside:%s:%s:%s:%lld", user->team_id, user->mxid,
	        room, (long long)user->asleep_ms);
	autofree char *text = xasprintf(
	        "%s, what you write here waits: Slack refuses your token, or is not sure of "
	        "it. Nothing is lost; what others write goes on.",
	        user->mxid);

	notice_add(
	        flow->app, flow_tx(flow), key, room, payload_text(flow, "event"), text);
}

static enum step_rc move_aside(struct flow *flow, struct user_login *user)
{
	const struct app *app = flow->app;
	autofree char *lane = lane_aside(flow, user);

	user->may_wait = true;
	if (is_asleep(user)) {
		user->asleep_ms =
		        user->asleep_ms == 0 ? loop_wall_ms(app->loop) : user->asleep_ms;
		tell_sender(flow, user);
	}
	flow_set_fact(flow, "others_wait", NULL);
	return flow_move(flow, lane);
}

/* STEP_DONE once it is this job's turn, and the token is good as far as is known. */
static enum step_rc take_turn(struct flow *flow, struct user_login *user)
{
	const char *others = flow_fact(flow, "others_wait");

	if (str_starts(flow->lane, "u ")) {
		if (!is_asleep(user)) {
			return STEP_DONE;
		}
		err_set(&flow->err, ERR_RETRY, 0, "waits for its sender's new login");
		flow->err.retry_after_ms = ASLEEP_RETRY_MS;
		return STEP_FAIL;
	}
	if (is_asleep(user) || str_equal(others, "yes")) {
		return move_aside(flow, user);
	}
	if (user->may_wait && others == NULL) {
		return count_waiting(flow, user);
	}
	user->may_wait = false;
	user->asleep_ms = 0;
	return STEP_DONE;
}

/* ---------------------------------------------------------------- who */

static const char *team_of(const struct flow *flow)
{
	const struct portal *portal = payload_portal(flow);

	return portal == NULL ? "" : portal->team_id;
}

const char *author_fact(const struct flow *flow)
{
	const char *author = flow_fact(flow, "author");

	return author == NULL ? "" : author;
}

static struct user_login *sender(const struct flow *flow)
{
	const struct app *app = flow->app;

	return user_logins_find(app->users, team_of(flow), payload_text(flow, "sender"));
}

enum step_rc author_wait_turn(struct flow *flow)
{
	struct user_login *user = sender(flow);

	return user == NULL ? STEP_DONE : take_turn(flow, user);
}

enum step_rc author_choose(struct flow *flow)
{
	struct user_login *user = sender(flow);

	if (user == NULL || flow_fact(flow, "author") != NULL) {
		return STEP_DONE;
	}
	enum step_rc rc = take_turn(flow, user);
	if (rc == STEP_DONE) {
		flow_set_fact(flow, "author", user->user_id);
	}
	return rc;
}

static struct user_login *user_of(const struct flow *flow, const char *author)
{
	const struct app *app = flow->app;

	return user_logins_by_slack(app->users, team_of(flow), author);
}

enum step_rc author_api(struct flow *flow, const char *author, struct slack_api **api)
{
	struct login *login = payload_login(flow);
	enum step_rc rc = STEP_DONE;

	if (login == NULL) {
		return STEP_FAIL;
	}
	*api = login->bot_api;
	if (author[0] != '\0') {
		struct user_login *user = user_of(flow, author);
		rc = user == NULL ? STEP_DONE : take_turn(flow, user);
		*api = user == NULL ? NULL : user->api;
	}
	return rc;
}

struct slack_api *author_api_now(struct flow *flow, const char *author)
{
	struct login *login = payload_login(flow);
	struct user_login *user = author[0] == '\0' ? NULL : user_of(flow, author);

	if (login == NULL || (author[0] != '\0' && user == NULL)) {
		return NULL;
	}
	return user == NULL ? login->bot_api : user->api;
}

enum step_rc author_is_gone(struct flow *flow)
{
	err_set(&flow->err, ERR_PERMANENT, 0,
	        "it was written on Slack by the sender's own Slack user, and that login is "
	        "gone; say `login token` to me in a room of our own");
	err_set_name(&flow->err, "author_logged_out");
	return STEP_FAIL;
}

struct err author_judge(const char *author, const struct err *err)
{
	struct err judged = failure_judge(err);

	if (author[0] != '\0' && judged.kind == ERR_RETRY &&
	        (slack_is_token_refusal(err->name) || str_equal(err->name, "asleep"))) {
		judged.retry_after_ms = MOVE_AFTER_MS;
	}
	return judged;
}
