#include "tests/bench/bench_world.h"

#include "bridge/store/store.h"
#include "lib/http_client.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "tests/bench/bench_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTLE_MS = 20000, ROWS_PER_TX = 500 };

#define TEAM "T0SIMTEAM0"
#define BOT_MXID "@slackbot:sim.test"

/* ---------------------------------------------------------------- time passes */

struct running {
	bool is_over;
	struct timer timer;
};

static void handle_over(void *arg)
{
	struct running *running = arg;
	running->is_over = true;
}

bool bench_run(struct loop *loop, int64_t for_ms, bool (*done)(void *arg), void *arg)
{
	struct running running = {0};
	bool ok = false;

	timer_init(&running.timer, loop, handle_over, &running);
	timer_start(&running.timer, for_ms);
	while (!running.is_over && !ok) {
		loop_turn(loop, true);
		ok = done != NULL && done(arg);
	}
	timer_stop(&running.timer);
	return ok || done == NULL;
}

/* ---------------------------------------------------------------- the simulators */

static void hear(struct bench_world *world, enum bench_side side, const cJSON *record)
{
	if (world->heard != NULL) {
		world->heard(side, record, world->heard_arg);
	}
}

static void handle_slack(const cJSON *record, void *arg)
{
	hear(arg, BENCH_SLACK, record);
}

static void handle_matrix(const cJSON *record, void *arg)
{
	hear(arg, BENCH_MATRIX, record);
}

static cJSON *say(const struct verb *verbs, void *sim, const char *verb, const char *args)
{
	autojson cJSON *object = json_parse(str_from(args), NULL);
	cJSON *result = NULL;
	struct err err = ERR_INIT;

	if (!verb_run(verbs, verb, sim, object, &result, &err)) {
		bench_die(verb, err.msg);
	}
	return result;
}

void bench_say_slack(struct bench_world *world, const char *verb, const char *args)
{
	cJSON_Delete(say(sim_slack_verbs, world->slack, verb, args));
}

void bench_say_matrix(struct bench_world *world, const char *verb, const char *args)
{
	cJSON_Delete(say(sim_matrix_verbs, world->matrix, verb, args));
}

void bench_post(
        struct bench_world *world, enum bench_side side, size_t room, const char *text)
{
	bool on_slack = side == BENCH_SLACK;
	autojson cJSON *args = json_new();
	cJSON *result = NULL;
	struct err err = ERR_INIT;

	json_set_str(args, "as", on_slack ? "alice" : "bob");
	json_set_str(args, "in",
	        on_slack ? world->rooms[room].channel : world->rooms[room].room_id);
	json_set_str(args, "text", text);
	if (!verb_run(on_slack ? sim_slack_verbs : sim_matrix_verbs, "post",
	            on_slack ? (void *)world->slack : (void *)world->matrix, args,
	            &result, &err)) {
		bench_die("post", err.msg);
	}
	cJSON_Delete(result);
}

static void start_simulators(struct bench_world *world)
{
	const struct sim_slack_options slack = {
	        .seed = 1, .tap = handle_slack, .tap_arg = world};
	const struct sim_matrix_options matrix = {
	        .seed = 1, .tap = handle_matrix, .tap_arg = world};
	struct err err = ERR_INIT;

	world->slack = sim_slack_create(world->loop, &slack, &err);
	world->matrix = sim_matrix_create(world->loop, &matrix, &err);
	if (world->slack == NULL || world->matrix == NULL) {
		bench_die("simulators", err.msg);
	}
	/* What is measured is the bridge, not Slack's patience. */
	bench_say_slack(world, "knob", "{\"name\":\"tiers\",\"value\":false}");
	bench_say_slack(world, "knob", "{\"name\":\"events_per_hour\",\"value\":0}");
	bench_say_slack(world, "knob", "{\"name\":\"event_delay\",\"value\":0}");
	autojson cJSON *tokens = say(sim_slack_verbs, world->slack, "tokens", "{}");
	world->bot_token = xstrdup(json_str(tokens, "bot"));
	world->app_token = xstrdup(json_str(tokens, "app"));
}

/* ---------------------------------------------------------------- rooms */

