#include "bridge/matrix/limits.h"

#include "lib/log.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { MAX_KEPT_APART = 1000 }; /* beyond that many users all wait together */

#define EVERYTHING "" /* the key of a park that all wait for */

static void leave(struct pace_turn *turn)
{
	matrix_call_leave(container_of(turn, struct matrix_call, turn));
}

static char *key_of(const struct matrix_call *call)
{
	return xasprintf("%s %s", call->what, call->actor == NULL ? "" : call->actor);
}

/* What holds such calls now; NULL: nothing. */
static struct pace *find(const struct matrix_call *call)
{
	const struct matrix *matrix = call->matrix;

	if (map_count(matrix->limits) == 0) {
		return NULL;
	}
	struct pace *all = map_get(matrix->limits, EVERYTHING);
	if (all != NULL) {
		return all;
	}
	autofree char *key = key_of(call);
	return map_get(matrix->limits, key);
}

static void drop_idle(struct matrix *matrix)
{
	const char *key;
	void *value;

	for (size_t i = 0; map_next(matrix->limits, &i, &key, &value);) {
		struct pace *pace = value;
		if (pace_is_idle(pace)) {
			map_del(matrix->limits, key);
			pace_finish(pace);
			free(pace);
		}
	}
}

bool limits_hold(struct matrix_call *call)
{
	if (map_count(call->matrix->limits) > 0) {
		drop_idle(call->matrix);
	}
	call->pace = find(call);
	if (call->pace == NULL) {
		return false;
	}
	call->crowded = !pace_enter(call->pace, &call->turn);
	if (call->crowded) {
		call->pace = NULL;
		timer_start(&call->refused, 0);
	}
	return true;
}

void limits_refused(struct matrix_call *call, const struct err *err)
{
	struct matrix *matrix = call->matrix;
	bool is_own_word = str_equal(err->name, "M_LIMIT_EXCEEDED") &&
	                   map_count(matrix->limits) < MAX_KEPT_APART;
	autofree char *key = is_own_word ? key_of(call) : xstrdup(EVERYTHING);
	struct pace *pace = map_get(matrix->limits, key);

	if (pace == NULL) {
		pace = xcalloc(1, sizeof(*pace));
		pace_init(pace, matrix->loop, (struct pace_limits){0}, leave);
		map_set(matrix->limits, key, pace);
	}
	log_debug("homeserver's rate limit", "request=\"%s\" user=%s wait_ms=%u",
	        call->what, call->actor == NULL ? "" : call->actor, err->retry_after_ms);
	pace_park(pace, err->retry_after_ms);
}

void limits_ended(struct matrix_call *call)
{
	if (call->pace != NULL) {
		pace_ended(call->pace, &call->turn);
		call->pace = NULL;
	}
}

void limits_finish(struct matrix *matrix)
{
	void *value;

	for (size_t i = 0; map_next(matrix->limits, &i, NULL, &value);) {
		pace_finish(value);
	}
	map_destroy(&matrix->limits, free);
}
