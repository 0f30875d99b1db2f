/* Relations bundled into the event they are about. */
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"

#include <string.h>

struct bundle {
	const struct event *edit, *latest; /* the newest edit; the newest in the thread */
	int64_t in_thread;
	bool viewer_took_part;
	cJSON *references; /* NULL: none */
};

static void take(struct bundle *bundle, const struct event *target,
        const struct event *event, const char *viewer)
{
	const char *kind = relation_type(event->content);

	if (str_equal(kind, "m.replace") && strcmp(event->sender, target->sender) == 0 &&
	        strcmp(event->type, target->type) == 0) {
		bundle->edit = event;
	} else if (str_equal(kind, "m.thread")) {
		bundle->latest = event;
		bundle->in_thread++;
		bundle->viewer_took_part |= strcmp(event->sender, viewer) == 0;
	} else if (str_equal(kind, "m.reference")) {
		if (bundle->references == NULL) {
			bundle->references = cJSON_CreateArray();
		}
		cJSON_AddItemToArray(bundle->references,
		        json_set_str(json_new(), "event_id", event->event_id));
	}
}

static cJSON *thread_summary(
        const struct bundle *bundle, const char *viewer, enum event_form form)
{
	cJSON *json = json_set_int(json_new(), "count", bundle->in_thread);

	json_set_bool(json, "current_user_participated", bundle->viewer_took_part);
	return json_set(
	        json, "latest_event", event_to_json(bundle->latest, form, viewer));
}

void event_bundle(
        const struct event *event, const char *viewer, enum event_form form, cJSON *more)
{
	const struct room *room = event->room;
	enum event_form inner = form == EVENT_SYNC ? EVENT_SYNC_STATE : EVENT_STATE;
	struct bundle bundle = {0};
	cJSON *json;

	if (!event->is_related || event->redacted_by != NULL) {
		return;
	}
	for (size_t i = event->place + 1; i < room->event_count; i++) {
		const struct event *later = room->events[i];
		if (later->redacted_by == NULL &&
		        str_equal(relation_target(later->content), event->event_id)) {
			take(&bundle, event, later, viewer);
		}
	}
	json = json_new();
	if (bundle.edit != NULL) {
		json_set(json, "m.replace", event_to_json(bundle.edit, inner, viewer));
	}
	if (bundle.latest != NULL) {
		json_set(json, "m.thread", thread_summary(&bundle, viewer, inner));
	}
	if (bundle.references != NULL) {
		json_set(json, "m.reference",
		        json_set(json_new(), "chunk", bundle.references));
	}
	if (json->child != NULL) {
		json_set(more, "m.relations", json);
	} else {
		cJSON_Delete(json);
	}
}