struct making {
	struct bench_world *world;
	struct http_client *http;
	size_t made;
};

static void make_room(struct making *making);

static void handle_made(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct making *making = arg;

	if (reply == NULL || reply->status != 200) {
		bench_die("createRoom", reply == NULL ? err->msg : reply->body.p);
	}
	autojson cJSON *answer = json_parse(reply->body, NULL);
	making->world->rooms[making->made++].room_id =
	        xstrdup(json_str(answer, "room_id"));
	if (making->made < making->world->options->rooms) {
		make_room(making);
	}
}

/* As the bot's, open to ghosts and people. */
static void make_room(struct making *making)
{
	struct bench_world *world = making->world;
	autofree char *url =
	        xasprintf("%s/_matrix/client/v3/createRoom?user_id=" BOT_MXID,
	                sim_matrix_url(world->matrix));
	autofree char *bearer = xasprintf("Bearer %s", world->setup.as_token);
	struct http_req *req = http_req_create(making->http, "POST", url);

	http_req_set_header(req, "Authorization", bearer);
	http_req_set_body(req, "application/json",
	        str_from("{\"preset\":\"public_chat\",\"invite\":[\"@bob:sim.test\"]}"));
	http_req_start(req, handle_made, making);
}

static bool all_made(void *arg)
{
	const struct making *making = arg;
	return making->made == making->world->options->rooms;
}

static void make_channels(struct bench_world *world)
{
	/* Nobody listens yet, and what befell meanwhile is not to come later. */
	bench_say_slack(world, "app",
	        "{\"unsubscribe\":[\"member_joined_channel\",\"channel_created\","
	        "\"message.channels\"]}");
	for (size_t i = 0; i < world->options->rooms; i++) {
		struct bench_room *room = &world->rooms[i];
		room->name = xasprintf("bench%zu", i);
		autofree char *make = xasprintf("{\"name\":\"%s\"}", room->name);
		autofree char *invite =
		        xasprintf("{\"in\":\"%s\",\"bot\":true}", room->name);
		autojson cJSON *made =
		        say(sim_slack_verbs, world->slack, "create_channel", make);
		room->channel = xstrdup(json_str(made, "id"));
		bench_say_slack(world, "invite", invite);
	}
	bench_say_slack(world, "app", "{\"subscribe\":[\"message.channels\"]}");
}

static void make_rooms(struct bench_world *world)
{
	const struct http_client_options http = {.user_agent = "bench"};
	struct making making = {.world = world};
	autojson cJSON *registration = json_new();

	world->rooms = xcalloc(world->options->rooms + 1, sizeof(*world->rooms));
	make_channels(world);
	bench_say_matrix(
	        world, "register_user", "{\"name\":\"bob\",\"auto_accept\":true}");
	json_set_str(registration, "yaml", world->setup.registration);
	autofree char *text = json_print(registration);
	bench_say_matrix(world, "register_appservice", text);
	making.http = http_client_create(world->loop, &http);
	if (world->options->rooms > 0) {
		make_room(&making);
		if (!bench_run(world->loop, SETTLE_MS, all_made, &making)) {
			bench_die("rooms", "not made in time");
		}
	}
	http_client_destroy(&making.http);
}

/* ---------------------------------------------------------------- the database */

static const char *driver_of(const struct bench_world *world)
{
	return str_equal(world->options->database, "sqlite") ? "sqlite3-fk-wal"
	                                                     : world->options->database;
}

static void open_database(struct bench_world *world)
{
	struct err err = ERR_INIT;

	if (!str_equal(world->options->database, "postgres")) {
		world->database_uri = xasprintf(
		        "file:%s/bridge.db?_txlock=immediate", world->setup.dir);
		return;
	}
	autofree char *name = xasprintf("pg%p", (void *)world);
	autofree char *dir = setup_shared_folder(name);
	world->postgres = pgserver_create_durable(dir, &err);
	if (world->postgres == NULL ||
	        !pgserver_run(pgserver_socket(world->postgres), "postgres",
	                "CREATE DATABASE bench TEMPLATE template0", &err)) {
		bench_die("PostgreSQL", err.msg);
	}
	world->database_uri = xasprintf(
	        "postgres://bridge@/bench?host=%s", pgserver_socket(world->postgres));
}

