#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/modals.h"

#include <string.h>

enum { BLOCKS_MAX = 100, STACK_MAX = 3 };

/* The view argument, an object of the type. NULL and the call failed. Caller deletes. */
static cJSON *read_view(struct api_call *call, const char *type)
{
	cJSON *view = NULL;
	const cJSON *blocks;

	if (!api_json(call, "view", &view) || (view && !cJSON_IsObject(view))) {
		cJSON_Delete(view);
		api_fail(call, "invalid_arguments");
		return NULL;
	}
	if (!view) {
		api_need(call, "view");
		return NULL;
	}
	blocks = json_arr(view, "blocks");
	if (!str_equal(json_str(view, "type"), type) || !blocks ||
	        cJSON_GetArraySize(blocks) > BLOCKS_MAX ||
	        (str_equal(type, "modal") && !json_obj(view, "title"))) {
		cJSON_Delete(view);
		api_fail(call, "invalid_arguments");
		return NULL;
	}
	return view;
}

static bool is_taken(const struct api_call *call, const cJSON *view)
{
	const char *external_id = json_str_or(view, "external_id", "");
	const struct modal *modal =
	        *external_id ? modals_find(call->sim->modals, external_id, NULL) : NULL;

	return modal && str_equal(json_str(modal->body, "external_id"), external_id);
}

static void answer(struct api_call *call, const struct modal *modal)
{
	json_set(call->reply, "view", modals_view(call->sim->modals, modal));
}

static void open_or_push(struct api_call *call, bool push)
{
	struct modals *modals = call->sim->modals;
	const char *trigger = api_need(call, "trigger_id"), *user_id = NULL, *error;
	autojson cJSON *view = trigger ? read_view(call, "modal") : NULL;
	const struct modal *previous = NULL;

	if (!view) {
		return;
	}
	error = modals_use_trigger(modals, trigger, &user_id);
	if (!error && push) {
		previous = modals_find(modals, NULL, user_id);
		error = !previous ? "not_found"
		        : modals_depth(modals, previous) >= STACK_MAX
		                ? "push_limit_reached"
		                : NULL;
	}
	if (!error && is_taken(call, view)) {
		error = "duplicate_external_id";
	}
	if (error) {
		api_fail(call, error);
		return;
	}
	answer(call, modals_open(modals, user_id, previous, view));
}

static void run_open(struct api_call *call)
{
	open_or_push(call, false);
}

static void run_push(struct api_call *call)
{
	open_or_push(call, true);
}

static void run_update(struct api_call *call)
{
	const char *id = api_str(call, "view_id"), *hash = api_str(call, "hash");
	const char *name = id ? id : api_str(call, "external_id");
	autojson cJSON *view = NULL;
	struct modal *modal;

	if (!name) {
		api_need(call, "view_id");
		return;
	}
	view = read_view(call, "modal");
	modal = view ? modals_find(call->sim->modals, name, NULL) : NULL;
	if (!view) {
		return;
	}
	if (!modal) {
		api_fail(call, "not_found");
	} else if (hash && *hash && !str_equal(hash, modal->hash)) {
		api_fail(call, "hash_conflict");
	} else {
		modals_change(call->sim->modals, modal, view);
		answer(call, modal);
	}
}

static void run_publish(struct api_call *call)
{
	struct modals *modals = call->sim->modals;
	const char *user_id = api_need(call, "user_id"), *hash = api_str(call, "hash");
	autojson cJSON *view = user_id ? read_view(call, "home") : NULL;
	struct modal *home;

	if (!view) {
		return;
	}
	if (!workspace_user(&call->sim->ws, user_id)) {
		api_fail(call, "user_not_found");
		return;
	}
	home = modals_home(modals, user_id);
	if (home && hash && *hash && !str_equal(hash, home->hash)) {
		api_fail(call, "hash_conflict");
		return;
	}
	if (home) {
		modals_change(modals, home, view);
	} else {
		home = modals_open(modals, user_id, NULL, view);
	}
	answer(call, home);
}

const struct api_method api_views_methods[] = {
        {"views.open", FOR_BOT | TAKES_JSON, TIER_4, "", run_open},
        {"views.push", FOR_BOT | TAKES_JSON, TIER_4, "", run_push},
        {"views.update", FOR_BOT | TAKES_JSON, TIER_4, "", run_update},
        {"views.publish", FOR_BOT | TAKES_JSON, TIER_4, "", run_publish},
        {0},
};
