#include "bridge/flow/user_groups.h"

#include "bridge/flow/app.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct user_groups *groups = arg;

	for (size_t i = 0; err->kind == ERR_NONE && i < groups->count; i++) {
		if (store_rows(results[i]) > 0) {
			str_replace(
			        &groups->items[i].handle, store_text(results[i], 0, 0));
		}
	}
	groups->known = err->kind == ERR_NONE;
	flow_continue(groups->flow, err);
}

enum step_rc user_groups_find(struct flow *flow, struct user_groups *groups,
        const struct login *login, const struct id_list *ids)
{
	struct app *app = flow->app;

	if (groups->known || ids->count == 0) {
		return STEP_DONE;
	}
	user_groups_finish(groups);
	groups->flow = flow;
	struct store_tx *tx = store_tx_create(app->store);
	for (; groups->count < ids->count && groups->count < USER_GROUPS_MAX;
	        groups->count++) {
		const char *id = ids->ids[groups->count];
		groups->items[groups->count].id = xstrdup(id);
		store_tx_add(tx, STMT_GROUP_HANDLE, "ss", login->team_id, id);
	}
	store_tx_submit(tx, handle_rows, groups);
	return wait_store(flow, tx);
}

const char *user_groups_handle(const struct user_groups *groups, const char *id)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (str_equal(groups->items[i].id, id)) {
			return groups->items[i].handle;
		}
	}
	return NULL;
}

void user_groups_finish(struct user_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		free(groups->items[i].id);
		free(groups->items[i].handle);
	}
	*groups = (struct user_groups){0};
}
