/* What becomes of portals: each change is a row first, and what is in memory follows its
 * commit. */
#include "bridge/flow/app.h"
#include "bridge/flow/portals.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

/* What a portal becomes once it is committed. */
struct becoming {
	struct portals *portals;
	char *team_id, *channel_id;
	char *name, *topic, *kind, *state, *levels;
	int level;
};

static void free_becoming(struct becoming *next)
{
	free(next->team_id);
	free(next->channel_id);
	free(next->name);
	free(next->topic);
	free(next->kind);
	free(next->state);
	free(next->levels);
	free(next);
}

static void handle_changed(bool committed, void *arg)
{
	struct becoming *next = arg;

	if (committed) {
		struct portal *portal =
		        portals_any(next->portals, next->team_id, next->channel_id);
		if (portal != NULL) {
			str_replace(&portal->name, next->name);
			str_replace(&portal->topic, next->topic);
			str_replace(&portal->kind, next->kind);
			str_replace(&portal->state, next->state);
			str_replace(&portal->levels, next->levels);
			portal->level = next->level;
		}
	}
	free_becoming(next);
}

void portals_change(struct portals *portals, const struct portal *portal,
        const struct portal_change *change, struct store_tx *tx)
{
	struct becoming *next = xcalloc(1, sizeof(*next));

	next->portals = portals;
	next->team_id = xstrdup(portal->team_id);
	next->channel_id = xstrdup(portal->channel_id);
	next->name = xstrdup(change->name);
	next->topic = xstrdup(change->topic);
	next->kind = xstrdup(change->kind);
	next->state = xstrdup(change->state);
	next->levels = xstrdup(change->levels);
	next->level = change->level;
	store_tx_add(tx, STMT_PORTAL_CHANGE, "ssssssis", portal->team_id,
	        portal->channel_id, next->name, next->topic, next->kind, next->state,
	        (int64_t)next->level, next->levels);
	store_tx_on_commit(tx, handle_changed, next);
}

struct move {
	struct portals *portals;
	char *team_id, *old_id, *new_id;
};

static void handle_moved(bool committed, void *arg)
{
	struct move *move = arg;
	struct portals *portals = move->portals;
	struct err again = ERR_INIT;

	if (committed) {
		struct portal *portal = portals_any(portals, move->team_id, move->old_id);
		struct portal *other = portals_any(portals, move->team_id, move->new_id);
		if (other != NULL) {
			portals_retire(portals, other);
			err_set(&again, ERR_RETRY, 0, "the channel has another room");
		}
		if (portal != NULL) {
			portals_rename(portals, portal, move->new_id);
		}
		if (other != NULL) {
			waiters_finish(&other->waiters, &again);
		}
	}
	free(move->team_id);
	free(move->old_id);
	free(move->new_id);
	free(move);
}

void portals_move(struct portals *portals, const struct portal *portal,
        const char *new_id, struct store_tx *tx)
{
	struct move *move = xcalloc(1, sizeof(*move));

	move->portals = portals;
	move->team_id = xstrdup(portal->team_id);
	move->old_id = xstrdup(portal->channel_id);
	move->new_id = xstrdup(new_id);
	store_tx_add(tx, STMT_PORTAL_DELETE, "ss", move->team_id, new_id);
	store_tx_add(tx, STMT_PORTAL_MOVE, "sss", move->team_id, move->old_id, new_id);
	store_tx_add(tx, STMT_MESSAGE_MOVE, "sss", move->team_id, move->old_id, new_id);
	store_tx_add(tx, STMT_REACTION_MOVE, "sss", move->team_id, move->old_id, new_id);
	store_tx_add(tx, STMT_FILE_MOVE, "sss", move->team_id, move->old_id, new_id);
	store_tx_on_commit(tx, handle_moved, move);
}

/* ---------------------------------------------------------------- closed */

struct closing {
	struct portals *portals;
	char *team_id, *channel_id, *room_id;
	bool for_good;
};

static void handle_closed(bool committed, void *arg)
{
	struct closing *closing = arg;
	struct portals *portals = closing->portals;
	struct portal *portal =
	        committed ? portals_any(portals, closing->team_id, closing->channel_id)
	                  : NULL;

	if (portal != NULL) {
		portals_retire(portals, portal);
		if (closing->for_good) {
			portal = portals_add(
			        portals, closing->team_id, closing->channel_id);
			str_replace(&portal->state, "unbridged");
		}
	}
	free(closing->team_id);
	free(closing->channel_id);
	free(closing->room_id);
	free(closing);
}

void portals_close(struct portals *portals, const struct portal *portal, bool for_good,
        struct store_tx *tx)
{
	struct closing *closing = xcalloc(1, sizeof(*closing));

	closing->portals = portals;
	closing->team_id = xstrdup(portal->team_id);
	closing->channel_id = xstrdup(portal->channel_id);
	closing->room_id = xstrdup(portal->room_id);
	closing->for_good = for_good;
	const enum store_stmt stmts[] = {
	        for_good ? STMT_PORTAL_CLOSE : STMT_PORTAL_DELETE,
	        STMT_PORTAL_MESSAGES_GONE, STMT_PORTAL_REACTIONS_GONE,
	        STMT_PORTAL_FILES_GONE};
	for (size_t i = 0; i < sizeof(stmts) / sizeof(stmts[0]); i++) {
		store_tx_add(tx, stmts[i], "ss", portal->team_id, portal->channel_id);
	}
	store_tx_add(tx, STMT_ROOM_MEMBERS_GONE, "s", portal->room_id);
	store_tx_on_commit(tx, handle_closed, closing);
}

void portals_end(
        struct portals *portals, const struct portal *portal, struct store_tx *tx)
{
	portals_close(portals, portal, false, tx);
}

void portals_reopen(struct portals *portals, const char *team_id, const char *channel_id)
{
	struct portal *portal = portals_any(portals, team_id, channel_id);

	if (portal != NULL && str_equal(portal->state, "unbridged")) {
		str_replace(&portal->state, "making");
	}
}

static void handle_adopted(bool committed, void *arg)
{
	struct closing *adopted = arg;
	struct portals *portals = adopted->portals;

	if (committed) {
		struct portal *portal =
		        portals_any(portals, adopted->team_id, adopted->channel_id);
		if (portal == NULL) {
			portal = portals_add(
			        portals, adopted->team_id, adopted->channel_id);
		}
		str_replace(&portal->state, "open");
		portals_set_room(portals, portal, adopted->room_id);
	}
	free(adopted->team_id);
	free(adopted->channel_id);
	free(adopted->room_id);
	free(adopted);
}

void portals_adopt(struct portals *portals, const char *team_id, const char *channel_id,
        const char *room_id, struct store_tx *tx)
{
	struct closing *adopted = xcalloc(1, sizeof(*adopted));

	adopted->portals = portals;
	adopted->team_id = xstrdup(team_id);
	adopted->channel_id = xstrdup(channel_id);
	adopted->room_id = xstrdup(room_id);
	store_tx_add(tx, STMT_PORTAL_PUT, "ssssssis", team_id, channel_id, room_id, "",
	        "", "open", loop_wall_ms(portals_app(portals)->loop), "");
	store_tx_on_commit(tx, handle_adopted, adopted);
}
