#include "sim-matrix/events.h"

#include "lib/mem.h"

#include "sim-matrix/admin_room.h"
#include "sim-matrix/appservice.h"
#include "sim-matrix/canonical.h"
#include "sim-matrix/content.h"
#include "sim-matrix/people.h"
#include "sim-matrix/records.h"
#include "sim-matrix/relations.h"

#include <stdlib.h>
#include <string.h>

enum {
	PDU_MAX_BYTES = 65535,
	PDU_FRAME_BYTES = 900, /* hashes, signatures, previous and auth events: about */
	NAME_MAX_BYTES = 255,
};

struct event *event_find(const struct sim_matrix *sim, const char *event_id)
{
	return event_id != NULL ? map_get(sim->events, event_id) : NULL;
}

/* ---- judging ---- */

static bool size_is_fine(const struct room *room, const struct proposal *proposal)
{
	autofree char *content = json_print(proposal->content);
	size_t key = proposal->state_key != NULL ? strlen(proposal->state_key) : 0;
	size_t type = strlen(proposal->type);

	return type <= NAME_MAX_BYTES && key <= NAME_MAX_BYTES &&
	       strlen(content) + type + key + strlen(room->room_id) +
	                       strlen(proposal->sender) + PDU_FRAME_BYTES <=
	               PDU_MAX_BYTES;
}

/* Since room version 11 the content says what a redaction is about; before, its top level
 * does, and only the specification moves what /send says there (reference 3.7). */
static const char *redaction_target(const struct sim_matrix *sim, const struct room *room,
        const struct proposal *proposal)
{
	bool moved = sim->profile->redacts_moved || room_version_number(room) >= 11;

	if (strcmp(proposal->type, "m.room.redaction") != 0) {
		return NULL;
	}
	return moved ? content_str(proposal->content, "redacts") : proposal->redacts;
}

static bool may_redact(struct sim_matrix *sim, const struct room *room,
        const struct proposal *proposal, struct fail *fail)
{
	const char *target_id = redaction_target(sim, room, proposal);
	const struct event *target = event_find(sim, target_id);

	if (strcmp(proposal->type, "m.room.redaction") != 0 || target_id == NULL) {
		return true;
	}
	if (target != NULL && strcmp(target->type, "m.room.create") == 0) {
		return fail_set(fail, FAIL_REDACT_CREATE, NULL);
	}
	if (power_of_user(room, proposal->sender) >= power_for_action(room, "redact")) {
		return true;
	}
	if (target == NULL) {
		return fail_set(fail, FAIL_REDACT_MISSING, target_id);
	}
	return strcmp(target->sender, proposal->sender) == 0 ||
	       fail_set(fail, FAIL_REDACT, NULL);
}

static bool repeats_annotation(const struct sim_matrix *sim, const struct room *room,
        const struct proposal *proposal)
{
	const char *target = relation_target(proposal->content);
	const char *key = relation_key(proposal->content);

	if (!sim->profile->annotation_once || target == NULL || key == NULL ||
	        strcmp(proposal->type, "m.reaction") != 0) {
		return false;
	}
	for (size_t i = 0; i < room->event_count; i++) {
		const struct event *event = room->events[i];
		if (event->redacted_by == NULL &&
		        strcmp(event->type, "m.reaction") == 0 &&
		        strcmp(event->sender, proposal->sender) == 0 &&
		        str_equal(relation_target(event->content), target) &&
		        str_equal(relation_key(event->content), key)) {
			return true;
		}
	}
	return false;
}

/* What Synapse wants of a relation before it lets it in. */
static bool relation_holds(struct sim_matrix *sim, const struct room *room,
        const struct proposal *proposal, struct fail *fail)
{
	const char *target_id = relation_target(proposal->content);
	const char *kind = relation_type(proposal->content);
	const struct event *target = event_find(sim, target_id);

	if (!sim->profile->strict || target_id == NULL || kind == NULL) {
		return true;
	}
	if (target == NULL) {
		return fail_set(
		        fail, FAIL_RELATION, "Can't send relation to unknown event");
	}
	if (target->room != room) {
		return fail_set(
		        fail, FAIL_RELATION, "Relations must be in the same room");
	}
	if (strcmp(kind, "m.annotation") == 0 &&
	        relation_key(proposal->content) == NULL) {
		return fail_set(fail, FAIL_RELATION, "Missing aggregation key");
	}
	if (strcmp(kind, "m.thread") == 0 && relation_type(target->content) != NULL) {
		return fail_set(fail, FAIL_RELATION,
		        "Cannot start threads from an event with a relation");
	}
	return true;
}

