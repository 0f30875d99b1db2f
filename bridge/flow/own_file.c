#include "bridge/flow/own_file.h"

#include "bridge/flow/app.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/wait.h"
#include "lib/log.h"

static void handle_count(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct own_file *own = arg;

	if (err->kind == ERR_NONE) {
		own->known = true;
		own->is_own = store_int(results[0], 0, 0) > 0;
	}
	flow_continue(own->flow, err);
}

enum step_rc own_file_check(struct flow *flow, struct own_file *own, const char *file_id)
{
	const struct app *app = flow->app;
	const char *user = payload_text(flow, "user");

	if (file_id == NULL || user[0] == '\0') {
		return STEP_DONE;
	}
	if (!own->known) {
		struct store_tx *tx = store_tx_create(app->store);
		own->flow = flow;
		store_tx_add(tx, STMT_FILE_BROUGHT, "sssss", payload_text(flow, "team"),
		        payload_text(flow, "channel"), file_id, user,
		        payload_text(flow, "ts"));
		store_tx_submit(tx, handle_count, own);
		return wait_store(flow, tx);
	}
	if (own->is_own) {
		log_debug("file came from Matrix", "key=%s file=%s", flow->key, file_id);
		return STEP_END;
	}
	return STEP_DONE;
}