struct filling {
	struct store *store;
	struct store_tx *tx;
	bool done;
};

static void handle_filled(const struct err *err, void *arg)
{
	struct filling *filling = arg;

	if (err->kind != ERR_NONE) {
		bench_die("filling the database", err->msg);
	}
	filling->done = true;
}

static bool is_filled(void *arg)
{
	const struct filling *filling = arg;
	return filling->done;
}

/* A row more; a transaction is not for thousands. */
static struct store_tx *row(struct filling *filling)
{
	if (filling->tx != NULL && store_tx_count(filling->tx) >= ROWS_PER_TX) {
		store_tx_submit(filling->tx, NULL, NULL);
		filling->tx = NULL;
	}
	if (filling->tx == NULL) {
		filling->tx = store_tx_create(filling->store);
	}
	return filling->tx;
}

static void add_portal(
        struct filling *filling, const char *channel, const char *room, const char *name)
{
	store_tx_add(row(filling), STMT_PORTAL_PUT, "ssssssis", TEAM, channel, room, name,
	        "channel", "open", (int64_t)1700000000000, "");
}

static void add_rows(struct bench_world *world, struct filling *filling)
{
	const struct bench_world_options *options = world->options;

	store_tx_add(row(filling), STMT_LOGIN_PUT, "sssssssssisis", TEAM, "Sim Team",
	        "sim-team", "A0SIMAPP00", "U0SIMBOT00", "B0SIMBOT00", "@bob:sim.test",
	        world->bot_token, world->app_token, (int64_t)1700000000000, "",
	        (int64_t)0, "");
	for (size_t i = 0; i < options->rooms; i++) {
		add_portal(filling, world->rooms[i].channel, world->rooms[i].room_id,
		        world->rooms[i].name);
	}
	for (size_t i = 0; i < options->idle_portals; i++) {
		autofree char *channel = xasprintf("C0IDLE%04zu", i);
		autofree char *room = xasprintf("!idleidleidleidle%04zu:sim.test", i);
		autofree char *name = xasprintf("idle-%zu", i);
		add_portal(filling, channel, room, name);
	}
	for (size_t i = 0; i < options->idle_ghosts; i++) {
		autofree char *user = xasprintf("U0IDLE%05zu", i);
		autofree char *mxid =
		        xasprintf("@slack_t0simteam0-u0idle%05zu:sim.test", i);
		autofree char *name = xasprintf("Somebody Number %zu", i);
		store_tx_add(row(filling), STMT_GHOST_PUT, "ssssssi", TEAM, user, mxid,
		        name, "http://127.0.0.1/a.png", "mxc://sim.test/abcdefgh",
		        (int64_t)1700000000000);
	}
}

static void fill_database(struct bench_world *world)
{
	struct err err = ERR_INIT;
	struct filling filling = {.store = store_open(world->loop, driver_of(world),
	                                  world->database_uri, &err)};

	if (filling.store == NULL) {
		bench_die("database", err.msg);
	}
	add_rows(world, &filling);
	store_tx_submit(filling.tx, NULL, NULL);
	store_after_commit(filling.store, handle_filled, &filling);
	if (!bench_run(world->loop, SETTLE_MS, is_filled, &filling)) {
		bench_die("database", "not filled in time");
	}
	store_close(&filling.store);
}

/* ---------------------------------------------------------------- the program */

static void write_null_options(struct bench_world *world, const char *path)
{
	autojson cJSON *options = json_new();
	cJSON *rooms = json_new();
	struct err err = ERR_INIT;
	autofree char *api = xasprintf("%s/api/", sim_slack_url(world->slack));

	json_set_str(options, "slack_api", api);
	json_set_str(options, "app_token", world->app_token);
	json_set_str(options, "bot_token", world->bot_token);
	json_set_str(options, "matrix", sim_matrix_url(world->matrix));
	json_set_str(options, "as_token", world->setup.as_token);
	json_set_str(options, "user", BOT_MXID);
	json_set_str(options, "sender", BOT_MXID);
	json_set_int(options, "port", world->setup.port);
	json_set_str(options, "database_type", driver_of(world));
	json_set_str(options, "database_uri", world->database_uri);
	for (size_t i = 0; i < world->options->rooms; i++) {
		json_set_str(rooms, world->rooms[i].channel, world->rooms[i].room_id);
	}
	json_set(options, "rooms", rooms);
	autofree char *text = json_print(options);
	if (!setup_write_file(path, text, &err)) {
		bench_die(path, err.msg);
	}
}

