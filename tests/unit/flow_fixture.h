/* flow_fixture: the daemon's flows, doors and database against one scripted server that
 * is Slack and homeserver at once, under a virtual clock. Slack's WebSocket is never
 * there: its envelopes are handed to the door as they are. */
#ifndef TESTS_UNIT_FLOW_FIXTURE_H
#define TESTS_UNIT_FLOW_FIXTURE_H

#include "scripted_server.h"

#include "bridge/flow/app.h"
#include "bridge/flow/files.h"
#include "bridge/flow/ghosts.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/matrix_door.h"
#include "bridge/flow/members.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/power.h"
#include "bridge/flow/profiles.h"
#include "bridge/flow/slack_door.h"
#include "bridge/flow/user_logins.h"
#include "bridge/matrix/appservice.h"
#include "bridge/ops/secrets.h"
#include "lib/log.h"
#include "lib/map.h"

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#define BOT "@slackbot:x.org"
#define BOB "@bob:x.org"
#define EVE "@eve:elsewhere.org"    /* level: relay */
#define MALLORY "@mallory:evil.org" /* level: block */
#define PORTAL_ROOM "!made1:x.org"
#define DM "!dm:x.org"
#define XOXB "xoxb-1-very-secret"
#define XAPP "xapp-1-very-secret"

struct world {
	struct loop *loop;
	struct script script;
	struct config *config;
	struct app app;
	struct appservice *appservice;
	char path[64];
	const char *permissions; /* YAML flow map */
	const char *username_template;
	unsigned rooms;  /* made by createRoom */
	unsigned events; /* brought in */
	int txn_status;  /* of the last transaction */
	struct http_req *txn;
};

/* ---------------------------------------------------------------- the other side */

static inline char *plausible_answer(struct world *world, const char *path)
{
	static const struct {
		const char *ending, *body;
	} plain[] = {
	        {"/auth.test",
	                "{\"ok\":true,\"team_id\":\"T1\",\"team\":\"Team\",\"url\":"
	                "\"https://team.slack.com/\",\"user_id\":\"UBOT\",\"bot_id\":\"BBOT\"}"},
	        {"/apps.connections.open",
	                "{\"ok\":true,\"url\":\"ws://127.0.0.1:1/x\"}"},
	        {"/conversations.info",
	                "{\"ok\":true,\"channel\":{\"id\":\"C1\",\"name\":"
	                "\"general\",\"is_member\":true}}"},
	        {"/conversations.history", "{\"ok\":true,\"messages\":[]}"},
	        {"/users.conversations", "{\"ok\":true,\"channels\":[]}"},
	        {"/emoji.list", "{\"ok\":true,\"emoji\":{}}"},
	        {"/usergroups.list", "{\"ok\":true,\"usergroups\":[]}"},
	        {"/users.info",
	                "{\"ok\":true,\"user\":{\"id\":\"U1\",\"name\":\"alice\"}}"},
	        {"/bots.info",
	                "{\"ok\":true,\"bot\":{\"id\":\"B2\",\"name\":\"robot\"}}"},
	        {"/chat.postMessage", "{\"ok\":true,\"ts\":\"1700000001.000100\"}"},
	        {"/joined_rooms", "{\"joined_rooms\":[]}"},
	        {"/joined_members",
	                "{\"joined\":{\"@slackbot:x.org\":{},\"@bob:x.org\":{}}}"},
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (str_ends(path, plain[i].ending)) {
			return xstrdup(plain[i].body);
		}
	}
	if (str_ends(path, "/createRoom")) {
		return xasprintf("{\"room_id\":\"!made%u:x.org\"}", ++world->rooms);
	}
	if (strstr(path, "/send/") != NULL) {
		return xasprintf("{\"event_id\":\"$%s\"}", strrchr(path, '/') + 1);
	}
	return xstrdup("{}");
}

static inline void answer_plausibly(struct http_request *req, void *arg)
{
	struct world *world = arg;
	autofree char *body = plausible_answer(world, http_request_path(req));

	http_request_reply_json(req, 200, body);
}

/* ---------------------------------------------------------------- time */

/* A turn's commits are no callbacks of the loop, so a quiet turn may have moved things.
 */
