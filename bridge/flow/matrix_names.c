#include "bridge/flow/matrix_names.h"

#include "bridge/flow/app.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct matrix_names *names = arg;

	for (size_t i = 0; err->kind == ERR_NONE && i < names->count; i++) {
		if (store_rows(results[i]) > 0) {
			str_replace(&names->items[i].value, store_text(results[i], 0, 0));
		}
	}
	names->known = err->kind == ERR_NONE;
	flow_continue(names->flow, err);
}

static void ask(struct matrix_names *names, struct store_tx *tx, enum store_stmt stmt,
        const char *team_id, const struct id_list *keys)
{
	for (size_t i = 0; keys != NULL && i < keys->count && i < MATRIX_NAMES_MAX; i++) {
		names->items[names->count++].key = xstrdup(keys->ids[i]);
		store_tx_add(tx, stmt, "ss", team_id, keys->ids[i]);
	}
}

enum step_rc matrix_names_find(struct flow *flow, struct matrix_names *names,
        const char *team_id, const struct id_list *emoji, const struct id_list *handles)
{
	struct app *app = flow->app;

	if (names->known || ((emoji == NULL || emoji->count == 0) &&
	                            (handles == NULL || handles->count == 0))) {
		return STEP_DONE;
	}
	matrix_names_finish(names);
	names->flow = flow;
	struct store_tx *tx = store_tx_create(app->store);
	ask(names, tx, STMT_EMOJI_BY_MXC, team_id, emoji);
	names->emoji_count = names->count;
	ask(names, tx, STMT_GROUP_BY_HANDLE, team_id, handles);
	store_tx_submit(tx, handle_rows, names);
	return wait_store(flow, tx);
}

static const char *value_of(
        const struct matrix_names *names, size_t from, size_t to, const char *key)
{
	for (size_t i = from; i < to; i++) {
		if (str_equal(names->items[i].key, key)) {
			return names->items[i].value;
		}
	}
	return NULL;
}

const char *matrix_names_emoji(const struct matrix_names *names, const char *mxc)
{
	return value_of(names, 0, names->emoji_count, mxc);
}

const char *matrix_names_group(const struct matrix_names *names, const char *handle)
{
	return value_of(names, names->emoji_count, names->count, handle);
}

bool matrix_names_have_group(const struct matrix_names *names)
{
	for (size_t i = names->emoji_count; i < names->count; i++) {
		if (names->items[i].value != NULL) {
			return true;
		}
	}
	return false;
}

void matrix_names_finish(struct matrix_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->items[i].key);
		free(names->items[i].value);
	}
	*names = (struct matrix_names){0};
}
