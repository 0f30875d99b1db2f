/* Other networks, as appservices describe them. conduwuit knows of none. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/as_ask.h"
#include "sim-matrix/content.h"

#include <stdlib.h>
#include <string.h>

/* One look-up: every appservice that bridges the protocol is asked, one after the other.
 */
struct lookup { /* owned by the parked call */
	struct call *call;
	struct as_ask *ask;
	char *what;     /* "protocol", "user", "location" */
	char *protocol; /* NULL: of any */
	char **left;    /* appservice ID and protocol in turn: still to be asked */
	size_t left_count, at;
	cJSON *found; /* an array; of protocols an object */
	bool all;     /* every protocol, by its name */
};

static void lookup_destroy(struct lookup *lookup)
{
	as_ask_cancel(&lookup->ask);
	for (size_t i = 0; i < lookup->left_count; i++) {
		free(lookup->left[i]);
	}
	free(lookup->left);
	free(lookup->what);
	free(lookup->protocol);
	cJSON_Delete(lookup->found);
	free(lookup);
}

static void lookup_free(struct call *call)
{
	lookup_destroy(call->waiting);
}

static void plan(struct lookup *lookup, const struct appservice *as, const char *protocol)
{
	lookup->left = xrealloc(
	        lookup->left, (lookup->left_count + 2) * sizeof(lookup->left[0]));
	lookup->left[lookup->left_count++] = xstrdup(as->reg.id);
	lookup->left[lookup->left_count++] = xstrdup(protocol);
}

static void plan_all(struct lookup *lookup)
{
	list_for_each(it, &lookup->call->sim->appservices)
	{
		const struct appservice *as = container_of(it, struct appservice, link);
		for (size_t i = 0; i < as->reg.protocol_count; i++) {
			const char *protocol = as->reg.protocols[i];
			if (appservice_has_url(as) &&
			        (lookup->protocol == NULL ||
			                strcmp(lookup->protocol, protocol) == 0)) {
				plan(lookup, as, protocol);
			}
		}
	}
}

static void take(struct lookup *lookup, const char *protocol, const cJSON *json)
{
	const cJSON *item;

	if (strcmp(lookup->what, "protocol") == 0) {
		if (cJSON_IsObject(json)) {
			json_set(lookup->found, protocol, content_copy(json));
		}
		return;
	}
	if (!cJSON_IsArray(json)) {
		return;
	}
	cJSON_ArrayForEach(item, json)
	{
		cJSON_AddItemToArray(lookup->found, content_copy(item));
	}
}

static void answer(struct lookup *lookup)
{
	struct call *call = lookup->call;
	cJSON *one;

	if (strcmp(lookup->what, "protocol") != 0 || lookup->all) {
		call_reply(call, 200, content_copy(lookup->found));
		return;
	}
	one = cJSON_GetObjectItemCaseSensitive(lookup->found, lookup->protocol);
	if (one != NULL) {
		call_reply(call, 200, content_copy(one));
	} else {
		call_fail(call, FAIL_NO_PROTOCOL, NULL);
	}
}

static void ask_next(struct lookup *lookup);

static void handle_answer(const cJSON *json, void *arg)
{
	struct lookup *lookup = arg;

	lookup->ask = NULL;
	take(lookup, lookup->left[lookup->at + 1], json);
	lookup->at += 2;
	ask_next(lookup);
}

static void ask_next(struct lookup *lookup)
{
	const char *query = lookup->call->request.query;
	const struct appservice *as = NULL;

	for (; as == NULL && lookup->at < lookup->left_count; lookup->at += 2) {
		as = appservice_find(lookup->call->sim, lookup->left[lookup->at]);
		if (as != NULL) {
			break;
		}
	}
	if (as == NULL) {
		answer(lookup);
		return;
	}
	autofree char *encoded = url_encode(lookup->left[lookup->at + 1]);
	autofree char *path = xasprintf("thirdparty/%s/%s%s%s", lookup->what, encoded,
	        query[0] != '\0' ? "?" : "", query);
	lookup->ask = as_ask_start(as, path, handle_answer, lookup);
}

/* protocol NULL: all. */
static void look_up(struct call *call, const char *what, const char *protocol)
{
	struct lookup *lookup = xcalloc(1, sizeof(*lookup));
	bool protocols = strcmp(what, "protocol") == 0;

	lookup->call = call;
	lookup->what = xstrdup(what);
	lookup->protocol = xstrdup_null(protocol);
	lookup->all = protocol == NULL;
	lookup->found = protocols ? json_new() : cJSON_CreateArray();
	if (call->sim->profile->thirdparty) {
		plan_all(lookup);
	}
	if (lookup->left_count == 0) {
		answer(lookup);
		lookup_destroy(lookup);
		return;
	}
	call_park(call, lookup, lookup_free);
	ask_next(lookup);
}

void api_thirdparty_protocols(struct call *call)
{
	look_up(call, "protocol", NULL);
}

void api_thirdparty_protocol(struct call *call)
{
	look_up(call, "protocol", call_param(call, "protocol"));
}

void api_thirdparty_user(struct call *call)
{
	look_up(call, "user", call_param(call, "protocol"));
}

void api_thirdparty_location(struct call *call)
{
	look_up(call, "location", call_param(call, "protocol"));
}