static bool judge(struct sim_matrix *sim, const struct room *room,
        const struct proposal *proposal, struct fail *fail)
{
	const char *why;

	if (room->event_count == 0 && strcmp(proposal->type, "m.room.create") != 0) {
		return fail_set(fail, FAIL_ROOM_UNKNOWN, room->room_id);
	}
	why = auth_rules_check(room, proposal);
	if (why != NULL && sim->profile->errors == ERRORS_SYNAPSE &&
	        !room_is_joined(room, proposal->sender) &&
	        strcmp(proposal->type, "m.room.member") != 0) {
		return fail_set(fail, FAIL_NOT_IN_ROOM, proposal->sender);
	}
	if (why != NULL) {
		return fail_set(fail, FAIL_NOT_AUTHORIZED, why);
	}
	if (!canonical_value(proposal->content)) {
		return fail_set(fail, FAIL_NOT_CANONICAL, NULL);
	}
	if (!size_is_fine(room, proposal)) {
		return fail_set(fail, FAIL_EVENT_TOO_LARGE, NULL);
	}
	if (!relation_holds(sim, room, proposal, fail)) {
		return false;
	}
	if (repeats_annotation(sim, room, proposal)) {
		return fail_set(fail, FAIL_DUPLICATE_ANNOTATION, NULL);
	}
	return may_redact(sim, room, proposal, fail);
}

/* ---- appending ---- */

/* As the reference hash of a real event, it depends on all that came before: the stream.
 */
static char *new_event_id(const struct sim_matrix *sim, const struct event *event)
{
	autofree char *source = xasprintf("%llu %llu %s %s %s",
	        (unsigned long long)sim->seed, (unsigned long long)event->count,
	        event->room->room_id, event->sender, event->type);
	autofree char *hash = sha256_base64url(str_from(source));

	return xasprintf("$%s", hash);
}

static struct event *event_make(
        struct sim_matrix *sim, struct room *room, const struct proposal *proposal)
{
	struct event *event = xcalloc(1, sizeof(*event));

	sim->count += 2; /* one for the sender's own read marker, one for the event */
	event->count = sim->count;
	event->room = room;
	event->type = xstrdup(proposal->type);
	event->sender = xstrdup(proposal->sender);
	event->state_key = xstrdup_null(proposal->state_key);
	event->redacts = xstrdup_null(redaction_target(sim, room, proposal));
	event->content = content_copy(proposal->content);
	event->txn_id = xstrdup_null(proposal->txn_id);
	event->ts_ms = proposal->ts_ms != 0 ? proposal->ts_ms : loop_wall_ms(sim->loop);
	event->by_as = proposal->by_as;
	event->event_id = new_event_id(sim, event);
	return event;
}

static void timeline_add(struct sim_matrix *sim, struct room *room, struct event *event)
{
	if (room->event_count == room->event_room) {
		room->event_room = room->event_room == 0 ? 16 : room->event_room * 2;
		room->events = xrealloc(
		        room->events, room->event_room * sizeof(room->events[0]));
	}
	event->place = room->event_count;
	room->events[room->event_count++] = event;
	map_set(sim->events, event->event_id, event);
}

static void apply_membership(
        struct sim_matrix *sim, struct room *room, struct event *event)
{
	const struct event *before = map_set(room->members, event->state_key, event);
	struct user *user = user_find(sim, event->state_key);
	bool was = before != NULL &&
	           str_equal(content_str(before->content, "membership"), "join");
	bool is = room_is_joined(room, event->state_key);

	room->joined += is && !was ? 1 : 0;
	room->joined -= was && !is ? 1 : 0;
	if (user != NULL) {
		map_set(user->rooms, room->room_id, event);
	}
	appservice_members_changed(room);
}

static void apply_state(struct sim_matrix *sim, struct room *room, struct event *event)
{
	autofree char *key = state_key_of(event->type, event->state_key);

	event->replaces = map_set(room->state, key, event);
	if (strcmp(event->type, "m.room.member") == 0) {
		apply_membership(sim, room, event);
	}
}

static void apply_redaction(struct sim_matrix *sim, const struct event *event)
{
	struct event *target = event_find(sim, event->redacts);
	cJSON *left;

	if (target == NULL || target->room != event->room ||
	        target->redacted_by != NULL) {
		return;
	}
	left = event_redacted_content(
	        target->type, target->content, room_version_number(event->room));
	target->redacted_by = event;
	relations_forget(target);
	cJSON_Delete(target->content);
	target->content = left;
}

bool event_send(struct sim_matrix *sim, struct room *room,
        const struct proposal *proposal, struct event **out, struct fail *fail)
{
	struct event *event;

	if (!admin_room_allows(sim, room, proposal, fail) ||
	        !judge(sim, room, proposal, fail)) {
		return false;
	}
	event = event_make(sim, room, proposal);
	timeline_add(sim, room, event);
	if (event->state_key != NULL) {
		apply_state(sim, room, event);
	}
	if (strcmp(event->type, "m.room.redaction") == 0) {
		apply_redaction(sim, event);
	}
	relations_note(event);
	if (out != NULL) {
		*out = event;
	}
	records_event(sim, event);
	appservices_offer(sim, event);
	timer_start(&sim->sync_timer, 0);
	people_notice(sim, event);
	admin_room_notice(sim, event);
	return true;
}