static pid_t start_null(struct bench_world *world)
{
	autofree char *program = xasprintf("%s/bench/null_bridge", world->options->build);
	autofree char *path = xasprintf("%s/null.json", world->setup.dir);
	const char *const args[] = {program, path, NULL};

	write_null_options(world, path);
	return bench_process_start(args, world->setup.dir, world->log_path);
}

static pid_t start_bridge(struct bench_world *world)
{
	autofree char *program =
	        xasprintf("%s/matrix-slack-bridge", world->options->build);
	const char *const args[] = {program, "-c", world->setup.config_path, "-r",
	        world->setup.registration_path, NULL};
	autojson cJSON *changes = json_new();
	struct err err = ERR_INIT;

	json_set_str(changes, "logging.min_level", "info");
	/* A hundred rooms of one workspace could not say more than five a second. */
	json_set_bool(changes, "network.rate_limits", false);
	if (!setup_write_config(&world->setup, changes, &err) ||
	        !setup_write_registration(&world->setup, &err)) {
		bench_die("configuration", err.msg);
	}
	return bench_process_start(args, world->setup.dir, world->log_path);
}

static bool is_greeted(void *arg)
{
	const struct bench_world *world = arg;
	return world->is_up;
}

static void wait_for_hello(enum bench_side side, const cJSON *record, void *arg)
{
	struct bench_world *world = arg;

	if (side == BENCH_SLACK && str_equal(json_str(record, "ws"), "hello")) {
		world->is_up = true;
	}
}

void bench_world_start(struct bench_world *world)
{
	world->is_up = false;
	world->heard = wait_for_hello;
	world->heard_arg = world;
	world->pid = world->options->subject == BENCH_NULL ? start_null(world)
	                                                   : start_bridge(world);
	if (!bench_run(world->loop, SETTLE_MS, is_greeted, world)) {
		bench_die(world->log_path, "the program does not connect");
	}
	world->heard = NULL;
}

void bench_world_stop(struct bench_world *world)
{
	if (world->pid > 0) {
		bench_process_stop(world->pid);
		world->pid = 0;
	}
}

/* ---------------------------------------------------------------- life */

void bench_world_create(
        struct bench_world *world, const struct bench_world_options *options)
{
	struct err err = ERR_INIT;

	*world = (struct bench_world){.options = options, .loop = options->loop};
	if (!setup_create(&world->setup, &err)) {
		bench_die("a folder", err.msg);
	}
	start_simulators(world);
	world->log_path = xasprintf("%s/log", world->setup.dir);
	open_database(world);
	const struct setup_parts parts = {.seed = 1,
	        .slack_url = sim_slack_url(world->slack),
	        .matrix_url = sim_matrix_url(world->matrix),
	        .server_name = sim_matrix_server_name(world->matrix),
	        .database_type = driver_of(world),
	        .database_uri = world->database_uri};
	setup_fill(&world->setup, &parts);
	make_rooms(world);
	if (options->subject == BENCH_BRIDGE) {
		fill_database(world);
	}
}

void bench_world_destroy(struct bench_world *world)
{
	bench_world_stop(world);
	sim_slack_destroy(&world->slack);
	sim_matrix_destroy(&world->matrix);
	pgserver_destroy(&world->postgres);
	setup_finish(&world->setup);
	for (size_t i = 0; i < world->options->rooms; i++) {
		free(world->rooms[i].channel);
		free(world->rooms[i].name);
		free(world->rooms[i].room_id);
	}
	free(world->rooms);
	free(world->database_uri);
	free(world->bot_token);
	free(world->app_token);
	free(world->log_path);
}
