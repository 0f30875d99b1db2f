#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

#include "bridge/convert/to_slack.h"

/* As in to_matrix_refs.c: one conversion with names that only remember. */

static bool note_user(void *arg, const char *mxid, struct to_slack_user *out)
{
	struct to_slack_refs *refs = arg;

	(void)out;
	id_list_add(&refs->users, str_from(mxid));
	return false;
}

static bool note_room(void *arg, const char *room, struct to_slack_channel *out)
{
	struct to_slack_refs *refs = arg;

	(void)out;
	id_list_add(&refs->rooms, str_from(room));
	return false;
}

static const char *note_emoji(void *arg, const char *mxc)
{
	struct to_slack_refs *refs = arg;

	id_list_add(&refs->emoji, str_from(mxc));
	return NULL;
}

static const char *note_handle(void *arg, const char *handle)
{
	struct to_slack_refs *refs = arg;

	id_list_add(&refs->handles, str_from(handle));
	return NULL;
}

static const char *note_event(void *arg, const char *room, const char *event_id)
{
	struct to_slack_refs *refs = arg;
	size_t count = refs->event_count;

	for (size_t i = 0; i < count; i++) {
		if (str_equal(refs->events[i].room, room) &&
		        str_equal(refs->events[i].event_id, event_id)) {
			return NULL;
		}
	}
	if (count == ID_LIST_MAX) {
		return NULL;
	}
	if ((count & (count - 1)) == 0) {
		size_t wanted = count == 0 ? 1 : count * 2;
		refs->events = xrealloc(refs->events, wanted * sizeof(*refs->events));
	}
	refs->events[refs->event_count++] =
	        (struct to_slack_event_ref){xstrdup(room), xstrdup(event_id)};
	return NULL;
}

void to_slack_list_refs(const cJSON *content, struct to_slack_refs *out)
{
	const struct to_slack_names names = {.arg = out,
	        .user = note_user,
	        .channel = note_room,
	        .group = note_handle,
	        .emoji = note_emoji,
	        .message = note_event};
	const struct to_slack_options options = {.may_ping_groups = true};
	struct to_slack unused;

	memset(out, 0, sizeof(*out));
	to_slack_convert(content, &names, &options, &unused);
	to_slack_finish(&unused);
}

void to_slack_refs_finish(struct to_slack_refs *refs)
{
	id_list_finish(&refs->users);
	id_list_finish(&refs->rooms);
	id_list_finish(&refs->emoji);
	id_list_finish(&refs->handles);
	for (size_t i = 0; i < refs->event_count; i++) {
		free(refs->events[i].room);
		free(refs->events[i].event_id);
	}
	free(refs->events);
	memset(refs, 0, sizeof(*refs));
}
