#include "bridge/bridge.h"

#include "bridge/exit_codes.h"
#include "bridge/flow/app.h"
#include "bridge/flow/declared_login.h"
#include "bridge/flow/emoji_images.h"
#include "bridge/flow/files.h"
#include "bridge/flow/ghosts.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/matrix_door.h"
#include "bridge/flow/members.h"
#include "bridge/flow/poke.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/power.h"
#include "bridge/flow/profiles.h"
#include "bridge/flow/quarantine.h"
#include "bridge/flow/user_logins.h"
#include "bridge/flow/waiting.h"
#include "bridge/health/health.h"
#include "bridge/matrix/appservice.h"
#include "bridge/ops/crash.h"
#include "bridge/ops/public_media.h"
#include "bridge/ops/secrets.h"
#include "bridge/reload.h"
#include "bridge/start.h"
#include "bridge/stop.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <signal.h>
#include <stdlib.h>

enum {
	POKE_AFTER_REFUSAL_MS = 10000,
	/* So many requests may hang before others wait for them. */
	CONNECTIONS_PER_HOST = 32,
	/* Two connections differ by less than this on their way, and the loss of one is
	 * noticed within it. */
	HOLD_MS = 200,
};

struct bridge {
	struct app app;
	struct appservice *appservice;
	struct public_media *public_media; /* NULL unless enabled */
	struct health *health;
	struct start *start;
	struct poke *poke;
	struct stop *stop;     /* NULL: nobody has asked for the end */
	struct config *config; /* the app's */
	const char *config_path;
	const char *crash_path;        /* NULL: nothing there is to be counted */
	struct quarantine *quarantine; /* while it counts */
	bool ready;
	int exit_code;
};

static void stop(struct bridge *bridge, int exit_code)
{
	bridge->exit_code = exit_code;
	loop_stop(bridge->app.loop);
}

static void handle_stopped(void *arg)
{
	stop(arg, EXIT_OK);
}

/* A second one is impatience: what is under way is parked. */
static void handle_signal(int signum, void *arg)
{
	struct bridge *bridge = arg;

	if (bridge->stop != NULL) {
		log_info("stopping at once", "signal=%d", signum);
		stop(bridge, EXIT_OK);
		return;
	}
	REQ("OPS-04");
	log_info("stopping", "signal=%d", signum);
	bridge->ready = false;
	health_stopping(bridge->health);
	start_destroy(&bridge->start);
	poke_destroy(&bridge->poke);
	bridge->stop =
	        stop_begin(&bridge->app, bridge->appservice, handle_stopped, bridge);
}

static void handle_hangup(int signum, void *arg)
{
	const struct bridge *bridge = arg;

	(void)signum;
	reload(bridge->config, bridge->config_path);
}

/* ---------------------------------------------------------------- the homeserver's side
 */

static void handle_transaction(
        struct appservice_txn *txn, const char *txn_id, const cJSON *events, void *arg)
{
	struct bridge *bridge = arg;
	(void)txn_id; /* every event has a key of its own */
	matrix_door_transaction(&bridge->app, txn, events);
}

static bool is_ready(void *arg)
{
	const struct bridge *bridge = arg;
	return bridge->ready;
}

static void handle_refused(void *arg)
{
	struct bridge *bridge = arg;
	if (bridge->poke != NULL) { /* not while stopping */
		poke_soon(bridge->poke, POKE_AFTER_REFUSAL_MS);
	}
}

static bool handle_other(struct http_request *req, void *arg)
{
	struct bridge *bridge = arg;
	return bridge->public_media != NULL &&
	       public_media_take(bridge->public_media, req);
}

static char *describe(void *arg)
{
	const struct bridge *bridge = arg;
	return bridge->health == NULL ? NULL : health_describe(bridge->health);
}

static const struct appservice_handlers appservice_handlers = {
        .transaction = handle_transaction,
        .ready = is_ready,
        .describe = describe,
        .refused = handle_refused,
        .other = handle_other,
};

static void handle_started(int exit_code, void *arg)
{
	struct bridge *bridge = arg;

	start_destroy(&bridge->start);
	if (exit_code != 0) {
		stop(bridge, exit_code);
		return;
	}
	bridge->ready = true;
	log_info("Bridge started", "bot=%s", matrix_bot_mxid(bridge->app.matrix));
	if (logins_count(bridge->app.logins) == 0) {
		REQ("CRASH-02");
		log_info(
		        "no Slack login yet: waiting for somebody to say \"login app\" to the bot",
		        "bot=%s", matrix_bot_mxid(bridge->app.matrix));
	}
	queue_start(bridge->app.queue);
	waiting_start(bridge->app.waiting);
	declared_logins_begin(&bridge->app);
	poke_soon(bridge->poke, 0);
}

