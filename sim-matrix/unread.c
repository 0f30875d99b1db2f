#include "sim-matrix/unread.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/push_rules.h"

#include <string.h>

enum { LOOKED_AT = 1000 }; /* events; more unread ones are not counted */

static const char *thread_of(const struct event *event)
{
	return str_equal(relation_type(event->content), "m.thread")
	               ? relation_target(event->content)
	               : NULL;
}

/* What has been read of the room (thread NULL), or of a thread: the place behind it. A
 * receipt for the whole room counts for its threads, too. */
static size_t read_up_to(
        const struct room *room, const struct user *user, const char *thread)
{
	size_t up_to = 0;
	void *value;

	for (size_t i = 0; map_next(room->receipts, &i, NULL, &value);) {
		const struct receipt *receipt = value;
		const struct event *event;
		bool whole = receipt->thread_id == NULL;
		bool fits = thread == NULL
		                    ? whole || strcmp(receipt->thread_id, "main") == 0
		                    : whole || strcmp(receipt->thread_id, thread) == 0;
		if (!fits || strcmp(receipt->user_id, user->user_id) != 0) {
			continue;
		}
		event = event_find(room->sim, receipt->event_id);
		if (event != NULL && event->room == room && event->place + 1 > up_to) {
			up_to = event->place + 1;
		}
	}
	return up_to;
}

static void count(cJSON *counts, struct push_verdict verdict)
{
	if (verdict.notify) {
		json_set_int(counts, "notification_count",
		        json_int(counts, "notification_count", 0) + 1);
	}
	if (verdict.highlight) {
		json_set_int(counts, "highlight_count",
		        json_int(counts, "highlight_count", 0) + 1);
	}
}

static cJSON *no_counts(void)
{
	cJSON *counts = json_set_int(json_new(), "highlight_count", 0);

	return json_set_int(counts, "notification_count", 0);
}

static cJSON *counts_of_thread(cJSON *threads, const char *root)
{
	cJSON *counts = cJSON_GetObjectItemCaseSensitive(threads, root);

	if (counts == NULL) {
		counts = no_counts();
		json_set(threads, root, counts);
	}
	return counts;
}

cJSON *unread_counts(const struct room *room, const struct user *user, cJSON *threads)
{
	autojson cJSON *rules = push_rules_of(user);
	size_t read = read_up_to(room, user, NULL);
	cJSON *counts = no_counts();
	autojson cJSON *done =
	        json_new(); /* threads in which the user has spoken since */
	bool main_done = false;
	size_t looked = 0;

	for (size_t i = room->event_count; i > 0 && looked < LOOKED_AT; i--, looked++) {
		if (threads == NULL && main_done) {
			break;
		}
		const struct event *event = room->events[i - 1];
		const char *root = threads != NULL ? thread_of(event) : NULL;
		struct push_verdict verdict;
		if (strcmp(event->sender, user->user_id) == 0) {
			/* who speaks has read */
			if (root == NULL) {
				main_done = true;
			} else {
				json_set_bool(done, root, true);
			}
			continue;
		}
		if (root == NULL ? main_done : content_get(done, root) != NULL) {
			continue;
		}
		if (event->place < (root == NULL ? read : read_up_to(room, user, root)) ||
		        !event_visible(event, user->user_id)) {
			continue;
		}
		verdict = push_rules_judge(rules, user, event);
		if (verdict.notify || verdict.highlight) {
			count(root != NULL ? counts_of_thread(threads, root) : counts,
			        verdict);
		}
	}
	return counts;
}