static inline void settle(struct world *world)
{
	for (int i = 0; i < 60; i++) {
		loop_drain(world->loop);
	}
}

static inline void pass(struct world *world, int64_t ms)
{
	int64_t end_us = loop_now_us(world->loop) + ms * 1000;

	settle(world);
	while (loop_next_due_us(world->loop) <= end_us) {
		int64_t due_us = loop_next_due_us(world->loop);
		int64_t now_us = loop_now_us(world->loop);
		loop_advance_to_us(world->loop, due_us > now_us ? due_us : now_us);
		settle(world);
	}
	loop_advance_to_us(world->loop, end_us);
	settle(world);
}

/* ---------------------------------------------------------------- our side */

static inline void take_transaction(
        struct appservice_txn *txn, const char *txn_id, const cJSON *events, void *arg)
{
	struct world *world = arg;
	(void)txn_id;
	matrix_door_transaction(&world->app, txn, events);
}

static const struct appservice_handlers world_appservice_handlers = {
        .transaction = take_transaction,
};

static inline void load_config(struct world *world)
{
	struct config_problems problems = {0};
	struct err err;
	autofree char *url = script_url(&world->script, "");
	autofree char *text =
	        xasprintf("homeserver: {address: '%s', domain: x.org}\n"
	                  "database: {type: sqlite3-fk-wal, uri: 'file:%s'}\n"
	                  "appservice: {as_token: secret-as, hs_token: secret-hs, "
	                  "username_template: '%s'}\n"
	                  "network: {api_url: '%s/api/'}\n"
	                  "bridge:\n    permissions: %s\n",
	                url, world->path,
	                world->username_template == NULL ? "slack_{{.}}"
	                                                 : world->username_template,
	                url, world->permissions);

	world->config = config_load_text("world.yaml", str_from(text), &problems, &err);
	if (world->config == NULL) {
		config_problems_write(&problems, stderr);
	}
	assert_non_null(world->config);
	config_problems_finish(&problems);
}

static inline void open_world(struct world *world)
{
	const struct http_client_options http = {.user_agent = "test"};
	struct app *app = &world->app;
	struct err err;

	*app = (struct app){.loop = world->loop, .config = world->config, .seed = 1};
	app->secrets = secrets_create(NULL, &err);
	app->store = store_open(app->loop, "sqlite3-fk-wal", world->path, &err);
	app->ws = ws_context_create(app->loop, NULL, &err);
	app->http = http_client_create(app->loop, &http);
	app->matrix = matrix_create(app->loop, app->http,
	        world->config->homeserver.address, "x.org", "secret-as", "slackbot");
	app->queue = queue_create(app->loop, app->store, all_flows, app, 1);
	app->logins = logins_create(app);
	app->users = user_logins_create(app);
	app->portals = portals_create(app);
	app->ghosts = ghosts_create(app);
	app->members = members_create(app);
	app->power = power_create(app);
	app->unknown = map_create();
	app->profiles = profiles_create(app->loop);
	app->files = files_create(app);
	world->appservice = appservice_create(app->loop, "127.0.0.1", 0, "secret-hs",
	        &world_appservice_handlers, world, &err);
	assert_non_null(world->appservice);
}

static inline void ignore_ready(const struct err *err, void *arg)
{
	(void)arg;
	assert_int_equal(err->kind, ERR_NONE);
}

static inline void start_world(struct world *world)
{
	open_world(world);
	portals_load(world->app.portals, ignore_ready, NULL);
	logins_load(world->app.logins, ignore_ready, NULL);
	settle(world);
	queue_start(world->app.queue);
	settle(world);
}

static inline void close_world(struct world *world)
{
	struct app *app = &world->app;

	http_req_cancel(&world->txn);
	queue_destroy(&app->queue);
	portals_destroy(&app->portals);
	ghosts_destroy(&app->ghosts);
	profiles_destroy(&app->profiles);
	members_destroy(&app->members);
	power_destroy(&app->power);
	map_destroy(&app->unknown, NULL);
	user_logins_destroy(&app->users);
	logins_destroy(&app->logins);
	files_destroy(&app->files);
	store_close(&app->store);
	secrets_destroy(&app->secrets);
	appservice_destroy(&world->appservice);
	matrix_destroy(&app->matrix);
	http_client_destroy(&app->http);
	ws_context_destroy(&app->ws);
}

