#include "bridge/flow/files.h"

#include "bridge/matrix/media.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>

enum {
	TURNS = 4,
	MAX_ASIDE = 28, /* of those that take long */
	LONG_MS = 20 * 1000,
	/* a download and an upload each */
	CONNECTIONS_PER_HOST = 2 * (TURNS + MAX_ASIDE),
	LIMIT_AGAIN_MS = 60 * 60 * 1000,
};

struct files {
	struct app *app;
	struct http_client *http;
	struct spool *spool;
	int64_t homeserver_bytes; /* -1: it does not say */
	int64_t asked_ms;         /* when it was asked; -1: never */
	unsigned turns, aside;    /* taken */
	struct list next;         /* waiter::link: those who wait for a turn */
	struct timer free_turn;   /* calls them */
	struct list waits;        /* wait::link */
};

/* A flow that waits for a file. */
struct wait {
	struct list link;
	char *key;
	struct flow *flow;
	struct timer timer;
};

/* Who finds it taken by then waits again. */
static void handle_free_turn(void *arg)
{
	struct files *files = arg;
	static const struct err none = ERR_INIT;

	waiters_finish(&files->next, &none);
}

/* ---------------------------------------------------------------- life */

struct files *files_create(struct app *app)
{
	struct files *files = xcalloc(1, sizeof(*files));
	const struct http_client_options http = {
	        .user_agent = "matrix-slack-bridge/" VERSION,
	        .ca_file = app->config->slack.ca_file,
	        .max_per_host = CONNECTIONS_PER_HOST,
	};

	files->app = app;
	files->http = http_client_create(app->loop, &http);
	files->spool = spool_create(
	        app->config->files.directory, app->config->files.max_directory_bytes);
	files->homeserver_bytes = -1;
	files->asked_ms = -1;
	list_init(&files->next);
	timer_init(&files->free_turn, app->loop, handle_free_turn, files);
	list_init(&files->waits);
	return files;
}

void files_destroy(struct files **handle)
{
	struct files *files = *handle;

	if (files == NULL) {
		return;
	}
	*handle = NULL;
	assert(files->turns == 0 && files->aside == 0 && list_empty(&files->waits));
	timer_stop(&files->free_turn);
	http_client_destroy(&files->http);
	spool_destroy(&files->spool);
	free(files);
}

struct http_client *files_http(const struct files *files)
{
	return files->http;
}

struct spool *files_spool(const struct files *files)
{
	return files->spool;
}

/* ---------------------------------------------------------------- limit */

static void handle_config(const cJSON *config, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct app *app = flow->app;
	static const struct err none = ERR_INIT;

	if (err->kind == ERR_NONE || err->kind == ERR_PERMANENT) {
		/* Its keys hold dots, which json_int() takes for steps. */
		const cJSON *size = config == NULL ? NULL
		                                   : cJSON_GetObjectItemCaseSensitive(
		                                             config, "m.upload.size");
		bool is_size = cJSON_IsNumber(size) && size->valuedouble >= 1 &&
		               size->valuedouble < 9e15;
		app->files->homeserver_bytes = is_size ? (int64_t)size->valuedouble : -1;
		app->files->asked_ms = loop_now_ms(app->loop);
	}
	flow_continue(flow, err->kind == ERR_PERMANENT ? &none : err);
}

enum step_rc files_learn_limit(struct flow *flow)
{
	struct app *app = flow->app;
	const struct files *files = app->files;

	if (files->asked_ms >= 0 &&
	        loop_now_ms(app->loop) - files->asked_ms < LIMIT_AGAIN_MS) {
		return STEP_DONE;
	}
	return wait_matrix(flow, matrix_media_config(app->matrix, handle_config, flow));
}

int64_t files_limit(const struct files *files)
{
	int64_t own = files->app->config->files.max_bytes;
	int64_t homeserver = files->homeserver_bytes;

	return homeserver >= 0 && homeserver < own ? homeserver : own;
}

/* ---------------------------------------------------------------- turns */

/* One that trickles must not hold up the files of all others. */
static void handle_long(void *arg)
{
	struct files_turn *turn = arg;
	struct files *files = turn->files;

	if (files->aside < MAX_ASIDE) {
		turn->aside = true;
		files->aside++;
		files->turns--;
		timer_start(&files->free_turn, 0);
	} else {
		timer_start(&turn->patience, LONG_MS);
	}
}

enum step_rc files_take_turn(struct flow *flow, struct files_turn *turn)
{
	struct app *app = flow->app;
	struct files *files = app->files;