/* ---------------------------------------------------------------- opening, in order */

static void listen_for_homeserver(struct bridge *bridge)
{
	const struct config *config = bridge->app.config;
	struct err err;

	bridge->appservice = appservice_create(bridge->app.loop,
	        config->appservice.hostname, (uint16_t)config->appservice.port,
	        config->appservice.hs_token, &appservice_handlers, bridge, &err);
	if (bridge->appservice == NULL) {
		/* As mautrix bridges: said, and found out by the ping. */
		log_error("cannot listen for the homeserver",
		        "hostname=%s port=%ld error=\"%s\"", config->appservice.hostname,
		        config->appservice.port, err.msg);
	}
}

static void handle_logins(const struct err *err, void *arg)
{
	struct bridge *bridge = arg;

	if (bridge->stop != NULL) {
		return;
	}
	if (err->kind != ERR_NONE) {
		log_fatal("cannot read the logins", "error=\"%s\"", err->msg);
		stop(bridge, EXIT_DATABASE_CONNECT);
		return;
	}
	/* The homeserver may be away for long; that is no reason to be stopped. */
	health_ready(bridge->health);
	REQ("AUTH-03");
	bridge->start = start_begin(&bridge->app, handle_started, bridge);
}

static void handle_users(const struct err *err, void *arg)
{
	struct bridge *bridge = arg;

	if (err->kind != ERR_NONE) {
		handle_logins(err, bridge);
		return;
	}
	logins_load(bridge->app.logins, handle_logins, bridge);
}

/* The portals are known, and what crashed the last run: now events may come in. Slack
 * connects as soon as its logins are known, whether or not the homeserver is there, for
 * its events are kept until it is. */
static void open_doors(struct bridge *bridge)
{
	listen_for_homeserver(bridge);
	/* The apps' after them: with those events begin to come in. */
	user_logins_load(bridge->app.users, handle_users, bridge);
}

static void handle_crash_counted(const struct err *err, void *arg)
{
	struct bridge *bridge = arg;

	bridge->quarantine = NULL;
	if (bridge->stop != NULL) {
		return;
	}
	if (err->kind != ERR_NONE) {
		log_error(
		        "the last crash could not be counted", "error=\"%s\"", err->msg);
	} else if (bridge->crash_path != NULL) {
		crash_settle(bridge->crash_path);
	}
	open_doors(bridge);
}

/* Before anything is taken in or worked on: what crashed the last run must not crash this
 * one for ever. */
static void count_crash(struct bridge *bridge)
{
	struct crash_report report = {0};

	if (bridge->crash_path != NULL && crash_read(bridge->crash_path, &report)) {
		log_error("the previous run crashed",
		        "signal=%s version=%s event=\"%s\" source=\"%s\" job=%lld "
		        "where=\"%s\" report=%s",
		        report.signal, report.version, report.event, report.source,
		        (long long)report.job, report.where, bridge->crash_path);
	}
	const struct quarantine_crash crash = {report.job, report.source, report.event};
	bridge->quarantine =
	        quarantine_begin(&bridge->app, &crash, handle_crash_counted, bridge);
}

static void handle_portals(const struct err *err, void *arg)
{
	struct bridge *bridge = arg;

	if (bridge->stop != NULL) {
		return;
	}
	if (err->kind != ERR_NONE) {
		log_fatal("cannot read the portals", "error=\"%s\"", err->msg);
		stop(bridge, EXIT_DATABASE_CONNECT);
		return;
	}
	/* Not before: a transaction's events are sorted by the portals. */
	count_crash(bridge);
}

/* The same deployment jitters the same way each time, two deployments differently. */
static uint64_t seed_of(const struct config *config)
{
	uint64_t seed = 0;
	for (const char *p = config->appservice.as_token; *p != '\0'; p++) {
		seed = seed * 31 + (unsigned char)*p;
	}
	return seed;
}

