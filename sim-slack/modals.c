#include "sim-slack/modals.h"

#include "lib/list.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIGGERS_KEPT = 200, VIEWS_KEPT = 200, HASH_HEX = 32 };

struct trigger {
	struct list link; /* modals::triggers, oldest first */
	char *id;
	char *user_id;
	int64_t until_ms;
	bool used;
};

struct modals {
	struct sim_slack *sim;
	struct list triggers;
	size_t trigger_count;
	struct list all; /* modal::link */
	size_t count;
};

struct modals *modals_create(struct sim_slack *sim)
{
	struct modals *modals = xcalloc(1, sizeof(*modals));

	modals->sim = sim;
	list_init(&modals->triggers);
	list_init(&modals->all);
	return modals;
}

static void trigger_free(struct modals *modals, struct trigger *trigger)
{
	list_del(&trigger->link);
	modals->trigger_count--;
	free(trigger->id);
	free(trigger->user_id);
	free(trigger);
}

void modals_close(struct modals *modals, struct modal *modal)
{
	list_del(&modal->link);
	modals->count--;
	cJSON_Delete(modal->body);
	cJSON_Delete(modal->state);
	free(modal->id);
	free(modal->hash);
	free(modal->user_id);
	free(modal->root_id);
	free(modal->previous_id);
	free(modal);
}

void modals_destroy(struct modals **modals)
{
	if (!*modals) {
		return;
	}
	list_for_each(link, &(*modals)->triggers)
	{
		trigger_free(*modals, container_of(link, struct trigger, link));
	}
	list_for_each(link, &(*modals)->all)
	{
		modals_close(*modals, container_of(link, struct modal, link));
	}
	free(*modals);
	*modals = NULL;
}

/* ---- triggers ---- */

char *modals_trigger(struct modals *modals, const struct user *user)
{
	struct sim_slack *sim = modals->sim;
	struct trigger *trigger = xcalloc(1, sizeof(*trigger));
	char hex[HASH_HEX + 1];

	ids_hex(&sim->ids.secrets, hex, HASH_HEX);
	trigger->id = xasprintf("%llu.%llu.%s",
	        1000000000000ULL + rand_below(&sim->ids.secrets, 9000000000000ULL),
	        1000000000000ULL + rand_below(&sim->ids.secrets, 9000000000000ULL), hex);
	trigger->user_id = xstrdup(user->id);
	trigger->until_ms = loop_now_ms(sim->loop) + sim->knobs.trigger_ttl;
	list_add_tail(&modals->triggers, &trigger->link);
	if (++modals->trigger_count > TRIGGERS_KEPT) {
		trigger_free(modals,
		        container_of(modals->triggers.next, struct trigger, link));
	}
	return xstrdup(trigger->id);
}

const char *modals_use_trigger(
        struct modals *modals, const char *trigger_id, const char **user_id)
{
	list_for_each(link, &modals->triggers)
	{
		struct trigger *trigger = container_of(link, struct trigger, link);

		if (!str_equal(trigger->id, trigger_id)) {
			continue;
		}
		if (trigger->used) {
			return "exchanged_trigger_id";
		}
		if (trigger->until_ms < loop_now_ms(modals->sim->loop)) {
			return "expired_trigger_id";
		}
		trigger->used = true;
		*user_id = trigger->user_id;
		return NULL;
	}
	return "invalid_trigger_id";
}

/* ---- views ---- */

static char *new_hash(struct modals *modals)
{
	char hex[9];

	ids_hex(&modals->sim->ids.names, hex, 8);
	return xasprintf("%lld.%s", (long long)sim_now_s(modals->sim), hex);
}

struct modal *modals_open(struct modals *modals, const char *user_id,
        const struct modal *previous, const cJSON *body)
{
	struct modal *modal = xcalloc(1, sizeof(*modal));

	modal->id = ids_object(&modals->sim->ids, "V");
	modal->user_id = xstrdup(user_id);
	modal->root_id = xstrdup(previous ? previous->root_id : modal->id);
	modal->previous_id = xstrdup_null(previous ? previous->id : NULL);
	list_add_tail(&modals->all, &modal->link);
	if (++modals->count > VIEWS_KEPT) {
		modals_close(modals, container_of(modals->all.next, struct modal, link));
	}
	modals_change(modals, modal, body);
	return modal;
}

