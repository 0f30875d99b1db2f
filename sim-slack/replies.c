#include "sim-slack/replies.h"

#include "lib/list.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USES_MAX = 5, LIFE_MS = 30 * 60 * 1000, URLS_KEPT = 1000, SECRET_SIZE = 33 };

struct reply_url {
	struct list link; /* replies::urls, oldest first */
	char secret[SECRET_SIZE];
	char *channel_id, *user_id, *message_ts;
	unsigned uses;
	int64_t until_ms;
};

struct replies {
	struct sim_slack *sim;
	struct list urls;
	size_t count;
};

struct replies *replies_create(struct sim_slack *sim)
{
	struct replies *replies = xcalloc(1, sizeof(*replies));

	replies->sim = sim;
	list_init(&replies->urls);
	return replies;
}

static void url_free(struct replies *replies, struct reply_url *url)
{
	list_del(&url->link);
	replies->count--;
	free(url->channel_id);
	free(url->user_id);
	free(url->message_ts);
	free(url);
}

void replies_destroy(struct replies **replies)
{
	if (!*replies) {
		return;
	}
	list_for_each(link, &(*replies)->urls)
	{
		url_free(*replies, container_of(link, struct reply_url, link));
	}
	free(*replies);
	*replies = NULL;
}

char *replies_new_url(struct replies *replies, const struct reply_to *to)
{
	struct sim_slack *sim = replies->sim;
	struct reply_url *url = xcalloc(1, sizeof(*url));

	ids_hex(&sim->ids.secrets, url->secret, SECRET_SIZE - 1);
	url->channel_id = xstrdup(to->channel_id);
	url->user_id = xstrdup(to->user_id);
	url->message_ts = xstrdup_null(to->message_ts);
	url->until_ms = loop_now_ms(sim->loop) + LIFE_MS;
	list_add_tail(&replies->urls, &url->link);
	if (++replies->count > URLS_KEPT) {
		url_free(replies,
		        container_of(replies->urls.next, struct reply_url, link));
	}
	return xasprintf("%s/response/%s/%s", sim->url, sim->ws.team_id, url->secret);
}

/* ---- doing what it says ---- */

static void show_to_one(struct sim_slack *sim, const struct channel *channel,
        const struct user *user, const char *text)
{
	cJSON *record = sim_record("ephemeral", channel);

	json_set_str(record, "text", text);
	json_set_str(record, "to", user->name);
	sim_report(sim, record);
}

static void post(struct sim_slack *sim, struct channel *channel, const cJSON *message,
        const char *text)
{
	const struct user *bot = sim->app.bot;
	const char *thread_ts = json_str(message, "thread_ts");
	const struct post it = {.channel = channel,
	        .user = bot,
	        .bot_id = bot->bot_id,
	        .text = text,
	        .thread_ts = thread_ts && channel_message(channel, thread_ts) ? thread_ts
	                                                                      : NULL,
	        .blocks = json_arr(message, "blocks"),
	        .attachments = json_arr(message, "attachments"),
	        .own_blocks = true};

	act_post(sim, &it, NULL);
}

static void replace(struct sim_slack *sim, struct message *original, const cJSON *message,
        const char *text)
{
	const struct edit edit = {.text = text,
	        .by = sim->app.bot->id,
	        .blocks = json_arr(message, "blocks"),
	        .attachments = json_arr(message, "attachments"),
	        .own_blocks = true};

	act_edit(sim, original, &edit, NULL);
}

const char *replies_apply(
        struct sim_slack *sim, const struct reply_to *to, const cJSON *message)
{
	struct channel *channel = workspace_channel(&sim->ws, to->channel_id);
	const struct user *user = workspace_user(&sim->ws, to->user_id);
	struct message *original = channel && to->message_ts
	                                   ? channel_message(channel, to->message_ts)
	                                   : NULL;
	const char *given = json_str_or(message, "text", "");
	autofree char *text = text_store(given);

	if (!channel || !user || channel->archived) {
		return channel && channel->archived ? "channel_is_archived"
		                                    : "channel_not_found";
	}
	if (json_bool(message, "delete_original", false)) {
		if (original) {
			act_delete(sim, original, NULL);
		}
		return original ? NULL : "message_not_found";
	}
	if (!*given && !json_arr(message, "blocks") &&
	        !json_arr(message, "attachments")) {
		return "no_text";
	}
	if (json_bool(message, "replace_original", false) && original) {
		replace(sim, original, message, text);
	} else if (str_equal(json_str(message, "response_type"), "in_channel")) {
		post(sim, channel, message, text);
	} else {
		show_to_one(sim, channel, user, text);
	}
	return NULL;
}

/* ---- HTTP ---- */

static struct reply_url *find(const struct replies *replies, const char *path)
{
	const char *secret = strrchr(path, '/') + 1;

	list_for_each(link, &replies->urls)
	{
		struct reply_url *url = container_of(link, struct reply_url, link);

		if (str_equal(url->secret, secret)) {
			return url;
		}
	}
	return NULL;
}

static const char *url_error(const struct replies *replies, const struct reply_url *url)
{
	if (!url || url->until_ms < loop_now_ms(replies->sim->loop)) {
		return "expired_url";
	}
	return url->uses >= USES_MAX ? "used_url" : NULL;
}

static void report(struct sim_slack *sim, const struct reply_url *url, const char *error)
{
	const struct channel *channel =
	        url ? workspace_channel(&sim->ws, url->channel_id) : NULL;
	cJSON *record = sim_record("response", channel);

	sim_report(sim, json_set_str(record, "answered", error ? error : "ok"));
}

void replies_handle_request(struct replies *replies, struct http_request *req)
{
	struct reply_url *url = find(replies, http_request_path(req));
	autojson cJSON *message = json_parse(http_request_body(req), NULL);
	const char *error = url_error(replies, url);
	int status = error ? 404 : 400;

	if (!error && !cJSON_IsObject(message)) {
		error = "invalid_payload";
	}
	if (!error) {
		const struct reply_to to = {
		        url->channel_id, url->user_id, url->message_ts};
		error = replies_apply(replies->sim, &to, message);
		url->uses += error ? 0 : 1;
	}
	report(replies->sim, url, error);
	if (error) {
		autofree char *text = xasprintf("{\"ok\":false,\"error\":\"%s\"}", error);
		http_request_reply_json(req, status, text);
	} else {
		http_request_reply(req, 200, "text/html; charset=utf-8", str_from("ok"));
	}
}
