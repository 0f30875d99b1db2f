#include "bridge/flow/quarantine.h"

#include "bridge/flow/logins.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/portals.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { STATE_WAITING = 0, STATE_QUARANTINED = 3 };

struct quarantine {
	struct app *app;
	int64_t job;
	char *event;
	quarantine_done_fn *done;
	void *arg;
	struct store_tx *tx;
};

/* The one end. Touch nothing after. */
static void finish(struct quarantine *quarantine, const struct err *err)
{
	quarantine_done_fn *done = quarantine->done;
	void *arg = quarantine->arg;

	free(quarantine->event);
	free(quarantine);
	done(err, arg);
}

void quarantine_cancel(struct quarantine **quarantine)
{
	if (*quarantine != NULL) {
		store_tx_cancel(&(*quarantine)->tx);
		free((*quarantine)->event);
		free(*quarantine);
		*quarantine = NULL;
	}
}

static bool owns_a_login(const struct app *app, const char *mxid)
{
	struct login *login;

	for (size_t i = 0; logins_next(app->logins, &i, &login);) {
		if (str_equal(login->owner_mxid, mxid)) {
			return true;
		}
	}
	return false;
}

/* Where those are who wait for the message; NULL: nobody does. Lanes: see app.h. */
static const char *room_of_lane(const struct app *app, const char *lane)
{
	if (str_starts(lane, "m !")) {
		return lane + 2;
	}
	const char *space = str_starts(lane, "s ") ? strchr(lane + 2, ' ') : NULL;
	if (space == NULL) {
		return NULL;
	}
	autofree char *team_id = xstrndup(lane + 2, (size_t)(space - lane) - 2);
	const struct portal *portal =
	        portals_by_channel(app->portals, team_id, space + 1);
	return portal == NULL ? NULL : portal->room_id;
}

/* Administrators and owners of logins learn what to do; the room of the
 * message that it is not delivered. */
static void tell(struct quarantine *quarantine, struct store_tx *tx, const char *lane,
        const struct store_result *rooms)
{
	struct app *app = quarantine->app;
	autofree char *what = xasprintf(
	        "An event (%s, number %lld) made the bridge crash %d times. It has been set "
	        "aside so that the rest can go on.",
	        quarantine->event, (long long)quarantine->job, QUARANTINE_AFTER);
	autofree char *how = xasprintf(
	        "%s Say `quarantine` to see it, and `quarantine release %lld` to try it "
	        "again, for example after an update.",
	        what, (long long)quarantine->job);

	for (size_t i = 0; i < store_rows(rooms); i++) {
		const char *mxid = store_text(rooms, i, 0);
		bool is_admin = config_permission(app->config, mxid) == PERM_ADMIN;
		if (is_admin || owns_a_login(app, mxid)) {
			autofree char *key = xasprintf(
			        "quarantine:%lld:%s", (long long)quarantine->job, mxid);
			notice_add(app, tx, key, store_text(rooms, i, 1), NULL,
			        is_admin ? how : what);
		}
	}
	const char *room_id = room_of_lane(app, lane);
	if (room_id != NULL) {
		autofree char *key =
		        xasprintf("quarantine:%lld:room", (long long)quarantine->job);
		notice_add(app, tx, key, room_id, NULL,
		        "A message could not be bridged: the bridge fails at it. It has been "
		        "set aside, and whoever runs the bridge has been told.");
	}
}

static void handle_counted(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct quarantine *quarantine = arg;

	(void)results;
	quarantine->tx = NULL;
	finish(quarantine, err);
}

static void handle_row(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct quarantine *quarantine = arg;
	struct app *app = quarantine->app;

	quarantine->tx = NULL;
	if (err->kind != ERR_NONE || store_rows(results[0]) == 0) {
		finish(quarantine, err);
		return;
	}
	int64_t crashes = store_int(results[0], 0, 0) + 1;
	bool is_set_aside = crashes >= QUARANTINE_AFTER;
	autofree char *why = xasprintf("the bridge crashed in %s", quarantine->event);
	quarantine->tx = store_tx_create(app->store);
	store_tx_add(quarantine->tx, STMT_INBOX_CRASHED, "iiisi", quarantine->job,
	        crashes, (int64_t)(is_set_aside ? STATE_QUARANTINED : STATE_WAITING), why,
	        loop_wall_ms(app->loop));
	if (is_set_aside) {
		log_error("event quarantined", "job=%lld event=\"%s\" crashes=%lld",
		        (long long)quarantine->job, quarantine->event,
		        (long long)crashes);
		tell(quarantine, quarantine->tx, store_text(results[0], 0, 1),
		        results[1]);
	}
	store_tx_submit(quarantine->tx, handle_counted, quarantine);
}

struct quarantine *quarantine_count(struct app *app, int64_t job, const char *event,
        quarantine_done_fn *done, void *arg)
{
	struct quarantine *quarantine = xcalloc(1, sizeof(*quarantine));

	quarantine->app = app;
	quarantine->job = job;
	quarantine->event = xstrdup(event);
	quarantine->done = done;
	quarantine->arg = arg;
	quarantine->tx = store_tx_create(app->store);
	store_tx_add(quarantine->tx, STMT_INBOX_CRASHES, "i", job);
	store_tx_add(quarantine->tx, STMT_PERSON_ROOMS, "");
	store_tx_submit(quarantine->tx, handle_row, quarantine);
	return quarantine;
}
