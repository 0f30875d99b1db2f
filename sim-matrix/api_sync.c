/* GET /sync: answers when there is news, or when its time is over. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/filter.h"
#include "sim-matrix/presence.h"
#include "sim-matrix/sync.h"
#include "sim-matrix/sync_wait.h"

#include <stdlib.h>
#include <string.h>

enum { HOLD_MAX_MS = 30000 };

/* filter: filter_of() of the request. */
static struct sync_query query_of(const struct call *call, const cJSON *filter)
{
	autofree char *full = call_query(call, "full_state");
	int64_t since = call_query_int(call, "since", 0);

	return (struct sync_query){
	        .sim = call->sim,
	        .user = call->user,
	        .device = call->device,
	        .since = since > 0 ? (uint64_t)since : 0,
	        .full_state = str_equal(full, "true"),
	        .filter = filter,
	};
}

/* Answers if there is news, or whatever there is if `anyway`. */
static bool answer(struct call *call, bool anyway)
{
	autofree char *parameter = call_query(call, "filter");
	autojson cJSON *filter = filter_of(call->user, parameter);
	struct sync_query query = query_of(call, filter);
	bool is_news = false;
	cJSON *json = sync_build(call->sim, &query, &is_news);

	if (!is_news && !anyway) {
		cJSON_Delete(json);
		return false;
	}
	if (call->sim->profile->sparse_sync) {
		sync_make_sparse(&query, json);
	}
	call_reply(call, 200, json);
	return true;
}

static void handle_timeout(void *arg)
{
	struct call *call = arg;

	answer(call, true);
}

void sync_wake_all(void *arg)
{
	struct sim_matrix *sim = arg;

	list_for_each(it, &sim->calls)
	{
		struct call *call = container_of(it, struct call, link);
		if (call->parked && call->route->run == api_sync) {
			if (call->device == NULL && call->as == NULL) {
				call_fail(call, FAIL_UNKNOWN_TOKEN,
				        NULL); /* logged out meanwhile */
			} else {
				answer(call, false);
			}
		}
	}
}

/* Who syncs is there, unless they say otherwise. */
static void set_presence(struct call *call)
{
	autofree char *given = call_query(call, "set_presence");
	const char *status = json_str(call->user->presence, "status_msg");
	autofree char *kept = xstrdup_null(status);

	if (call->as == NULL && (given == NULL || str_equal(given, "online") ||
	                                str_equal(given, "unavailable"))) {
		presence_set(
		        call->sim, call->user, given != NULL ? given : "online", kept);
	}
}

static bool filter_is_missing(const struct call *call)
{
	autofree char *name = call_query(call, "filter");

	return call->sim->profile->strict && name != NULL && name[0] != '{' &&
	       map_get(call->user->filters, name) == NULL;
}

void api_sync(struct call *call)
{
	struct sync_query query = query_of(call, NULL);
	int64_t hold = call_query_int(call, "timeout", call->sim->profile->sync_hold_ms);

	if (call->user == NULL) {
		call_fail(call, FAIL_WHOAMI_UNKNOWN, call->user_id);
		return;
	}
	if (filter_is_missing(call)) {
		call_fail_as(call, 400, "M_INVALID_PARAM", "No such filter");
		return;
	}
	set_presence(call);
	sync_confirm(&query);
	hold = hold < 0 ? 0 : (hold > HOLD_MAX_MS ? HOLD_MAX_MS : hold);
	if (!answer(call, hold == 0 || query.since == 0)) {
		call_park(call, NULL, NULL);
		timer_init(&call->timer, call->sim->loop, handle_timeout, call);
		timer_start(&call->timer, hold);
	}
}
