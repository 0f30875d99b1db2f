#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

#include "bridge/convert/to_matrix.h"

/* The message is converted once with names that know nothing and remember what they were
 * asked: so the list is what a conversion needs, by construction. */

static bool note_user(void *arg, const char *user_id, struct to_matrix_user *out)
{
	struct to_matrix_refs *refs = arg;

	(void)out;
	id_list_add(&refs->users, str_from(user_id));
	return false;
}

static bool note_channel(void *arg, const char *channel_id, struct to_matrix_channel *out)
{
	struct to_matrix_refs *refs = arg;

	(void)out;
	id_list_add(&refs->channels, str_from(channel_id));
	return false;
}

static const char *note_group(void *arg, const char *group_id)
{
	struct to_matrix_refs *refs = arg;

	id_list_add(&refs->groups, str_from(group_id));
	return NULL;
}

static const char *note_emoji(void *arg, const char *name)
{
	struct to_matrix_refs *refs = arg;

	id_list_add(&refs->emoji, str_from(name));
	return NULL;
}

static bool has_message(const struct to_matrix_refs *refs, const char *host,
        const char *channel_id, const char *ts)
{
	for (size_t i = 0; i < refs->message_count; i++) {
		const struct to_matrix_message_ref *ref = &refs->messages[i];
		if (str_equal(ref->host, host) &&
		        str_equal(ref->channel_id, channel_id) &&
		        str_equal(ref->ts, ts)) {
			return true;
		}
	}
	return false;
}

static const char *note_message(
        void *arg, const char *host, const char *channel_id, const char *ts)
{
	struct to_matrix_refs *refs = arg;
	size_t count = refs->message_count;

	if (count == ID_LIST_MAX || has_message(refs, host, channel_id, ts)) {
		return NULL;
	}
	if ((count & (count - 1)) == 0) {
		size_t room = count == 0 ? 1 : count * 2;
		refs->messages = xrealloc(refs->messages, room * sizeof(*refs->messages));
	}
	refs->messages[refs->message_count++] = (struct to_matrix_message_ref){
	        xstrdup_null(host), xstrdup(channel_id), xstrdup(ts)};
	return NULL;
}

void to_matrix_list_refs(const cJSON *message, struct to_matrix_refs *out)
{
	const struct to_matrix_names names = {.arg = out,
	        .user = note_user,
	        .channel = note_channel,
	        .group = note_group,
	        .emoji = note_emoji,
	        .message = note_message};
	struct to_matrix unused;

	memset(out, 0, sizeof(*out));
	to_matrix_convert(message, &names, NULL, &unused);
	to_matrix_finish(&unused);
}

void to_matrix_refs_finish(struct to_matrix_refs *refs)
{
	id_list_finish(&refs->users);
	id_list_finish(&refs->channels);
	id_list_finish(&refs->groups);
	id_list_finish(&refs->emoji);
	for (size_t i = 0; i < refs->message_count; i++) {
		free(refs->messages[i].host);
		free(refs->messages[i].channel_id);
		free(refs->messages[i].ts);
	}
	free(refs->messages);
	memset(refs, 0, sizeof(*refs));
}
