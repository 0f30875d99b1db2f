#include "sim-matrix/txns.h"

#include "lib/mem.h"

#include "sim-matrix/appservice.h"

#include <stdlib.h>

struct txn {
	char *event_id;
	int64_t since_ms; /* monotonic */
};

/* conduwuit: user, device, transaction ID, whatever the room or endpoint. Synapse: the
 * path, and the appservice or the user and device. Caller frees. */
static char *key_of(const struct call *call)
{
	const char *device = call->device != NULL ? call->device->device_id : "";

	if (!call->sim->profile->txn_by_path) {
		return xasprintf(
		        "%s\n%s\n%s", call->user_id, device, call_param(call, "txn"));
	}
	/* Beside its cache of answers Synapse keeps a device's transaction IDs with the
	 * events of the room, whatever their type. */
	if (call->device != NULL && call_param(call, "room")[0] != '\0') {
		return xasprintf("%s\n%s\n%s\n%s", call_param(call, "room"),
		        call->user_id, device, call_param(call, "txn"));
	}
	if (call->as != NULL) {
		return xasprintf("%s\n%s", call->request.path, call->as->reg.id);
	}
	return xasprintf("%s\n%s\n%s", call->request.path, call->user_id, device);
}

/* A sweep runs every `keep`, and takes what is at least that old. */
static bool is_swept(const struct sim_matrix *sim, const struct txn *txn)
{
	int64_t keep = sim->profile->txn_keep_ms;
	int64_t sweep;

	if (keep == 0) {
		return false;
	}
	sweep = loop_now_ms(sim->loop) / keep * keep;
	return sweep - txn->since_ms >= keep;
}

const char *txns_find(const struct call *call)
{
	autofree char *key = key_of(call);
	const struct txn *txn = map_get(call->sim->txns, key);

	return txn != NULL && !is_swept(call->sim, txn) ? txn->event_id : NULL;
}

static void txn_free(void *value)
{
	struct txn *txn = value;

	if (txn != NULL) {
		free(txn->event_id);
		free(txn);
	}
}

void txns_keep(const struct call *call, const char *event_id)
{
	autofree char *key = key_of(call);
	struct txn *txn = xcalloc(1, sizeof(*txn));

	txn->event_id = xstrdup(event_id);
	txn->since_ms = loop_now_ms(call->sim->loop);
	txn_free(map_set(call->sim->txns, key, txn));
}

void txns_init(struct sim_matrix *sim)
{
	sim->txns = map_create();
}

void txns_finish(struct sim_matrix *sim)
{
	map_destroy(&sim->txns, txn_free);
}
