#include "sim-matrix/relations.h"

#include "sim-matrix/content.h"

#include <string.h>

static struct event *target_of(const struct event *event)
{
	struct event *target =
	        event_find(event->room->sim, relation_target(event->content));

	return target != NULL && target->room == event->room ? target : NULL;
}

/* An edit counts if it is the author's own, and of the same kind of event. */
static bool is_valid_edit(const struct event *edit, const struct event *of)
{
	return strcmp(edit->sender, of->sender) == 0 &&
	       strcmp(edit->type, of->type) == 0 && of->state_key == NULL &&
	       content_obj(edit->content, "m.new_content") != NULL &&
	       !str_equal(relation_type(of->content), "m.replace");
}

void relations_note(struct event *event)
{
	const char *kind = relation_type(event->content);
	struct event *target = kind != NULL ? target_of(event) : NULL;

	if (target == NULL) {
		return;
	}
	if (strcmp(kind, "m.replace") == 0 && is_valid_edit(event, target)) {
		target->edited_by = event;
	} else if (strcmp(kind, "m.thread") == 0) {
		target->thread_newest = event;
		target->thread_count++;
	} else if (strcmp(kind, "m.reference") == 0) {
		target->referenced = true;
	}
}

/* From the start: the redacted event may have been the newest. */
static void count_again(struct event *target)
{
	const struct room *room = target->room;

	target->edited_by = NULL;
	target->thread_newest = NULL;
	target->thread_count = 0;
	for (size_t i = target->place + 1; i < room->event_count; i++) {
		struct event *event = room->events[i];
		if (event->redacted_by == NULL && target_of(event) == target) {
			relations_note(event);
		}
	}
}

void relations_forget(const struct event *event)
{
	struct event *target = target_of(event);

	if (target != NULL &&
	        (target->edited_by != NULL || target->thread_newest != NULL)) {
		count_again(target);
	}
}

bool relations_in_thread(const struct event *root, const char *user_id)
{
	const struct room *room = root->room;

	if (strcmp(root->sender, user_id) == 0) {
		return true;
	}
	for (size_t i = root->place + 1; i < room->event_count; i++) {
		const struct event *event = room->events[i];
		if (strcmp(event->sender, user_id) == 0 &&
		        str_equal(relation_type(event->content), "m.thread") &&
		        str_equal(relation_target(event->content), root->event_id)) {
			return true;
		}
	}
	return false;
}

static cJSON *thread_of(
        const struct event *root, const char *viewer, enum event_form form)
{
	const struct profile *profile = root->room->sim->profile;
	cJSON *json = json_new();

	json_set(json, "latest_event", event_to_json(root->thread_newest, form, viewer));
	json_set_int(json, "count", (int64_t)root->thread_count);
	return json_set_bool(json, "current_user_participated",
	        !profile->bundles_edits || relations_in_thread(root, viewer));
}

static cJSON *references_to(const struct event *event)
{
	const struct room *room = event->room;
	cJSON *chunk = cJSON_CreateArray();

	for (size_t i = event->place + 1; i < room->event_count; i++) {
		const struct event *later = room->events[i];
		if (later->redacted_by == NULL && target_of(later) == event &&
		        str_equal(relation_type(later->content), "m.reference")) {
			cJSON_AddItemToArray(chunk,
			        json_set_str(json_new(), "event_id", later->event_id));
		}
	}
	return json_set(json_new(), "chunk", chunk);
}

cJSON *relations_of(const struct event *event, const char *viewer, enum event_form form)
{
	enum event_form inner = form == EVENT_SYNC ? EVENT_SYNC_STATE : EVENT_STATE;
	bool all = event->room->sim->profile->bundles_edits;
	cJSON *json = json_new();

	if (event->edited_by != NULL && all) {
		json_set(json, "m.replace",
		        event_to_json(event->edited_by, inner, viewer));
	}
	if (event->thread_newest != NULL) {
		json_set(json, "m.thread", thread_of(event, viewer, inner));
	}
	if (event->referenced && all) {
		json_set(json, "m.reference", references_to(event));
	}
	if (json->child == NULL) {
		cJSON_Delete(json);
		return NULL;
	}
	return json;
}
