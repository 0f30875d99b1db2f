#include "bridge/flow/poke.h"

#include "bridge/flow/app.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { RETRY_MS = 10000 };

#define CONTROL_ROOM_FACT "control_room"
#define POKE_TYPE "org.matrix-slack-bridge.poke"

struct poke {
	struct app *app;
	struct timer timer;
	char *room_id; /* the bot's own room; NULL: not known yet */
	bool asked;    /* the database was asked for it */
	struct store_tx *tx;
	struct matrix_call *call;
};

static void step(void *arg);

static bool failed(struct poke *poke, const struct err *err)
{
	if (err->kind == ERR_NONE) {
		return false;
	}
	log_debug("poke failed", "error=\"%s\"", err->msg);
	timer_start(&poke->timer, RETRY_MS);
	return true;
}

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct poke *poke = arg;

	(void)event_id;
	poke->call = NULL;
	if (err->kind ==
	        ERR_PERMANENT) { /* the room is of no use (any more): make another */
		str_replace(&poke->room_id, NULL);
	}
	failed(poke, err);
}

static void send_poke(struct poke *poke)
{
	autofree char *now = xasprintf("%lld", (long long)loop_wall_ms(poke->app->loop));
	autofree char *txn_id = matrix_txn_id("poke", now, NULL);
	autojson cJSON *content = json_new();

	poke->call = matrix_send(poke->app->matrix, NULL, poke->room_id, POKE_TYPE,
	        txn_id, content, 0, handle_sent, poke);
}

static void handle_stored(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct poke *poke = arg;

	(void)results;
	poke->tx = NULL;
	if (!failed(poke, err)) {
		step(poke);
	}
}

static void handle_created(const char *room_id, const struct err *err, void *arg)
{
	struct poke *poke = arg;

	poke->call = NULL;
	if (failed(poke, err)) {
		return;
	}
	str_replace(&poke->room_id, room_id);
	poke->tx = store_tx_create(poke->app->store);
	store_tx_add(poke->tx, STMT_FACT_PUT, "ss", CONTROL_ROOM_FACT, room_id);
	store_tx_submit(poke->tx, handle_stored, poke);
}

static void create_room(struct poke *poke)
{
	autojson cJSON *body = json_new();

	json_set_str(body, "visibility", "private");
	json_set_str(body, "preset", "private_chat");
	json_set_str(
	        body, "topic", "The Slack bridge's own room; nobody else is needed here");
	poke->call =
	        matrix_create_room(poke->app->matrix, NULL, body, handle_created, poke);
}

static void handle_fact(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct poke *poke = arg;

	poke->tx = NULL;
	if (failed(poke, err)) {
		return;
	}
	poke->asked = true;
	if (store_rows(results[0]) > 0) {
		str_replace(&poke->room_id, store_text(results[0], 0, 0));
	}
	step(poke);
}

static void step(void *arg)
{
	struct poke *poke = arg;

	if (poke->tx != NULL || poke->call != NULL) {
		/* Under way, but perhaps since before what this one is for. */
		timer_start(&poke->timer, RETRY_MS);
		return;
	}
	if (!poke->asked) {
		poke->tx = store_tx_create(poke->app->store);
		store_tx_add(poke->tx, STMT_FACT_GET, "s", CONTROL_ROOM_FACT);
		store_tx_submit(poke->tx, handle_fact, poke);
	} else if (poke->room_id == NULL) {
		create_room(poke);
	} else {
		send_poke(poke);
	}
}

struct poke *poke_create(struct app *app)
{
	struct poke *poke = xcalloc(1, sizeof(*poke));

	poke->app = app;
	timer_init(&poke->timer, app->loop, step, poke);
	return poke;
}

void poke_destroy(struct poke **poke)
{
	if (*poke == NULL) {
		return;
	}
	timer_stop(&(*poke)->timer);
	store_tx_cancel(&(*poke)->tx);
	matrix_call_cancel(&(*poke)->call);
	free((*poke)->room_id);
	free(*poke);
	*poke = NULL;
}

void poke_soon(struct poke *poke, int delay_ms)
{
	if (!timer_active(&poke->timer)) {
		timer_start(&poke->timer, delay_ms);
	}
}
