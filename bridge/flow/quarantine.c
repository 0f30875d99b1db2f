#include "bridge/flow/quarantine.h"

#include "bridge/flow/notice.h"
#include "bridge/flow/portals.h"
#include "lib/crumb.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { STATE_WAITING = 0, STATE_QUARANTINED = 3, MAX_POISON = 64 };

#define DOOR_CRASHES "door.crashes" /* fact: {"m:$event": how often} */

struct quarantine {
	struct app *app;
	int64_t job;
	char *source, *event;
	quarantine_done_fn *done;
	void *arg;
	struct store_tx *tx;
};

static void free_quarantine(struct quarantine *quarantine)
{
	free(quarantine->source);
	free(quarantine->event);
	free(quarantine);
}

/* The one end. Touch nothing after. */
static void finish(struct quarantine *quarantine, const struct err *err)
{
	quarantine_done_fn *done = quarantine->done;
	void *arg = quarantine->arg;

	free_quarantine(quarantine);
	done(err, arg);
}

void quarantine_cancel(struct quarantine **quarantine)
{
	if (*quarantine != NULL) {
		store_tx_cancel(&(*quarantine)->tx);
		free_quarantine(*quarantine);
		*quarantine = NULL;
	}
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

/* Administrators and owners of logins learn of it, and what can be done. */
static void tell(struct quarantine *quarantine, struct store_tx *tx, const char *what,
        const char *remedy, const struct store_result *rooms)
{
	struct app *app = quarantine->app;
	autofree char *how = xasprintf("%s %s", what, remedy);

	for (size_t i = 0; i < store_rows(rooms); i++) {
		const char *mxid = store_text(rooms, i, 0);
		bool is_admin = config_permission(app->config, mxid) == PERM_ADMIN;
		if (is_admin || store_int(rooms, i, 2) > 0) {
			autofree char *key = xasprintf("quarantine:%lld%s:%s",
			        (long long)quarantine->job, quarantine->source, mxid);
			notice_add(app, tx, key, store_text(rooms, i, 1), NULL,
			        is_admin ? how : what);
		}
	}
}

static void tell_of_row(struct quarantine *quarantine, struct store_tx *tx,
        const char *lane, const struct store_result *rooms)
{
	long long job = (long long)quarantine->job;
	const char *room_id = room_of_lane(quarantine->app, lane);
	autofree char *what = xasprintf(
	        "An event (%s, number %lld) made the bridge crash %d times. It has been set "
	        "aside so that the rest can go on.",
	        quarantine->event, job, QUARANTINE_AFTER);
	autofree char *remedy = xasprintf(
	        "Say `quarantine` to see it, and `quarantine release %lld` to try it again, "
	        "for example after an update.",
	        job);

	tell(quarantine, tx, what, remedy, rooms);
	if (room_id != NULL) {
		autofree char *key = xasprintf("quarantine:%lld:room", job);
		notice_add(quarantine->app, tx, key, room_id, NULL,
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

/* The row's crash in the transaction. */
static void count_row(struct quarantine *quarantine, struct store_tx *tx,
        const struct store_result *row, const struct store_result *rooms)
{
	int64_t crashes = store_int(row, 0, 0) + 1;
	bool is_set_aside = crashes >= QUARANTINE_AFTER;
	autofree char *why = xasprintf("the bridge crashed in %s", quarantine->event);

	store_tx_add(tx, STMT_INBOX_CRASHED, "iiisi", quarantine->job, crashes,
	        (int64_t)(is_set_aside ? STATE_QUARANTINED : STATE_WAITING), why,
	        loop_wall_ms(quarantine->app->loop));
	if (is_set_aside) {
		REQ("CRASH-05");
		log_error("event quarantined", "job=%lld event=\"%s\" crashes=%lld",
		        (long long)quarantine->job, quarantine->event,
		        (long long)crashes);
		tell_of_row(quarantine, tx, store_text(row, 0, 1), rooms);
	}
}

/* By the whole name: json.h would take the dots of an ID for a path. */
static int64_t crashes_of(const struct app *app, const char *source)
{
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(app->poison, source);
	return cJSON_IsNumber(count) ? (int64_t)count->valuedouble : 0;
}

/* The crash at the door in the transaction. Old ones are forgotten. */
static void count_source(struct quarantine *quarantine, struct store_tx *tx,
        const struct store_result *rooms)
{
	cJSON *poison = quarantine->app->poison;
	int64_t crashes = crashes_of(quarantine->app, quarantine->source) + 1;

	if (cJSON_GetArraySize(poison) >= MAX_POISON) {
		cJSON_DeleteItemFromArray(poison, 0);
	}
	json_set_int(poison, quarantine->source, crashes);
	autofree char *text = json_print(poison);
	store_tx_add(tx, STMT_FACT_PUT, "ss", DOOR_CRASHES, text);
	if (crashes == QUARANTINE_AFTER) {
		autofree char *what = xasprintf(
		        "An event made the bridge crash %d times while it was taken in: %s. "
		        "It is left out from now on, so that the rest can go on.",
		        QUARANTINE_AFTER, quarantine->source);
		log_error("event left out at the door", "source=\"%s\"",
		        quarantine->source);
		tell(quarantine, tx, what,
		        "Say `quarantine` to see it, once it has come again, and `quarantine "
		        "release <number>` to try it again, for example after an update.",
		        rooms);
	}
}

static void handle_known(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct quarantine *quarantine = arg;
	struct app *app = quarantine->app;
	bool has_row = quarantine->job != 0 && err->kind == ERR_NONE &&
	               store_rows(results[0]) > 0;
	bool has_source = quarantine->job == 0 && quarantine->source[0] != '\0';

	quarantine->tx = NULL;
	if (err->kind == ERR_NONE && store_rows(results[2]) > 0) {
		cJSON_Delete(app->poison);
		app->poison = json_parse(str_from(store_text(results[2], 0, 0)), NULL);
	}
	if (app->poison == NULL) {
		app->poison = json_new();
	}
	if (err->kind != ERR_NONE || (!has_row && !has_source)) {
		finish(quarantine, err);
		return;
	}
	quarantine->tx = store_tx_create(app->store);
	if (has_row) {
		count_row(quarantine, quarantine->tx, results[0], results[1]);
	} else {
		count_source(quarantine, quarantine->tx, results[1]);
	}
	store_tx_submit(quarantine->tx, handle_counted, quarantine);
}

struct quarantine *quarantine_begin(struct app *app, const struct quarantine_crash *crash,
        quarantine_done_fn *done, void *arg)
{
	struct quarantine *quarantine = xcalloc(1, sizeof(*quarantine));

	quarantine->app = app;
	quarantine->job = crash->job;
	quarantine->source = xstrdup(crash->source == NULL ? "" : crash->source);
	quarantine->event = xstrdup(crash->event == NULL ? "" : crash->event);
	quarantine->done = done;
	quarantine->arg = arg;
	quarantine->tx = store_tx_create(app->store);
	store_tx_add(quarantine->tx, STMT_INBOX_CRASHES, "i", quarantine->job);
	store_tx_add(quarantine->tx, STMT_PERSON_ROOMS, "");
	store_tx_add(quarantine->tx, STMT_FACT_GET, "s", DOOR_CRASHES);
	store_tx_submit(quarantine->tx, handle_known, quarantine);
	return quarantine;
}

bool quarantine_enter(struct app *app, const char *whose, const char *id)
{
	if (id == NULL || id[0] == '\0') {
		return true;
	}
	crumb_source(whose, id);
	/* As the report has it: what is longer is cut there and here alike. */
	char source[CRUMB_BYTES];
	for (size_t i = 0; i < CRUMB_BYTES; i++) {
		source[i] = crumb.source[i];
	}
	if (crashes_of(app, source) < QUARANTINE_AFTER) {
		return true;
	}
	log_warn("event left out: the bridge crashed at it", "source=\"%s\"", source);
	quarantine_leave();
	return false;
}

void quarantine_leave(void)
{
	crumb_source("", NULL);
}
