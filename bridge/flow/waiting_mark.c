#include "bridge/flow/waiting_mark.h"

#include "bridge/flow/payload.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"

#define HOURGLASS "\xE2\x8F\xB3"

enum { JOB_WAITS = 0 }; /* inbox.state */

/* All marks of a room in one lane: none is taken back before it is set. */
static void add_job(struct app *app, struct store_tx *tx, const char *prefix,
        const char *flow, cJSON *payload)
{
	autofree char *lane = xasprintf("w %s", json_str_or(payload, "room", ""));
	autofree char *key =
	        xasprintf("%sm:%s", prefix, json_str_or(payload, "event", ""));
	autofree char *text = json_print(payload);

	queue_add(app->queue, tx, key, lane, flow, text);
}

void waiting_mark_add(
        struct app *app, struct store_tx *tx, const char *room, const char *event)
{
	autojson cJSON *payload = json_set_str(json_new(), "room", room);

	json_set_str(payload, "event", event);
	add_job(app, tx, WAITING_MARK_KEY, FLOW_WAIT_MARK, payload);
}

void waiting_mark_clear(struct app *app, struct store_tx *tx, const char *room,
        const char *event, const char *mark)
{
	autojson cJSON *payload = json_set_str(json_new(), "room", room);

	json_set_str(payload, "event", event);
	json_set_str(payload, "mark", mark);
	add_job(app, tx, "waited:", FLOW_WAIT_CLEAR, payload);
}

/* ---------------------------------------------------------------- set */

struct state {
	bool known, waits; /* whether the message still does */
	char *mark_id;     /* the answer of the send, until it is recorded */
};

static void handle_state(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		state->known = true;
		state->waits = store_rows(results[0]) > 0 &&
		               store_int(results[0], 0, 0) == JOB_WAITS;
	}
	flow_continue(flow, err);
}

/* Decided once: after a crash the same reaction is sent again, which is the same request,
 * so that its ID is known and it can be taken back. */
static enum step_rc decide(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;

	if (!state->known) {
		struct store_tx *tx = store_tx_create(app->store);
		autofree char *key = xasprintf("m:%s", payload_text(flow, "event"));
		store_tx_add(tx, STMT_INBOX_STATE, "s", key);
		store_tx_submit(tx, handle_state, flow);
		return wait_store(flow, tx);
	}
	if (!state->waits) {
		return STEP_END;
	}
	flow_set_fact(flow, "decided", "yes");
	return STEP_DONE;
}

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	str_replace(&state->mark_id, event_id);
	flow_continue(flow, err);
}

static cJSON *hourglass_content(const char *event)
{
	cJSON *content = json_new(), *relates = json_new();

	json_set_str(relates, "rel_type", "m.annotation");
	json_set_str(relates, "event_id", event);
	json_set_str(relates, "key", HOURGLASS);
	json_set(content, "m.relates_to", relates);
	return content;
}

static enum step_rc set_mark(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	const char *event = payload_text(flow, "event");

	if (state->mark_id != NULL) {
		store_tx_add(flow_tx(flow), STMT_WAIT_MARK_PUT, "sss", event,
		        payload_text(flow, "room"), state->mark_id);
		return STEP_END;
	}
	autofree char *txn_id = matrix_txn_id("wait", event, NULL);
	autojson cJSON *content = hourglass_content(event);
	return wait_matrix(
	        flow, matrix_send(app->matrix, NULL, payload_text(flow, "room"),
	                      "m.reaction", txn_id, content, 0, handle_sent, flow));
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	str_replace(&state->mark_id, NULL);
}

static const struct step mark_steps[] = {
        {"decide", decide},
        {"set", set_mark},
        {NULL, NULL},
};

const struct flow_def wait_mark_flow = {
        .name = FLOW_WAIT_MARK,
        .steps = mark_steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

/* ---------------------------------------------------------------- taken back */

struct clearing {
	bool cleared;
};

static void handle_cleared(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct clearing *clearing = flow->state;

	(void)event_id;
	clearing->cleared = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

static void forget(struct flow *flow, struct store_tx *tx)
{
	store_tx_add(tx, STMT_WAIT_MARK_DEL, "s", payload_text(flow, "event"));
}

static enum step_rc clear(struct flow *flow)
{
	struct app *app = flow->app;
	const struct clearing *clearing = flow->state;

	if (clearing->cleared) {
		forget(flow, flow_tx(flow));
		return STEP_END;
	}
	autofree char *txn_id =
	        matrix_txn_id("waited", payload_text(flow, "event"), NULL);
	return wait_matrix(flow,
	        matrix_redact(app->matrix, NULL, payload_text(flow, "room"),
	                payload_text(flow, "mark"), txn_id, NULL, handle_cleared, flow));
}

static const struct step clear_steps[] = {
        {"clear", clear},
        {NULL, NULL},
};

const struct flow_def wait_clear_flow = {
        .name = FLOW_WAIT_CLEAR,
        .steps = clear_steps,
        .state_size = sizeof(struct clearing),
        .dead = forget,
};
