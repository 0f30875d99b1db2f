#include "sim-slack/emoji/emoji.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/api.h"
#include "sim-slack/events.h"
#include "sim-slack/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 128, PICTURE_BYTES = 8192 };

bool emoji_is_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_+-'");

	return n > 0 && n < EMOJI_NAME_BYTES && name[n] == '\0';
}

bool emoji_known(
        const struct sim_slack *sim, const char *name, char out[EMOJI_NAME_BYTES])
{
	if (emoji_canonical(str_from(name), out)) {
		return true;
	}
	if (!emoji_is_name(name) || !map_get(sim->ws.emoji, name)) {
		return false;
	}
	snprintf(out, EMOJI_NAME_BYTES, "%s", name);
	return true;
}

/* ---- changing ---- */

static void report(struct sim_slack *sim, const char *name, const char *action)
{
	cJSON *record = json_set_str(sim_record("emoji", NULL), "name", name);

	sim->ws.emoji_us = loop_wall_ms(sim->loop) * 1000;
	sim_report(sim, json_set_str(record, "action", action));
}

static void emit(struct sim_slack *sim, cJSON *inner)
{
	struct event event = {"emoji_changed", "emoji:read", NULL, false};

	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

static cJSON *changed(const char *subtype)
{
	return json_set_str(event_new("emoji_changed"), "subtype", subtype);
}

void act_emoji_add(struct sim_slack *sim, const char *name, const char *value)
{
	char colour[17];
	char *kept;

	ids_hex(&sim->ids.names, colour, 16);
	kept = value ? xstrdup(value)
	             : xasprintf("%s/emoji/%s/%s/%s.png", sim->url, sim->ws.team_id, name,
	                       colour);
	free(map_set(sim->ws.emoji, name, kept));
	report(sim, name, "added");
	emit(sim,
	        json_set_str(json_set_str(changed("add"), "name", name), "value", kept));
}

void act_emoji_remove(struct sim_slack *sim, const char *name)
{
	cJSON *names = cJSON_CreateArray();

	cJSON_AddItemToArray(names, cJSON_CreateString(name));
	free(map_del(sim->ws.emoji, name));
	report(sim, name, "removed");
	emit(sim, json_set(changed("remove"), "names", names));
}

void act_emoji_rename(struct sim_slack *sim, const char *name, const char *to)
{
	char *value = map_del(sim->ws.emoji, name);
	cJSON *inner = json_set_str(changed("rename"), "old_name", name);

	json_set_str(inner, "new_name", to);
	json_set_str(inner, "value", value);
	free(map_set(sim->ws.emoji, to, value));
	report(sim, to, "renamed");
	emit(sim, inner);
}

/* ---- showing ---- */

static void run_emoji_list(struct api_call *call)
{
	const struct workspace *ws = &call->sim->ws;
	cJSON *list = json_new();
	char ts[TS_SIZE];
	const char *name;
	void *value;

	for (size_t i = 0; map_next(ws->emoji, &i, &name, &value);) {
		json_set_str(list, name, value);
	}
	ts_format(ws->emoji_us, ts);
	json_set(call->reply, "emoji", list);
	json_set_str(call->reply, "cache_ts", ts);
}

void emoji_handle_request(const struct sim_slack *sim, struct http_request *req)
{
	const char *colour = strrchr(http_request_path(req), '/') + 1;
	struct buf png;

	(void)sim;
	if (!str_ends(colour, ".png")) {
		http_request_reply(req, 404, "text/plain", str_from("no such picture\n"));
		return;
	}
	buf_init(&png, PICTURE_BYTES);
	picture_png(&png, SIDE, SIDE, colour);
	http_request_reply(req, 200, "image/png", buf_str(&png));
	buf_finish(&png);
}

const struct api_method api_emoji_methods[] = {
        {"emoji.list", FOR_BOT | FOR_USER, TIER_2, "emoji:read", run_emoji_list},
        {0},
};
