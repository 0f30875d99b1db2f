#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000, HISTORY_MAX = 999 };

#define READ_SCOPES "channels:read,groups:read,im:read,mpim:read"
#define HISTORY_SCOPES "channels:history,groups:history,im:history,mpim:history"

/* ---- lists ---- */

/* The bits (1 << CHANNEL_...) of the types argument. False and the call failed. */
static bool read_types(struct api_call *call, unsigned *out)
{
	static const char *const names[CHANNEL_KINDS] = {
	        "public_channel", "private_channel", "mpim", "im"};
	const char *types = api_str(call, "types");

	*out = 0;
	for (const char *p = types && *types ? types : "public_channel"; *p;) {
		size_t n = strcspn(p, ","), kind = 0;

		while (kind < CHANNEL_KINDS &&
		        (strlen(names[kind]) != n || memcmp(names[kind], p, n) != 0)) {
			kind++;
		}
		if (kind == CHANNEL_KINDS) {
			api_fail(call, "invalid_types");
			return false;
		}
		*out |= 1U << kind;
		p += n;
		p += strspn(p, ", ");
	}
	for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
		const char *scopes = scopes_for(SCOPE_READ, (enum channel_kind)kind);

		if ((*out & (1U << kind)) && !api_has_scope(call, scopes)) {
			api_fail_scope(call, scopes);
			return false;
		}
	}
	return true;
}

/* One page of the conversations a list is made of. The filter on archived ones runs after
 * paging, as Slack's does: pages may be short, or empty, with more to come. */
static void list_page(struct api_call *call, const struct user *member, unsigned types,
        unsigned what, int64_t limit, char **from)
{
	const struct user *bot = call->user;
	bool no_archived = api_bool(call, "exclude_archived", false);
	cJSON *list = cJSON_CreateArray();
	struct channel *channel;
	size_t cursor = 0;
	int64_t count = 0;

	json_set(call->reply, "channels", list);
	while ((channel = workspace_next_channel(&call->sim->ws, &cursor))) {
		bool visible =
		        channel->kind == CHANNEL_PUBLIC || channel_has(channel, bot);

		if (*from && !str_equal(*from, channel->id)) {
			continue;
		}
		str_replace(from, NULL);
		if (!(types & (1U << channel->kind)) || !visible ||
		        (member && !channel_has(channel, member))) {
			continue;
		}
		if (count++ == limit) {
			break;
		}
		if (!no_archived || !channel->archived) {
			cJSON_AddItemToArray(
			        list, view_channel(call->sim, call->user, channel, what));
		}
	}
	if (*from) {
		api_fail(call, "invalid_cursor");
		return;
	}
	api_next_cursor(call, "team", channel ? channel->id : NULL);
}

static void run_list(struct api_call *call)
{
	autofree char *from = NULL;
	unsigned types;
	int64_t limit;

	if (read_types(call, &types) && api_limit(call, PAGE_DEFAULT, PAGE_MAX, &limit) &&
	        api_cursor(call, "team", &from)) {
		list_page(call, NULL, types, VIEW_MEMBERSHIP | VIEW_NUM_MEMBERS, limit,
		        &from);
	}
}

static void run_users_conversations(struct api_call *call)
{
	const char *id = api_str(call, "user");
	const struct user *user =
	        id && *id ? workspace_user(&call->sim->ws, id) : call->user;
	autofree char *from = NULL;
	unsigned types;
	int64_t limit;

	if (!user) {
		api_fail(call, "user_not_found");
	} else if (read_types(call, &types) &&
	           api_limit(call, PAGE_DEFAULT, PAGE_MAX, &limit) &&
	           api_cursor(call, "team", &from)) {
		list_page(call, user, types, 0, limit, &from);
	}
}

/* ---- one conversation ---- */

static void run_info(struct api_call *call)
{
	const struct channel *channel = api_channel(call, SCOPE_READ);
	unsigned what = VIEW_MEMBERSHIP;

	if (!channel) {
		return;
	}
	if (api_bool(call, "include_num_members", false)) {
		what |= VIEW_NUM_MEMBERS;
	}
	if (api_is_in(call, channel)) {
		what |= VIEW_LAST_READ;
	}
	json_set(call->reply, "channel",
	        view_channel(call->sim, call->user, channel, what));
}

static void run_members(struct api_call *call)
{
	const struct channel *channel = api_channel(call, SCOPE_READ);
	autofree char *from = NULL;
	cJSON *members;
	struct user *user;
	size_t cursor = 0;
	int64_t limit, count = 0;

	if (!channel || !api_limit(call, PAGE_DEFAULT, PAGE_MAX, &limit) ||
	        !api_cursor(call, "user_id", &from)) {
		return;
	}
	members = cJSON_CreateArray();
	json_set(call->reply, "members", members);
	while ((user = channel_next_member(channel, &cursor))) {
		if (from && !str_equal(from, user->id)) {
			continue;
		}
		str_replace(&from, NULL);
		if (count++ == limit) {
			break;
		}
		cJSON_AddItemToArray(members, cJSON_CreateString(user->id));
	}
	if (from) {
		api_fail(call, "invalid_cursor");
		return;
	}
	api_next_cursor(call, "user_id", user ? user->id : NULL);
}

/* ---- history ---- */

/* Which messages: those after `low` and before `high`, in microseconds, both excluded. */
struct span {
	int64_t low, high;
	int64_t limit;
	bool metadata;
};

static bool read_bound(
        struct api_call *call, const char *name, const char *error, int64_t *out)
{
	const char *text = api_str(call, name);

	if (!text || !*text || ts_parse(text, out)) {
		return true;
	}
	api_fail(call, error);
	return false;
}

