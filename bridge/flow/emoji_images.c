#include "bridge/flow/emoji_images.h"

#include "bridge/flow/app.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	MAX_IMAGE_BYTES = 1024 * 1024, /* Slack takes far smaller ones only */
	DOWNLOAD_DEADLINE_MS = 30 * 1000,
	MAX_KEPT = 1000, /* of those that failed */
};

struct emoji_images {
	struct app *app;
	struct map *makers; /* "team url" -> struct maker */
	struct list failed; /* maker::link, oldest first */
	size_t failed_count;
};

/* One picture being brought over, or one that could not be. */
struct maker {
	struct list link; /* emoji_images::failed, or alone */
	struct emoji_images *images;
	char *key, *team_id, *url;
	struct list waiters; /* waiter::link */
	struct timer patience;
	bool late;            /* nobody waits for it any more */
	int64_t failed_at_ms; /* -1: it is under way */
	/* At most one of these is out. */
	struct http_req *download;
	struct matrix_call *upload;
	struct store_tx *tx;
};

static void free_maker(void *value)
{
	struct maker *maker = value;

	waiters_drop(&maker->waiters);
	list_del(&maker->link);
	timer_stop(&maker->patience);
	http_req_cancel(&maker->download);
	matrix_call_cancel(&maker->upload);
	store_tx_cancel(&maker->tx);
	free(maker->key);
	free(maker->team_id);
	free(maker->url);
	free(maker);
}

static void forget(struct maker *maker)
{
	map_del(maker->images->makers, maker->key);
	maker->images->failed_count -= maker->failed_at_ms >= 0;
	free_maker(maker);
}

static void let_go(struct maker *maker)
{
	static const struct err none = ERR_INIT;
	struct list waiters;

	waiters_move(&maker->waiters, &waiters);
	waiters_finish(&waiters, &none);
}

static void handle_impatience(void *arg)
{
	struct maker *maker = arg;

	maker->late = true;
	let_go(maker);
}

/* ---------------------------------------------------------------- the ends */

/* Stays, so that it is not tried for every message. Touch nothing after. */
static void fail(struct maker *maker, const char *what, const char *why)
{
	struct emoji_images *images = maker->images;

	log_warn("custom emoji without picture", "team=%s step=%s error=\"%s\"",
	        maker->team_id, what, why);
	timer_stop(&maker->patience);
	maker->failed_at_ms = loop_now_ms(images->app->loop);
	list_add_tail(&images->failed, &maker->link);
	if (++images->failed_count > MAX_KEPT) {
		forget(container_of(images->failed.next, struct maker, link));
	}
	let_go(maker);
}

static void handle_stored(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct maker *maker = arg;
	struct list waiters;
	static const struct err none = ERR_INIT;

	(void)results;
	maker->tx = NULL;
	if (err->kind != ERR_NONE) {
		fail(maker, "store", err->msg);
		return;
	}
	waiters_move(&maker->waiters, &waiters);
	forget(maker);
	waiters_finish(&waiters, &none);
}

/* ---------------------------------------------------------------- bringing it over */

static void handle_uploaded(const char *mxc, const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->upload = NULL;
	if (err->kind != ERR_NONE) {
		fail(maker, "upload", err->msg);
		return;
	}
	maker->tx = store_tx_create(maker->images->app->store);
	store_tx_add(
	        maker->tx, STMT_EMOJI_IMAGE_PUT, "sss", maker->team_id, maker->url, mxc);
	store_tx_submit(maker->tx, handle_stored, maker);
}

static void handle_downloaded(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->download = NULL;
	if (reply == NULL || reply->status != 200 ||
	        !str_starts(reply->content_type, "image/")) {
		fail(maker, "download", reply == NULL ? err->msg : "no picture there");
		return;
	}
	maker->upload = matrix_upload(maker->images->app->matrix, NULL,
	        reply->content_type, reply->body, handle_uploaded, maker);
}

static void start(struct emoji_images *images, const char *key, const char *team_id,
        const char *url)
{
	struct maker *maker = xcalloc(1, sizeof(*maker));

	maker->images = images;
	maker->key = xstrdup(key);
	maker->team_id = xstrdup(team_id);
	maker->url = xstrdup(url);
	maker->failed_at_ms = -1;
	list_init(&maker->link);
	list_init(&maker->waiters);
	timer_init(&maker->patience, images->app->loop, handle_impatience, maker);
	timer_start(&maker->patience, EMOJI_IMAGES_PATIENCE_MS);
	map_set(images->makers, key, maker);
	/* Public, as avatars are: no token goes to a host that a list names. */
	maker->download = http_req_create(images->app->http, "GET", url);
	http_req_set_max_reply(maker->download, MAX_IMAGE_BYTES);
	http_req_set_deadline(maker->download, DOWNLOAD_DEADLINE_MS);
	http_req_start(maker->download, handle_downloaded, maker);
}

/* ---------------------------------------------------------------- public */

struct emoji_images *emoji_images_create(struct app *app)
{
	struct emoji_images *images = xcalloc(1, sizeof(*images));

	images->app = app;
	images->makers = map_create();
	list_init(&images->failed);
	return images;
}

void emoji_images_destroy(struct emoji_images **images)
{
	if (*images == NULL) {
		return;
	}
	map_destroy(&(*images)->makers, free_maker);
	free(*images);
	*images = NULL;
}

static char *key_of(const char *team_id, const char *url)
{
	return xasprintf("%s %s", team_id, url);
}

void emoji_images_begin(struct emoji_images *images, const char *team_id, const char *url)
{
	autofree char *key = key_of(team_id, url);
	struct maker *maker = map_get(images->makers, key);

	if (maker != NULL && maker->failed_at_ms >= 0 &&
	        loop_now_ms(images->app->loop) - maker->failed_at_ms >=
	                EMOJI_IMAGES_AGAIN_MS) {
		forget(maker);
		maker = NULL;
	}
	if (maker == NULL) {
		start(images, key, team_id, url);
	}
}

struct waiter *emoji_images_wait(struct emoji_images *images, const char *team_id,
        const char *url, waiter_fn *done, void *arg)
{
	autofree char *key = key_of(team_id, url);
	struct maker *maker = map_get(images->makers, key);

	if (maker == NULL || maker->late || maker->failed_at_ms >= 0) {
		return NULL;
	}
	return waiter_add(&maker->waiters, done, arg);
}
