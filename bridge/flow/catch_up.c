/* After a gap Slack sends again what it had no acknowledgement for, but late (up to five
 * minutes), so later messages would overtake, and what it gave up on never comes. So the
 * history since the last message we have goes into the inbox first, and the replies in
 * the threads that were active; the unique key makes what comes again harmless. A little
 * of the history before that is compared with what we have (catch_up_compare.h). */
#include "bridge/flow/catch_up.h"

#include "bridge/convert/id_list.h"
#include "bridge/flow/app.h"
#include "bridge/flow/catch_up_bound.h"
#include "bridge/flow/catch_up_compare.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/slack_channel.h"
#include "bridge/flow/slack_message.h"
#include "bridge/flow/team_lists.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	JOBS_PER_TX = 60,
	COMPARE_DAYS = 7,
	MAX_THREADS = 20,
	MAX_LIST_BYTES = 4096,
	STORE_RETRY_MS = 5000,
};

struct state {
	struct store_tx *page;       /* the jobs of a page, gathered while it was read */
	struct catch_up_bound bound; /* while a page is read */
	struct catch_up_window *window;
	bool begun; /* with the first page, in this life: all are compared */
	bool found; /* one that we know: it is our history */
};

static const char *field(const struct flow *flow, const char *name)
{
	return json_str_or(flow->payload, name, "");
}

/* ---------------------------------------------------------------- since when */

static char *week_ago(struct loop *loop)
{
	int64_t now_s = loop_wall_ms(loop) / 1000;

	return xasprintf("%lld.000000", (long long)(now_s - COMPARE_DAYS * 86400));
}

/* The fact "threads": their ts with spaces between. */
static void write_threads(struct flow *flow, const struct id_list *threads)
{
	struct buf text;

	buf_init(&text, MAX_LIST_BYTES);
	for (size_t i = 0; i < threads->count && i < MAX_THREADS; i++) {
		buf_printf(&text, "%s%s", i == 0 ? "" : " ", threads->ids[i]);
	}
	flow_set_fact(flow, "threads", buf_cstr(&text));
	buf_finish(&text);
}

static void set_threads(struct flow *flow, const struct store_result *rows)
{
	struct id_list threads = {0};

	for (size_t i = 0; i < store_rows(rows); i++) {
		id_list_add(&threads, str_from(store_text(rows, i, 0)));
	}
	write_threads(flow, &threads);
	id_list_finish(&threads);
}

static void add_thread(struct flow *flow, const char *ts)
{
	struct id_list threads = {0};
	const char *list = flow_fact(flow, "threads");

	id_list_add(&threads, str_from(ts)); /* what is new first */
	while (list != NULL && *list != '\0') {
		size_t n = strcspn(list, " ");
		id_list_add(&threads, (struct str){list, n});
		list += n + strspn(list + n, " ");
	}
	write_threads(flow, &threads);
	id_list_finish(&threads);
}

/* From where on history is compared: the newest few of the last week, none from before
 * the portal. */
static void set_look_from(struct flow *flow, const char *since, const char *opened,
        const struct store_result *recent)
{
	struct app *app = flow->app;
	const char *from = store_rows(recent) > 0 ? store_text(recent, 0, 0) : opened;
	autofree char *week = week_ago(app->loop);

	if (strcmp(from, week) < 0) {
		from = week;
	}
	flow_set_fact(flow, "from", strcmp(from, since) < 0 ? from : since);
}

static void handle_since(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	char opened[40] = "0";

	if (err->kind == ERR_NONE) {
		const char *since = store_text(results[0], 0, 0);
		/* A connection that comes and goes brings a job each time: one will do.
		 */
		bool is_last = store_int(results[2], 0, 0) == 0;
		const char *asked = field(flow, "since");
		if (store_rows(results[1]) > 0) {
			snprintf(opened, sizeof(opened), "%lld.000000",
			        (long long)store_int(results[1], 0, 0) / 1000);
			since = since == NULL ? opened : since;
		}
		if (asked[0] != '\0') {
			/* What came after it is there, and something before it is not. */
			is_last = true;
			since = since == NULL || strcmp(asked, since) < 0 ? asked : since;
		}
		flow_set_fact(flow, "since", since == NULL || !is_last ? "none" : since);
		if (since != NULL) {
			set_look_from(flow, since, opened, results[3]);
			set_threads(flow, results[4]);
		}
	}
	flow_continue(flow, err);
}

static enum step_rc find_since(struct flow *flow)
{
	struct app *app = flow->app;