static bool read_span(struct api_call *call, int64_t default_limit, struct span *out)
{
	bool inclusive = api_bool(call, "inclusive", false);
	int64_t oldest = -1, latest = INT64_MAX - 1;

	out->metadata = api_bool(call, "include_all_metadata", false);
	if (!read_bound(call, "oldest", "invalid_ts_oldest", &oldest) ||
	        !read_bound(call, "latest", "invalid_ts_latest", &latest) ||
	        !api_limit(call, default_limit, PAGE_MAX, &out->limit)) {
		return false;
	}
	/* "inclusive" means nothing for a bound that was not given. */
	out->low = inclusive && oldest >= 0 ? oldest - 1 : oldest;
	out->high = inclusive && latest < INT64_MAX - 1 ? latest + 1 : latest;
	if (out->limit > HISTORY_MAX) {
		out->limit = HISTORY_MAX;
	}
	return true;
}

/* Moves the bound to where the cursor points. False and the call failed. */
static bool read_next_ts(struct api_call *call, int64_t *bound, int64_t step)
{
	autofree char *value = NULL;
	int64_t us;

	if (!api_cursor(call, "next_ts", &value)) {
		return false;
	}
	if (value) {
		if (!str_to_int64(str_from(value), 0, INT64_MAX - 1, &us)) {
			api_fail(call, "invalid_cursor");
			return false;
		}
		*bound = us + step;
	}
	return true;
}

static void next_ts(struct api_call *call, const struct message *next)
{
	autofree char *text = NULL;

	json_set_bool(call->reply, "has_more", next != NULL);
	if (next) {
		text = xasprintf("%lld", (long long)next->us);
		api_next_cursor(call, "next_ts", text);
	}
}

static cJSON *shown(
        const struct api_call *call, const struct message *message, bool metadata)
{
	return view_message(
	        call->sim, message, VIEW_THREAD | (metadata ? VIEW_METADATA : 0));
}

/* Replies are the thread's, unless they were sent to the channel as well. */
static bool in_history(const struct message *message)
{
	return !message->thread_ts || str_equal(message->subtype, "thread_broadcast");
}

static int64_t count_pins(const struct channel *channel)
{
	int64_t count = 0;

	for (size_t i = 0; i < channel->message_count; i++) {
		count += channel->messages[i]->pinned_by != NULL;
	}
	return count;
}

static void run_history(struct api_call *call)
{
	const struct channel *channel = api_own_channel(call, SCOPE_HISTORY);
	const struct message *next = NULL;
	struct span span;
	cJSON *list;
	size_t at;

	if (!channel || !read_span(call, PAGE_DEFAULT, &span) ||
	        !read_next_ts(call, &span.high, 1)) {
		return;
	}
	list = cJSON_CreateArray();
	json_set(call->reply, "messages", list);
	at = channel_seek(channel, span.high);
	while (at-- > 0 && channel->messages[at]->us > span.low) {
		const struct message *message = channel->messages[at];

		if (!in_history(message)) {
			continue;
		}
		if (span.limit-- == 0) {
			next = message;
			break;
		}
		cJSON_AddItemToArray(list, shown(call, message, span.metadata));
	}
	json_set_int(call->reply, "pin_count", count_pins(channel));
	cJSON_AddNullToObject(call->reply, "channel_actions_ts");
	json_set_int(call->reply, "channel_actions_count", 0);
	next_ts(call, next);
}

static void list_replies(struct api_call *call, const struct message *parent,
        struct span *span, bool first_page)
{
	const struct channel *channel = parent->channel;
	const struct message *next = NULL;
	cJSON *list = cJSON_CreateArray();

	json_set(call->reply, "messages", list);
	if (first_page) {
		span->limit--;
		cJSON_AddItemToArray(list, shown(call, parent, span->metadata));
	}
	for (size_t at = channel_seek(channel, span->low + 1);
	        at < channel->message_count; at++) {
		const struct message *reply = channel->messages[at];

		if (reply->us >= span->high) {
			break;
		}
		if (!str_equal(reply->thread_ts, parent->ts)) {
			continue;
		}
		if (span->limit-- <= 0) {
			next = reply;
			break;
		}
		cJSON_AddItemToArray(list, shown(call, reply, span->metadata));
	}
	next_ts(call, next);
}

static void run_replies(struct api_call *call)
{
	const struct channel *channel = api_own_channel(call, SCOPE_HISTORY);
	const char *ts = channel ? api_need(call, "ts") : NULL;
	const struct message *message, *parent;
	const char *cursor = api_str(call, "cursor");
	struct span span;

	if (!ts || !read_span(call, PAGE_MAX, &span) ||
	        !read_next_ts(call, &span.low, -1)) {
		return;
	}
	message = channel_message(channel, ts);
	parent = message ? message_parent(message) : NULL;
	if (!message) {
		api_fail(call, "thread_not_found");
		return;
	}
	list_replies(call, parent ? parent : message, &span, !(cursor && *cursor));
}

const struct api_method api_conversations_methods[] = {
        {"conversations.list", FOR_BOT, TIER_2, READ_SCOPES, run_list},
        {"users.conversations", FOR_BOT, TIER_3, READ_SCOPES, run_users_conversations},
        {"conversations.info", FOR_BOT, TIER_3, READ_SCOPES, run_info},
        {"conversations.members", FOR_BOT, TIER_4, READ_SCOPES, run_members},
        {"conversations.history", FOR_BOT | TAKES_JSON, TIER_3, HISTORY_SCOPES,
                run_history},
        {"conversations.replies", FOR_BOT, TIER_3, HISTORY_SCOPES, run_replies},
        {0},
};