/* What cannot fail, in the order in which one asks the other. */
static void make_parts(struct bridge *bridge, const struct config *config)
{
	struct app *app = &bridge->app;
	const bool has_public_media = config->public_media.enabled;
	const struct http_client_options http = {
	        .user_agent = "matrix-slack-bridge/" VERSION,
	        .ca_file = config->slack.ca_file,
	        /* Pictures that strangers ask for, perhaps from a slow server, do not
	         * keep messages waiting. */
	        .max_per_host = CONNECTIONS_PER_HOST +
	                        (has_public_media ? PUBLIC_MEDIA_MAX_FETCHES : 0),
	};

	app->http = http_client_create(app->loop, &http);
	app->matrix = matrix_create(app->loop, app->http, config->homeserver.address,
	        config->homeserver.domain, config->appservice.as_token,
	        config->appservice.bot_username);
	if (has_public_media) {
		bridge->public_media = public_media_create(app->matrix, config);
	}
	app->queue = queue_create(app->loop, app->store, all_flows, app, app->seed);
	if (config->slack.max_connections > 1) {
		queue_set_hold(app->queue, HOLD_MS);
	}
	app->waiting = waiting_create(app);
	app->files = files_create(app);
	app->emoji_images = emoji_images_create(app);
	app->logins = logins_create(app);
	app->users = user_logins_create(app);
	app->portals = portals_create(app);
	app->ghosts = ghosts_create(app);
	app->members = members_create(app);
	app->power = power_create(app);
	app->unknown = map_create();
	app->profiles = profiles_create(app->loop);
	bridge->poke = poke_create(app);
}

static int open_parts(struct bridge *bridge, const struct config *config)
{
	struct app *app = &bridge->app;
	struct err err;

	app->config = config;
	app->seed = seed_of(config);
	snprintf(app->life, sizeof(app->life), "%lld-%ld",
	        (long long)loop_wall_ms(app->loop), (long)getpid());
	app->secrets = secrets_create(config->database.key_file, &err);
	if (app->secrets == NULL) {
		log_fatal("database.key_file cannot be used", "error=\"%s\"", err.msg);
		return EXIT_CONFIG_INVALID;
	}
	app->store =
	        store_open(app->loop, config->database.type, config->database.uri, &err);
	if (app->store == NULL) {
		log_fatal(err.code == STORE_BAD_SCHEMA
		                  ? "Failed to upgrade database"
		                  : "Failed to initialize database connection",
		        "error=\"%s\"", err.msg);
		return err.code == STORE_BAD_SCHEMA ? EXIT_DATABASE_SCHEMA
		                                    : EXIT_DATABASE_CONNECT;
	}
	app->ws = ws_context_create(app->loop, config->slack.ca_file, &err);
	if (app->ws == NULL) {
		REQ("SEC-07");
		log_fatal("cannot set up TLS for Slack", "error=\"%s\"", err.msg);
		return EXIT_GENERAL;
	}
	make_parts(bridge, config);
	bridge->health = health_create(app, &err);
	if (bridge->health == NULL) {
		log_fatal("cannot listen for those who ask for metrics",
		        "hostname=%s port=%ld error=\"%s\"", config->metrics.hostname,
		        config->metrics.port, err.msg);
		return EXIT_GENERAL;
	}
	return 0;
}

/* What asks goes before what is asked; the database last, with what was promised. */
static void close_parts(struct bridge *bridge)
{
	struct app *app = &bridge->app;

	stop_destroy(&bridge->stop);
	quarantine_cancel(&bridge->quarantine);
	cJSON_Delete(app->poison);
	app->poison = NULL;
	start_destroy(&bridge->start);
	poke_destroy(&bridge->poke);
	public_media_destroy(&bridge->public_media);
	health_destroy(&bridge->health);
	waiting_destroy(&app->waiting);
	queue_destroy(&app->queue);
	portals_destroy(&app->portals);
	ghosts_destroy(&app->ghosts);
	profiles_destroy(&app->profiles);
	members_destroy(&app->members);
	power_destroy(&app->power);
	map_destroy(&app->unknown, NULL);
	user_logins_destroy(&app->users);
	logins_destroy(&app->logins);
	emoji_images_destroy(&app->emoji_images);
	files_destroy(&app->files);
	store_close(&app->store);
	secrets_destroy(&app->secrets);
	appservice_destroy(&bridge->appservice);
	matrix_destroy(&app->matrix);
	http_client_destroy(&app->http);
	ws_context_destroy(&app->ws);
}

int bridge_run(struct config *config, const char *config_path, const char *crash_path)
{
	struct bridge *bridge = xcalloc(1, sizeof(*bridge));

	bridge->crash_path = crash_path;
	bridge->config = config;
	bridge->config_path = config_path;
	bridge->app.loop = loop_create();
	loop_on_signal(bridge->app.loop, SIGTERM, handle_signal, bridge);
	loop_on_signal(bridge->app.loop, SIGINT, handle_signal, bridge);
	loop_on_signal(bridge->app.loop, SIGHUP, handle_hangup, bridge);
	bridge->exit_code = open_parts(bridge, config);
	if (bridge->exit_code == 0) {
		portals_load(bridge->app.portals, handle_portals, bridge);
		loop_run(bridge->app.loop);
	}
	close_parts(bridge);
	loop_destroy(&bridge->app.loop);

	int exit_code = bridge->exit_code;
	free(bridge);
	return exit_code;
}