	if (flow_fact(flow, "since") != NULL) {
		return str_equal(flow_fact(flow, "since"), "none") ? STEP_END : STEP_DONE;
	}
	struct store_tx *tx = store_tx_create(app->store);
	store_tx_add(
	        tx, STMT_MESSAGE_LAST, "ss", field(flow, "team"), field(flow, "channel"));
	store_tx_add(
	        tx, STMT_PORTAL_SINCE, "ss", field(flow, "team"), field(flow, "channel"));
	store_tx_add(tx, STMT_CATCH_UP_OTHERS, "ss", flow->lane, flow->key);
	autofree char *week = week_ago(app->loop);
	store_tx_add(tx, STMT_MESSAGE_RECENT, "sss", field(flow, "team"),
	        field(flow, "channel"), week);
	store_tx_add(tx, STMT_THREADS_ACTIVE, "sss", field(flow, "team"),
	        field(flow, "channel"), week);
	store_tx_submit(tx, handle_since, flow);
	return wait_store(flow, tx);
}

/* ---------------------------------------------------------------- the missed ones */

static void take(
        struct flow *flow, struct login *login, const struct slack_event *message)
{
	struct state *state = flow->state;
	const char *since = flow_fact(flow, "since");

	if (strcmp(slack_event_latest_reply(message), since) > 0) {
		add_thread(flow, message->ts);
	}
	if (strcmp(message->ts, since) <= 0) {
		state->found |=
		        catch_up_compare(state->window, login, flow_tx(flow), message);
		return;
	}
	if (message->kind != SLACK_EVENT_MESSAGE ||
	        slack_message_is_own(login, message)) {
		return;
	}
	REQ("SOCK-11");
	catch_up_bound_take(&state->bound, flow, login, message);
}

static void end_page(struct flow *flow, const char *next_cursor)
{
	const struct state *state = flow->state;

	catch_up_bound_save(flow, &state->bound);
	flow_set_fact(flow, "cursor", next_cursor[0] == '\0' ? "end" : next_cursor);
	flow_set_fact(flow, "page", "new");
}

static void handle_page(const struct slack_event *messages, size_t count,
        const char *next_cursor, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct app *app = flow->app;
	struct state *state = flow->state;
	struct login *login = logins_by_team(app->logins, field(flow, "team"));

	if (err->kind == ERR_NONE && login != NULL) {
		catch_up_bound_load(flow, &state->bound);
		for (size_t i = 0; i < count; i++) {
			take(flow, login, &messages[i]);
		}
		bool enough = catch_up_bound_is_full(&state->bound);
		end_page(flow, enough ? "" : next_cursor);
	}
	flow_continue(flow, err);
}

static enum step_rc list_missed(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	struct login *login = logins_by_team(app->logins, field(flow, "team"));
	const char *cursor = flow_fact(flow, "cursor");

	if (flow_fact(flow, "page") != NULL) {
		flow_set_fact(flow, "page", NULL);
		return STEP_SAVE; /* this page's jobs and the cursor in one commit */
	}
	if (login == NULL) {
		return STEP_END;
	}
	if (str_equal(cursor, "end")) {
		/* A history without anything we know is none to conclude from. */
		if (state->begun && state->found && state->bound.beyond == 0) {
			catch_up_find_deleted(state->window, login, flow_tx(flow));
		}
		flow_set_fact(flow, "cursor", NULL);
		return STEP_DONE;
	}
	/* A job from before there was such a fact. */
	const char *from = flow_fact(flow, "from") != NULL ? flow_fact(flow, "from")
	                                                   : flow_fact(flow, "since");
	if (state->window == NULL) {
		state->begun = cursor == NULL;
		return catch_up_window_load(
		        flow, &state->window, from, flow_fact(flow, "since"));
	}
	return wait_slack(
	        flow, slack_history(login->bot_api, field(flow, "channel"), from,
	                      cursor == NULL ? "" : cursor, handle_page, flow));
}

/* ---------------------------------------------------------------- their threads */

static void handle_replies(const struct slack_event *messages, size_t count,
        const char *next_cursor, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct app *app = flow->app;
	struct login *login = logins_by_team(app->logins, field(flow, "team"));
	const char *since = flow_fact(flow, "since");
	struct state *state = flow->state;

	catch_up_bound_load(flow, &state->bound);
	for (size_t i = 0; err->kind == ERR_NONE && login != NULL && i < count; i++) {
		if (messages[i].kind == SLACK_EVENT_MESSAGE &&
		        strcmp(messages[i].ts, since) > 0 &&
		        !slack_message_is_own(login, &messages[i])) {
			catch_up_bound_take(&state->bound, flow, login, &messages[i]);
		}
	}
	if (err->kind == ERR_NONE) {
		bool enough = catch_up_bound_is_full(&state->bound);
		end_page(flow, enough ? "" : next_cursor);
	}
	flow_continue(flow, err);
}

