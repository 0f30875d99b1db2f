#include "bridge/flow/custom_emoji.h"

#include "bridge/convert/emoji.h"
#include "bridge/flow/app.h"
#include "bridge/flow/emoji_images.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { MAX_HOPS = 8 }; /* from alias to alias; there may be circles */
#define ALIAS "alias:"

static void take_value(struct custom_emoji_item *item, const char *value, const char *mxc)
{
	if (mxc != NULL) {
		item->text = xstrdup(mxc);
	} else if (str_starts(value, "https://") || str_starts(value, "http://")) {
		str_replace(&item->url, value);
	}
	str_replace(&item->at, NULL);
	if (!str_starts(value, ALIAS)) {
		return;
	}
	value += sizeof(ALIAS) - 1;
	if (emoji_is_standard(value)) {
		item->text = emoji_to_key(value, NULL);
	} else if (++item->hops < MAX_HOPS) {
		item->at = xstrdup(value);
	}
}

/* Columns: see EMOJI_FIND. */
static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct custom_emoji *emoji = arg;
	size_t n = 0;

	for (size_t i = 0; err->kind == ERR_NONE && i < emoji->count; i++) {
		struct custom_emoji_item *item = &emoji->items[i];
		if (item->at == NULL) {
			continue;
		}
		const struct store_result *rows = results[n++];
		if (store_rows(rows) > 0) {
			take_value(item, store_text(rows, 0, 0), store_text(rows, 0, 1));
		} else {
			str_replace(&item->at, NULL);
		}
	}
	flow_continue(emoji->flow, err);
}

/* STEP_DONE: nothing is to be looked up. */
static enum step_rc look_up(struct flow *flow, struct custom_emoji *emoji)
{
	struct app *app = flow->app;
	struct store_tx *tx = NULL;

	for (size_t i = 0; i < emoji->count; i++) {
		if (emoji->items[i].at != NULL) {
			tx = tx == NULL ? store_tx_create(app->store) : tx;
			store_tx_add(tx, STMT_EMOJI_FIND, "ss", emoji->login->team_id,
			        emoji->items[i].at);
		}
	}
	if (tx == NULL) {
		return STEP_DONE;
	}
	store_tx_submit(tx, handle_rows, emoji);
	return wait_store(flow, tx);
}

/* All of them at once; then for one after the other. */
static enum step_rc bring_over(struct flow *flow, struct custom_emoji *emoji)
{
	struct app *app = flow->app;
	const char *team_id = emoji->login->team_id;

	for (size_t i = 0; i < emoji->count; i++) {
		struct custom_emoji_item *item = &emoji->items[i];
		if (item->url != NULL && item->text == NULL && !item->tried) {
			item->tried = true;
			emoji_images_begin(app->emoji_images, team_id, item->url);
		}
	}
	for (size_t i = 0; i < emoji->count; i++) {
		struct custom_emoji_item *item = &emoji->items[i];
		if (!item->tried || item->waited) {
			continue;
		}
		struct waiter *waiter = emoji_images_wait(
		        app->emoji_images, team_id, item->url, flow_ready, flow);
		item->waited = true;
		item->hops = 0;
		str_replace(&item->at, item->name); /* to be looked up once more */
		if (waiter != NULL) {
			return wait_waiter_aside(flow, waiter);
		}
	}
	return STEP_DONE;
}

static void begin(struct flow *flow, struct custom_emoji *emoji,
        const struct login *login, const struct id_list *names)
{
	custom_emoji_finish(emoji);
	emoji->flow = flow;
	emoji->login = login;
	for (size_t i = 0; i < names->count && emoji->count < CUSTOM_EMOJI_MAX; i++) {
		emoji->items[emoji->count++] = (struct custom_emoji_item){
		        .name = xstrdup(names->ids[i]), .at = xstrdup(names->ids[i])};
	}
}

enum step_rc custom_emoji_find(struct flow *flow, struct custom_emoji *emoji,
        const struct login *login, const struct id_list *names)
{
	if (emoji->known) {
		return STEP_DONE;
	}
	if (emoji->flow == NULL) {
		begin(flow, emoji, login, names);
	}
	enum step_rc rc = look_up(flow, emoji);
	if (rc == STEP_DONE) {
		rc = bring_over(flow, emoji);
	}
	if (rc == STEP_DONE) {
		rc = look_up(flow, emoji); /* what ended before it was waited for */
	}
	emoji->known = rc == STEP_DONE;
	return rc;
}

const char *custom_emoji_text(const struct custom_emoji *emoji, const char *name)
{
	for (size_t i = 0; i < emoji->count; i++) {
		if (str_equal(emoji->items[i].name, name)) {
			return emoji->items[i].text;
		}
	}
	return NULL;
}

void custom_emoji_finish(struct custom_emoji *emoji)
{
	for (size_t i = 0; i < emoji->count; i++) {
		free(emoji->items[i].name);
		free(emoji->items[i].at);
		free(emoji->items[i].url);
		free(emoji->items[i].text);
	}
	*emoji = (struct custom_emoji){0};
}
