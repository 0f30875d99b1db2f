#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/relations.h"

#include <string.h>

/* The viewer's membership when the event stood (MSC4115). */
static const char *membership_at(const struct event *event, const char *viewer)
{
	const struct event *member = map_get(event->room->members, viewer);

	while (member != NULL && member->count > event->count) {
		member = member->replaces;
	}
	return member != NULL ? content_str(member->content, "membership") : "leave";
}

static bool is_for_client(const char *viewer)
{
	return viewer != NULL && viewer[0] != '\0';
}

static cJSON *unsigned_of(
        const struct event *event, enum event_form form, const char *viewer)
{
	const struct profile *profile = event->room->sim->profile;
	cJSON *out = json_new();
	cJSON *relations = NULL;
	bool own = viewer == NULL || strcmp(viewer, event->sender) == 0;

	if (event->redacted_by != NULL) {
		cJSON *because = event_to_json(event->redacted_by,
		        form == EVENT_SYNC ? EVENT_SYNC_STATE : EVENT_STATE, viewer);
		json_set(out, "redacted_because", because);
		if (!profile->old_fields) {
			return out;
		}
		json_set_str(out, "redacted_by", event->redacted_by->event_id);
	}
	if (event->replaces != NULL) {
		json_set(out, "prev_content", content_share(event->replaces->content));
		json_set_str(out, "prev_sender", event->replaces->sender);
		json_set_str(out, "replaces_state", event->replaces->event_id);
	}
	if (own) {
		json_set_str(out, "transaction_id", event->txn_id);
	}
	if (!is_for_client(viewer)) {
		return out;
	}
	if (profile->old_fields) {
		json_set_int(
		        out, "age", loop_wall_ms(event->room->sim->loop) - event->ts_ms);
	}
	if (form == EVENT_FULL || form == EVENT_SYNC) {
		if (profile->old_fields) {
			json_set_str(out, "membership", membership_at(event, viewer));
		}
		relations = event->redacted_by == NULL ? relations_of(event, viewer, form)
		                                       : NULL;
	}
	if (relations != NULL) {
		json_set(out, "m.relations", relations);
	}
	return out;
}

/* What clients of the first API version look for at the top. */
static void add_old_fields(const struct event *event, const cJSON *more, cJSON *json)
{
	static const char *const copied[] = {
	        "age", "prev_content", "redacted_because", "replaces_state"};

	json_set_str(json, "user_id", event->sender);
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		const cJSON *value = content_get(more, copied[i]);
		if (value != NULL) {
			json_set(json, copied[i], content_copy(value));
		}
	}
}

static bool has_room(enum event_form form)
{
	return form == EVENT_FULL || form == EVENT_STATE || form == EVENT_RAW;
}

cJSON *event_to_json(const struct event *event, enum event_form form, const char *viewer)
{
	cJSON *json = json_new();
	cJSON *more;

	json_set(json, "content", content_share(event->content));
	if (form != EVENT_STRIPPED) {
		json_set_str(json, "event_id", event->event_id);
		json_set_int(json, "origin_server_ts", event->ts_ms);
		json_set_str(json, "redacts", event->redacts);
	}
	if (has_room(form)) {
		json_set_str(json, "room_id", event->room->room_id);
	}
	json_set_str(json, "sender", event->sender);
	json_set_str(json, "state_key", event->state_key);
	json_set_str(json, "type", event->type);
	if (form == EVENT_STRIPPED) {
		return json;
	}
	more = unsigned_of(event, form, viewer);
	if (event->room->sim->profile->old_fields && is_for_client(viewer) &&
	        (form == EVENT_FULL || form == EVENT_STATE)) {
		add_old_fields(event, more, json);
	}
	if (more->child != NULL) {
		json_set(json, "unsigned", more);
	} else {
		cJSON_Delete(more);
	}
	return json;
}

void event_add_age(const struct sim_matrix *sim, const struct event *event, cJSON *json)
{
	cJSON *more = cJSON_GetObjectItemCaseSensitive(json, "unsigned");

	if (more == NULL) {
		more = json_new();
		json_set(json, "unsigned", more);
	}
	json_set_int(more, "age", loop_wall_ms(sim->loop) - event->ts_ms);
}