/* The first of the list goes when its last page is in. */
static void next_thread(struct flow *flow, const char *list)
{
	size_t n = strcspn(list, " ");
	autofree char *rest = xstrdup(list + n + strspn(list + n, " "));

	flow_set_fact(flow, "threads", rest);
	flow_set_fact(flow, "cursor", NULL);
}

static enum step_rc list_replies(struct flow *flow)
{
	struct app *app = flow->app;
	struct login *login = logins_by_team(app->logins, field(flow, "team"));
	const char *list = flow_fact(flow, "threads");
	const char *cursor = flow_fact(flow, "cursor");

	if (login == NULL || list == NULL || list[0] == '\0') {
		return STEP_DONE;
	}
	if (flow_fact(flow, "page") != NULL) {
		flow_set_fact(flow, "page", NULL);
		if (str_equal(cursor, "end")) {
			next_thread(flow, list);
		}
		return STEP_SAVE;
	}
	autofree char *thread_ts = xstrndup(list, strcspn(list, " "));
	return wait_slack(
	        flow, slack_replies(login->bot_api, field(flow, "channel"), thread_ts,
	                      flow_fact(flow, "since"), cursor == NULL ? "" : cursor,
	                      handle_replies, flow));
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	catch_up_window_free(&state->window);
}

static const struct step steps[] = {
        {"since", find_since},
        {"list", list_missed},
        {"replies", list_replies},
        {"told", catch_up_bound_tell},
        {NULL, NULL},
};

const struct flow_def catch_up_flow = {
        .name = FLOW_CATCH_UP,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

/* ---------------------------------------------------------------- beginning */

void catch_up_add(struct app *app, struct store_tx *tx, const char *key,
        const struct portal *portal, const char *since)
{
	autofree char *lane = lane_from_slack(portal->team_id, portal->channel_id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "team", portal->team_id);
	json_set_str(payload, "channel", portal->channel_id);
	if (since[0] != '\0') {
		json_set_str(payload, "since", since);
	}
	autofree char *text = json_print(payload);
	queue_add(app->queue, tx, key, lane, FLOW_CATCH_UP, text);
}

/* What of a login outlives a transaction. */
struct owner {
	struct app *app;
	char *team_id;
};

static void handle_stored(bool committed, void *arg)
{
	struct owner *owner = arg;
	struct app *app = owner->app;
	struct login *login =
	        app->logins == NULL ? NULL : logins_by_team(app->logins, owner->team_id);

	if (!committed && login != NULL) {
		catch_up_when_stored(login);
	}
	free(owner->team_id);
	free(owner);
}

static void submit(struct login *login, struct store_tx *tx)
{
	struct owner *owner = xcalloc(1, sizeof(*owner));

	owner->app = login->app;
	owner->team_id = xstrdup(login->team_id);
	store_tx_on_commit(tx, handle_stored, owner);
	store_tx_submit(tx, NULL, NULL);
}

void catch_up_when_stored(struct login *login)
{
	if (!timer_active(&login->catch_up_timer)) {
		timer_start(&login->catch_up_timer, STORE_RETRY_MS);
	}
}

void catch_up_handle_timer(void *login)
{
	catch_up_begin(login);
}

/* A transaction of their own for every JOBS_PER_TX; all share one commit. */
static void add_jobs(struct login *login, const char *since)
{
	struct app *app = login->app;
	struct store_tx *tx = store_tx_create(app->store);
	int64_t now_ms = loop_wall_ms(app->loop);
	const struct portal *portal;

	team_lists_refresh(login, tx);
	for (size_t i = 0; portals_next(app->portals, &i, &portal);) {
		if (!str_equal(portal->team_id, login->team_id)) {
			continue;
		}
		if (store_tx_count(tx) >= JOBS_PER_TX) {
			submit(login, tx);
			tx = store_tx_create(app->store);
		}
		if (!str_equal(portal->state, "open")) {
			continue; /* its history cannot be read */
		}
		autofree char *key =
		        xasprintf("c:%s:%s:%lld%s%s", portal->team_id, portal->channel_id,
		                (long long)now_ms, since[0] == '\0' ? "" : ":", since);
		catch_up_add(app, tx, key, portal, since);
	}
	login_look_add(login, tx, now_ms);
	submit(login, tx);
}

void catch_up_begin(struct login *login)
{
	add_jobs(login, "");
}

void catch_up_since(struct login *login, const char *since)
{
	add_jobs(login, since);
}