static inline void restart_world(struct world *world)
{
	close_world(world);
	start_world(world);
}

static inline int set_up_without_start(void **state)
{
	static unsigned worlds;
	struct world *world = xcalloc(1, sizeof(*world));

	log_reset();
	snprintf(world->path, sizeof(world->path), "/tmp/msb-test-flow-%d-%u.db",
	        (int)getpid(), worlds++);
	unlink(world->path);
	world->permissions = "{x.org: user, elsewhere.org: relay, '@ann:x.org': admin}";
	world->loop = loop_create();
	loop_use_virtual_clock(world->loop, INT64_C(1767225600000));
	script_open(&world->script, world->loop);
	world->script.otherwise.how = CUSTOM;
	world->script.custom = answer_plausibly;
	world->script.custom_arg = world;
	*state = world;
	return 0;
}

static inline int set_up(void **state)
{
	set_up_without_start(state);
	load_config(*state);
	start_world(*state);
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *world = *state;
	static const char *const endings[] = {"", "-wal", "-shm"};

	close_world(world);
	script_close(&world->script);
	config_free(&world->config);
	loop_destroy(&world->loop);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		autofree char *path = xasprintf("%s%s", world->path, endings[i]);
		unlink(path);
	}
	free(world);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---------------------------------------------------------------- what happens */

static inline void log_in_as(struct world *world, const char *owner)
{
	struct store_tx *tx = store_tx_create(world->app.store);

	store_tx_add(tx, STMT_LOGIN_PUT, "sssssssssisis", "T1", "Team", "team", "",
	        "UBOT", "BBOT", owner, XOXB, XAPP, (int64_t)1, "", (int64_t)0, "");
	store_tx_submit(tx, NULL, NULL);
	logins_load(world->app.logins, NULL, NULL);
	settle(world);
}

/* An event as Slack sends it: the inner event's members, without the braces. */
static inline void slack_event(struct world *world, const char *inner)
{
	autofree char *text =
	        xasprintf("{\"event_id\":\"Ev%u\",\"team_id\":\"T1\",\"event\":{%s}}",
	                ++world->events, inner);
	autojson cJSON *payload = json_parse(str_from(text), NULL);
	const struct slack_envelope envelope = {
	        .conn = 1,
	        .envelope_id = "e1",
	        .type = "events_api",
	        .retry_reason = "",
	        .payload = payload,
	};

	assert_non_null(payload);
	slack_door_envelope(logins_by_team(world->app.logins, "T1"), &envelope);
}

/* alice (U1) says something in #general (C1). */
static inline void slack_says(struct world *world, const char *ts, const char *text)
{
	autojson cJSON *inner = json_new();

	json_set_str(inner, "type", "message");
	json_set_str(inner, "channel", "C1");
	json_set_str(inner, "user", "U1");
	json_set_str(inner, "ts", ts);
	json_set_str(inner, "text", text);
	autofree char *printed = json_print(inner);
	printed[strlen(printed) - 1] = '\0';
	slack_event(world, printed + 1);
}

static inline void keep_txn_status(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct world *world = arg;

	(void)err;
	world->txn = NULL;
	world->txn_status = reply == NULL ? 0 : reply->status;
}

/* Takes events, an array: as one transaction of the homeserver. */
static inline void push(struct world *world, cJSON *events)
{
	autojson cJSON *body = json_set(json_new(), "events", events);
	autofree char *text = json_print(body);
	autofree char *url = xasprintf(
	        "http://127.0.0.1:%u/_matrix/app/v1/transactions/t%u?access_token=secret-hs",
	        (unsigned)appservice_port(world->appservice), ++world->events);

	assert_null(world->txn);
	world->txn_status = -1;
	world->txn = http_req_create(world->app.http, "PUT", url);
	http_req_set_body(world->txn, "application/json", str_from(text));
	http_req_start(world->txn, keep_txn_status, world);
	settle(world);
}

