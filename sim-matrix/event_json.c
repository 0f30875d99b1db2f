#include "sim-matrix/content.h"
#include "sim-matrix/events.h"

#include <string.h>

static cJSON *unsigned_of(const struct event *event, const char *viewer)
{
	cJSON *out = json_new();
	bool own = viewer == NULL || strcmp(viewer, event->sender) == 0;

	if (event->redacted_by != NULL) {
		cJSON *because = event_to_json(event->redacted_by, EVENT_FULL, viewer);
		json_set(out, "redacted_because", because);
		return out;
	}
	if (event->replaces != NULL) {
		json_set(out, "prev_content", content_share(event->replaces->content));
		json_set_str(out, "prev_sender", event->replaces->sender);
		json_set_str(out, "replaces_state", event->replaces->event_id);
	}
	if (own) {
		json_set_str(out, "transaction_id", event->txn_id);
	}
	return out;
}

cJSON *event_to_json(const struct event *event, enum event_form form, const char *viewer)
{
	cJSON *json = json_new();
	cJSON *more;

	json_set(json, "content", content_share(event->content));
	if (form != EVENT_STRIPPED) {
		json_set_str(json, "event_id", event->event_id);
		json_set_int(json, "origin_server_ts", event->ts_ms);
		/* Clients of older room versions look for it here. */
		json_set_str(json, "redacts",
		        strcmp(event->type, "m.room.redaction") == 0
		                ? content_str(event->content, "redacts")
		                : NULL);
	}
	if (form == EVENT_FULL) {
		json_set_str(json, "room_id", event->room->room_id);
	}
	json_set_str(json, "sender", event->sender);
	json_set_str(json, "state_key", event->state_key);
	json_set_str(json, "type", event->type);
	if (form != EVENT_STRIPPED) {
		more = unsigned_of(event, viewer);
		if (more->child != NULL) {
			json_set(json, "unsigned", more);
		} else {
			cJSON_Delete(more);
		}
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
