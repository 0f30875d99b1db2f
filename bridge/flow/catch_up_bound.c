#include "bridge/flow/catch_up_bound.h"

#include "bridge/flow/app.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/slack_message.h"
#include "bridge/flow/slack_thread.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MOST_COUNTED = 1000, /* beyond the bound: ten pages of history */
	TIME_BYTES = 32,
};

static long most(const struct flow *flow)
{
	const struct app *app = flow->app;
	long configured = app->config->backfill.max_catchup_messages;

	return configured < 0 ? LONG_MAX : configured;
}

static long number_fact(const struct flow *flow, const char *name)
{
	int64_t number = 0;
	const char *text = flow_fact(flow, name);

	if (text != NULL) {
		str_to_int64(str_from(text), 0, LONG_MAX, &number);
	}
	return (long)number;
}

static void set_number_fact(struct flow *flow, const char *name, long number)
{
	autofree char *text = xasprintf("%ld", number);

	flow_set_fact(flow, name, text);
}

void catch_up_bound_load(struct flow *flow, struct catch_up_bound *bound)
{
	bound->taken = number_fact(flow, "taken");
	bound->beyond = number_fact(flow, "beyond");
}

void catch_up_bound_save(struct flow *flow, const struct catch_up_bound *bound)
{
	set_number_fact(flow, "taken", bound->taken);
	set_number_fact(flow, "beyond", bound->beyond);
}

/* The sort key of what lies beyond, by which it is counted: where the gap begins. */
static char *mark_of(const struct flow *flow)
{
	return xasprintf("beyond %s", flow_fact(flow, "since"));
}

static void leave_out(
        struct flow *flow, struct login *login, const struct slack_event *message)
{
	const struct app *app = flow->app;
	autofree char *key = slack_message_key(login, message);
	autofree char *mark = mark_of(flow);

	store_tx_add(flow_tx(flow), STMT_INBOX_LEAVE_OUT, "ssssis", key, flow->lane, mark,
	        FLOW_SLACK_MESSAGE, loop_wall_ms(app->loop),
	        "beyond the bound of catching up");
}

void catch_up_bound_take(struct catch_up_bound *bound, struct flow *flow,
        struct login *login, const struct slack_event *message)
{
	/* Written since the connection is there: it comes as an event, too. */
	bool is_live = slack_ts_ms(message->ts) > flow->received_ms;

	if (is_live) {
		slack_message_add(login, flow_tx(flow), message);
	} else if (bound->taken < most(flow)) {
		bound->taken++;
		slack_message_add(login, flow_tx(flow), message);
	} else if (!catch_up_bound_is_full(bound)) {
		bound->beyond++;
		leave_out(flow, login, message);
	}
}

bool catch_up_bound_is_full(const struct catch_up_bound *bound)
{
	return bound->beyond >= MOST_COUNTED;
}

/* ---------------------------------------------------------------- the word in the room
 */

static void time_text(const char *ts, char *out, size_t size)
{
	int64_t seconds = 0;
	struct tm tm;
	size_t n = strcspn(ts, ".");

	out[0] = '\0';
	if (str_to_int64((struct str){ts, n}, 0, UINT32_MAX, &seconds)) {
		const time_t time = (time_t)seconds;
		gmtime_r(&time, &tm);
		strftime(out, size, "%Y-%m-%d %H:%M UTC", &tm);
	}
}

static void handle_counted(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (err->kind == ERR_NONE) {
		set_number_fact(flow, "missed", (long)store_int(results[0], 0, 0));
	}
	flow_continue(flow, err);
}

static void tell(struct flow *flow, const char *room_id, long missed)
{
	struct app *app = flow->app;
	const char *since = flow_fact(flow, "since");
	char when[TIME_BYTES];
	autofree char *key = xasprintf("beyond:%s:%s:%s", payload_text(flow, "team"),
	        payload_text(flow, "channel"), since);

	time_text(since, when, sizeof(when));
	autofree char *text = xasprintf(
	        "\xE2\x9A\xA0 While the bridge was away from %s on, more was written than "
	        "it catches up with: %s%ld older messages stand only on Slack. What is "
	        "newer follows.",
	        when, missed >= MOST_COUNTED ? "more than " : "", missed);
	notice_add(app, flow_tx(flow), key, room_id, NULL, text);
}

enum step_rc catch_up_bound_tell(struct flow *flow)
{
	const struct app *app = flow->app;
	const struct portal *portal = payload_portal(flow);

	if (number_fact(flow, "beyond") == 0 || portal == NULL) {
		return STEP_DONE;
	}
	if (flow_fact(flow, "missed") == NULL) {
		struct store_tx *tx = store_tx_create(app->store);
		autofree char *mark = mark_of(flow);
		store_tx_add(tx, STMT_INBOX_MARKED, "ss", flow->lane, mark);
		store_tx_submit(tx, handle_counted, flow);
		return wait_store(flow, tx);
	}
	if (number_fact(flow, "missed") > 0) {
		tell(flow, portal->room_id, number_fact(flow, "missed"));
	}
	return STEP_DONE;
}