/* Takes content. Its event ID is "$e<number>", counted with world->events. */
static inline cJSON *matrix_event(struct world *world, const char *room,
        const char *sender, const char *type, cJSON *content)
{
	cJSON *event = json_new();
	autofree char *id = xasprintf("$e%u", ++world->events);

	json_set_str(event, "event_id", id);
	json_set_str(event, "room_id", room);
	json_set_str(event, "sender", sender);
	json_set_str(event, "type", type);
	return json_set(event, "content", content);
}

static inline void push_one(struct world *world, cJSON *event)
{
	cJSON *events = cJSON_CreateArray();

	cJSON_AddItemToArray(events, event);
	push(world, events);
}

static inline void matrix_says_as(struct world *world, const char *room,
        const char *sender, const char *msgtype, const char *body)
{
	cJSON *content = json_set_str(json_new(), "msgtype", msgtype);

	json_set_str(content, "body", body);
	push_one(world, matrix_event(world, room, sender, "m.room.message", content));
}

static inline void matrix_says(
        struct world *world, const char *room, const char *sender, const char *body)
{
	matrix_says_as(world, room, sender, "m.text", body);
}

static inline void matrix_invites(
        struct world *world, const char *room, const char *sender)
{
	cJSON *event = matrix_event(world, room, sender, "m.room.member",
	        json_set_str(json_new(), "membership", "invite"));

	push_one(world, json_set_str(event, "state_key", BOT));
}

/* ---------------------------------------------------------------- what came of it */

static char nothing[] = "";
static const struct asked not_asked = {
        .path = nothing, .body = nothing, .authorization = nothing};

/* The n-th request (from 0) whose path holds this text, or &not_asked. */
static inline const struct asked *nth(
        const struct world *world, const char *in_path, size_t n)
{
	for (size_t i = 0; i < world->script.asked_count; i++) {
		const struct asked *asked = &world->script.asked[i];
		if (strstr(asked->path, in_path) != NULL && n-- == 0) {
			return asked;
		}
	}
	return &not_asked;
}

static inline size_t count(const struct world *world, const char *in_path)
{
	size_t n = 0;

	while (nth(world, in_path, n) != &not_asked) {
		n++;
	}
	return n;
}

/* The body of the n-th message sent into a room ("%21dm%3Ax.org"). Caller frees. */
static inline char *sent_text(const struct world *world, const char *room, size_t n)
{
	autofree char *encoded = url_encode(room);
	autofree char *path = xasprintf("/rooms/%s/send/m.room.message/", encoded);
	const struct asked *asked = nth(world, path, n);

	if (asked == &not_asked) {
		return xstrdup("(nothing was sent)");
	}
	autojson cJSON *content = json_parse(str_from(asked->body), NULL);
	return xstrdup(json_str_or(content, "body", "(no body)"));
}

static inline void assert_says(
        const struct world *world, const char *room, size_t n, const char *part)
{
	autofree char *text = sent_text(world, room, n);

	if (strstr(text, part) == NULL) {
		fail_msg("message %zu in %s is \"%.300s\", without \"%s\"", n, room, text,
		        part);
	}
}

static inline size_t said(const struct world *world, const char *room)
{
	autofree char *encoded = url_encode(room);
	autofree char *path = xasprintf("/rooms/%s/send/m.room.message/", encoded);

	return count(world, path);
}

/* A text in the database, "(none)" without a row. Caller frees. */
static inline char *ask_database(const struct world *world, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	char *text = NULL;

	assert_int_equal(sqlite3_open(world->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		const void *cell = sqlite3_column_text(stmt, 0);
		text = cell == NULL ? xstrdup("(null)") : xstrdup(cell);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return text == NULL ? xstrdup("(none)") : text;
}

static inline void assert_database(
        const struct world *world, const char *sql, const char *expected)
{
	autofree char *found = ask_database(world, sql);
	assert_string_equal(found, expected);
}

/* bob logs in, and #general gets its portal. */
static inline void open_portal(struct world *world)
{
	log_in_as(world, BOB);
	slack_event(world, "\"type\":\"member_joined_channel\",\"user\":\"UBOT\","
	                   "\"channel\":\"C1\"");
	settle(world);
	assert_non_null(portals_by_room(world->app.portals, PORTAL_ROOM));
}

#endif