void modals_change(struct modals *modals, struct modal *modal, const cJSON *body)
{
	cJSON *copy = cJSON_Duplicate(body, true);

	cJSON_Delete(modal->body);
	modal->body = copy;
	modal->home = str_equal(json_str(body, "type"), "home");
	free(modal->hash);
	modal->hash = new_hash(modals);
}

void modals_clear(struct modals *modals, struct modal *modal)
{
	autofree char *root_id = xstrdup(modal->root_id);

	list_for_each(link, &modals->all)
	{
		struct modal *other = container_of(link, struct modal, link);

		if (str_equal(other->root_id, root_id)) {
			modals_close(modals, other);
		}
	}
}

static bool is_named(const struct modal *modal, const char *name)
{
	return str_equal(modal->id, name) ||
	       str_equal(json_str(modal->body, "external_id"), name) ||
	       str_equal(json_str(modal->body, "callback_id"), name);
}

struct modal *modals_find(
        const struct modals *modals, const char *name, const char *user_id)
{
	for (struct list *it = modals->all.prev; it != &modals->all; it = it->prev) {
		struct modal *modal = container_of(it, struct modal, link);

		if ((!user_id || str_equal(modal->user_id, user_id)) &&
		        (name ? is_named(modal, name) : !modal->home)) {
			return modal;
		}
	}
	return NULL;
}

struct modal *modals_home(const struct modals *modals, const char *user_id)
{
	list_for_each(link, &modals->all)
	{
		struct modal *modal = container_of(link, struct modal, link);

		if (modal->home && str_equal(modal->user_id, user_id)) {
			return modal;
		}
	}
	return NULL;
}

unsigned modals_depth(const struct modals *modals, const struct modal *modal)
{
	unsigned depth = 0;

	list_for_each(link, &modals->all)
	{
		const struct modal *other = container_of(link, struct modal, link);

		depth += str_equal(other->root_id, modal->root_id);
	}
	return depth;
}

static void copy_or_null(cJSON *view, const cJSON *body, const char *name)
{
	const cJSON *value = json_get(body, name);

	json_set(view, name, value ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
}

static void copy_text(cJSON *view, const cJSON *body, const char *name)
{
	json_set_str(view, name, json_str_or(body, name, ""));
}

cJSON *modals_view(const struct modals *modals, const struct modal *modal)
{
	const struct sim_slack *sim = modals->sim;
	const cJSON *body = modal->body;
	cJSON *view = json_set_str(json_new(), "id", modal->id);
	cJSON *state = json_new();

	json_set_str(view, "team_id", sim->ws.team_id);
	copy_text(view, body, "type");
	copy_or_null(view, body, "blocks");
	copy_text(view, body, "private_metadata");
	copy_text(view, body, "callback_id");
	json_set(state, "values",
	        modal->state ? cJSON_Duplicate(modal->state, true) : json_new());
	json_set(view, "state", state);
	json_set_str(view, "hash", modal->hash);
	copy_or_null(view, body, "title");
	json_set_bool(view, "clear_on_close", json_bool(body, "clear_on_close", false));
	json_set_bool(view, "notify_on_close", json_bool(body, "notify_on_close", false));
	copy_or_null(view, body, "close");
	copy_or_null(view, body, "submit");
	if (modal->previous_id) {
		json_set_str(view, "previous_view_id", modal->previous_id);
	} else {
		json_set(view, "previous_view_id", cJSON_CreateNull());
	}
	json_set_str(view, "root_view_id", modal->root_id);
	json_set_str(view, "app_id", sim->app.id);
	copy_text(view, body, "external_id");
	json_set_str(view, "app_installed_team_id", sim->ws.team_id);
	return json_set_str(view, "bot_id", sim->app.bot->bot_id);
}