	if (turn->held) {
		return STEP_DONE;
	}
	if (files->turns < TURNS) {
		files->turns++;
		*turn = (struct files_turn){.files = files, .held = true};
		timer_init(&turn->patience, app->loop, handle_long, turn);
		timer_start(&turn->patience, LONG_MS);
		return STEP_DONE;
	}
	return wait_waiter(flow, waiter_add(&files->next, flow_ready, flow));
}

void files_end_turn(struct files_turn *turn)
{
	if (turn->held) {
		timer_stop(&turn->patience);
		*(turn->aside ? &turn->files->aside : &turn->files->turns) -= 1;
		turn->held = turn->aside = false;
		timer_start(&turn->files->free_turn, 0);
	}
}

/* ---------------------------------------------------------------- waiting */

static void free_wait(struct wait *wait)
{
	list_del(&wait->link);
	timer_stop(&wait->timer);
	free(wait->key);
	free(wait);
}

static void cancel_wait(void *handle)
{
	free_wait(handle);
}

static void end_wait(void *arg)
{
	struct wait *wait = arg;
	struct flow *flow = wait->flow;

	free_wait(wait);
	flow_continue(flow, NULL);
}

enum step_rc files_wait(struct flow *flow, const char *key, int64_t limit_ms)
{
	struct app *app = flow->app;
	struct wait *wait = xcalloc(1, sizeof(*wait));

	wait->key = xstrdup(key);
	wait->flow = flow;
	timer_init(&wait->timer, app->loop, end_wait, wait);
	list_add_tail(&app->files->waits, &wait->link);
	if (limit_ms > 0) {
		timer_start(&wait->timer, limit_ms);
	}
	return flow_wait_aside(flow, wait, cancel_wait);
}

struct news {
	struct app *app;
	char *key;
};

/* In the next turn, for a commit calls many. */
static void handle_recorded(bool committed, void *arg)
{
	struct news *news = arg;

	list_for_each(it, &news->app->files->waits)
	{
		struct wait *wait = container_of(it, struct wait, link);
		if (committed && str_equal(wait->key, news->key)) {
			timer_start(&wait->timer, 0);
		}
	}
	free(news->key);
	free(news);
}

void files_record(struct app *app, struct store_tx *tx, const struct file_end *end)
{
	struct news *news = xcalloc(1, sizeof(*news));

	store_tx_add(tx, STMT_FILE_PUT, "ssssisissi", end->key, end->team_id,
	        end->channel_id, end->slack_ts, (int64_t)end->part, end->file_id,
	        (int64_t)end->state, end->result, end->reason, loop_wall_ms(app->loop));
	if (end->author != NULL && end->author[0] != '\0') {
		store_tx_add(tx, STMT_FILE_AUTHOR, "ss", end->key, end->author);
	}
	news->app = app;
	news->key = xstrdup(end->key);
	store_tx_on_commit(tx, handle_recorded, news);
}

/* ---------------------------------------------------------------- asking */

static void handle_asked(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct file_row *row = arg;

	if (err->kind == ERR_NONE) {
		row->known = true;
		row->state = FILE_UNDER_WAY;
	}
	if (err->kind == ERR_NONE && store_rows(results[0]) > 0) {
		row->state = store_int(results[0], 0, 0) == FILE_CARRIED ? FILE_CARRIED
		                                                         : FILE_FAILED;
		str_replace(&row->result, store_text(results[0], 0, 1));
		str_replace(&row->reason, store_text(results[0], 0, 2));
		str_replace(&row->author, store_text(results[0], 0, 3));
	}
	flow_continue(row->flow, err);
}

enum step_rc files_ask(struct flow *flow, struct file_row *row, const char *key)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	row->flow = flow;
	store_tx_add(tx, STMT_FILE_GET, "s", key);
	store_tx_submit(tx, handle_asked, row);
	return wait_store(flow, tx);
}

void files_forget(struct file_row *row)
{
	free(row->result);
	free(row->reason);
	free(row->author);
	*row = (struct file_row){0};
}

char *files_size_text(int64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB"};
	int64_t tenths = bytes / 100; /* of a kB */
	size_t unit = 0;

	if (bytes < 1000) {
		return xasprintf("%lld bytes", (long long)bytes);
	}
	while (tenths >= 10000 && unit < 2) {
		tenths /= 1000;
		unit++;
	}
	return xasprintf("%lld.%lld %s", (long long)(tenths / 10),
	        (long long)(tenths % 10), units[unit]);
}
