#include "bridge/health/health.h"

#include "bridge/flow/credentials.h"
#include "bridge/flow/logins.h"
#include "bridge/health/metrics_set.h"
#include "lib/http_server.h"
#include "lib/list.h"
#include "lib/mem.h"
#include "lib/sd_notify.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	MAX_PAGE_BYTES = 4 * 1024 * 1024,
	MAX_BODY_BYTES = 1024,
	MAX_CONNECTIONS = 16,
	IDLE_S = 60,
	DATABASE_MS = 5000, /* a page does not wait longer for the queue's depth */
	STATUS_MS = 60000,
};

struct health {
	struct app *app;
	struct metrics_set set;
	struct http_server *server; /* NULL: not configured */
	struct list scrapes;        /* scrape::link */
	struct timer status, watchdog;
};

struct scrape { /* a page that waits for the database */
	struct list link;
	struct health *health;
	struct http_request *req;
	struct store_tx *tx;
	struct timer patience;
};

/* ---------------------------------------------------------------- the page */

/* The one end of a scrape. */
static void answer(struct scrape *scrape, const struct store_result *rows)
{
	struct health *health = scrape->health;
	struct buf page;

	list_del(&scrape->link);
	timer_stop(&scrape->patience);
	store_tx_cancel(&scrape->tx);
	metrics_set_look(&health->set, health->app);
	metrics_set_queue(&health->set, rows, loop_wall_ms(health->app->loop));
	buf_init(&page, MAX_PAGE_BYTES);
	metrics_write(health->set.metrics, &page);
	http_request_reply(scrape->req, page.failed ? 500 : 200,
	        "text/plain; version=0.0.4; charset=utf-8", buf_str(&page));
	buf_finish(&page);
	free(scrape);
}

static void handle_depths(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct scrape *scrape = arg;

	scrape->tx = NULL;
	answer(scrape, err->kind == ERR_NONE ? results[0] : NULL);
}

static void handle_impatience(void *arg)
{
	answer(arg, NULL);
}

static void begin_scrape(struct health *health, struct http_request *req)
{
	struct scrape *scrape = xcalloc(1, sizeof(*scrape));

	scrape->health = health;
	scrape->req = req;
	list_add_tail(&health->scrapes, &scrape->link);
	timer_init(&scrape->patience, health->app->loop, handle_impatience, scrape);
	timer_start(&scrape->patience, DATABASE_MS);
	scrape->tx = store_tx_create(health->app->store);
	store_tx_add(scrape->tx, STMT_QUEUE_DEPTHS, "");
	store_tx_submit(scrape->tx, handle_depths, scrape);
}

static void handle_request(struct http_request *req, void *arg)
{
	struct health *health = arg;

	if (!str_equal(http_request_path(req), "/metrics")) {
		http_request_reply(req, 404, "text/plain", str_from("Not found.\n"));
	} else if (!str_equal(http_request_method(req), "GET")) {
		http_request_add_header(req, "Allow", "GET");
		http_request_reply(req, 405, "text/plain", str_from("GET alone.\n"));
	} else {
		begin_scrape(health, req);
	}
}

static bool listen_for_metrics(struct health *health, struct err *err)
{
	const struct config *config = health->app->config;
	const struct http_server_options options = {
	        .host = config->metrics.hostname,
	        .port = (uint16_t)config->metrics.port,
	        .max_body_bytes = MAX_BODY_BYTES,
	        .idle_timeout_s = IDLE_S,
	        .max_connections = MAX_CONNECTIONS,
	};

	if (!config->metrics.enabled) {
		return true;
	}
	health->server = http_server_create(
	        health->app->loop, &options, handle_request, health, err);
	return health->server != NULL;
}

/* ---------------------------------------------------------------- in a few words */

static void count_states(const struct health *health, unsigned counts[SOCKET_MODE_STATES])
{
	struct login *login;

	for (size_t i = 0; logins_next(health->app->logins, &i, &login);) {
		bool is_bad = credentials_trouble(login->credentials)[0] != '\0';
		counts[is_bad ? SM_BAD_CREDENTIALS : socket_mode_state(login->socket)]++;
	}
}

char *health_describe(const struct health *health)
{
	unsigned counts[SOCKET_MODE_STATES] = {0};
	autojson cJSON *body = json_new();
	cJSON *slack = json_new();

	count_states(health, counts);
	for (enum socket_mode_state state = 0; state <= SM_TOO_MANY; state++) {
		if (counts[state] > 0) {
			json_set_int(
			        slack, socket_mode_state_to_str(state), counts[state]);
		}
	}
	json_set(body, "slack", slack);
	return json_print(body);
}

/* ---------------------------------------------------------------- systemd */

static void tell_status(void *arg)
{
	struct health *health = arg;
	unsigned counts[SOCKET_MODE_STATES] = {0}, all = 0;

	count_states(health, counts);
	for (size_t i = 0; i <= SM_TOO_MANY; i++) {
		all += counts[i];
	}
	autofree char *text = xasprintf(
	        "STATUS=%u of %u workspaces connected", counts[SM_CONNECTED], all);
	if (sd_notify_send(text)) {
		timer_start(&health->status, STATUS_MS);
	}
}

static void feed_watchdog(void *arg)
{
	struct health *health = arg;

	sd_notify_send("WATCHDOG=1");
	timer_start(&health->watchdog, sd_notify_watchdog_ms() / 2);
}

void health_ready(struct health *health)
{
	sd_notify_send("READY=1");
	tell_status(health);
}

void health_stopping(struct health *health)
{
	timer_stop(&health->status);
	sd_notify_send("STOPPING=1\nSTATUS=stopping");
}

/* ---------------------------------------------------------------- life */

struct health *health_create(struct app *app, struct err *err)
{
	struct health *health = xcalloc(1, sizeof(*health));

	health->app = app;
	list_init(&health->scrapes);
	timer_init(&health->status, app->loop, tell_status, health);
	timer_init(&health->watchdog, app->loop, feed_watchdog, health);
	metrics_set_init(&health->set, app);
	if (!listen_for_metrics(health, err)) {
		health_destroy(&health);
		return NULL;
	}
	if (sd_notify_watchdog_ms() > 1) {
		timer_start(&health->watchdog, 0);
	}
	return health;
}

void health_destroy(struct health **health)
{
	if (*health == NULL) {
		return;
	}
	timer_stop(&(*health)->status);
	timer_stop(&(*health)->watchdog);
	list_for_each(it, &(*health)->scrapes)
	{
		struct scrape *scrape = container_of(it, struct scrape, link);
		list_del(it);
		timer_stop(&scrape->patience);
		store_tx_cancel(&scrape->tx);
		free(scrape); /* the server drops its request */
	}
	http_server_destroy(&(*health)->server);
	(*health)->app->slack_observer = NULL;
	matrix_set_observer((*health)->app->matrix, NULL, NULL);
	metrics_set_finish(&(*health)->set);
	free(*health);
	*health = NULL;
}
