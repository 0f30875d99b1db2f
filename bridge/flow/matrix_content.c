#include "bridge/flow/matrix_content.h"

#include "bridge/flow/app.h"
#include "bridge/flow/author.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/targets.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- who may call everybody
 */

/* The levels of a room without any (Matrix specification, m.room.power_levels). */
enum { DEFAULT_LEVEL = 0, DEFAULT_ROOM_PING_LEVEL = 50 };

static const cJSON *member(const cJSON *obj, const char *key)
{
	return cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, key) : NULL;
}

static void handle_levels(const cJSON *levels, const struct err *err, void *arg)
{
	struct matrix_content *content = arg;
	static const struct err none = ERR_INIT;
	const cJSON *own =
	        member(member(levels, "users"), payload_text(content->flow, "sender"));
	int64_t level = cJSON_IsNumber(own)
	                        ? (int64_t)own->valuedouble
	                        : json_int(levels, "users_default", DEFAULT_LEVEL);
	bool refused = err->kind == ERR_PERMANENT; /* then nobody may */

	content->may_ping_room =
	        err->kind == ERR_NONE &&
	        level >= json_int(levels, "notifications.room", DEFAULT_ROOM_PING_LEVEL);
	content->levels_known = err->kind == ERR_NONE || refused;
	flow_continue(content->flow, refused ? &none : err);
}

static enum step_rc ensure_levels(
        struct flow *flow, struct matrix_content *content, const cJSON *json)
{
	struct app *app = flow->app;

	bool calls_many = json_bool(member(json, "m.mentions"), "room", false) ||
	                  matrix_names_have_group(&content->names);

	if (content->levels_known || !calls_many) {
		return STEP_DONE;
	}
	return wait_matrix(
	        flow, matrix_get_state(app->matrix, NULL, content->portal->room_id,
	                      "m.room.power_levels", "", handle_levels, content));
}

/* ---------------------------------------------------------------- links to messages */

/* docs.slack.dev, chat.getPermalink: the ts without its dot; of an answer also the thread
 * it stands in. Caller frees. */
static char *permalink(const struct login *login, const struct portal *portal,
        const char *ts, const char *thread_ts)
{
	autofree char *digits = xstrdup(ts);
	char *to = digits;

	for (const char *from = ts; *from != '\0'; from++) {
		if (*from != '.') {
			*to++ = *from;
		}
	}
	*to = '\0';
	autofree char *thread = thread_ts[0] == '\0' || str_equal(thread_ts, ts)
	                                ? xstrdup("")
	                                : xasprintf("?thread_ts=%s&cid=%s", thread_ts,
	                                          portal->channel_id);
	return xasprintf("https://%s.slack.com/archives/%s/p%s%s", login->team_domain,
	        portal->channel_id, digits, thread);
}

static void handle_links(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct matrix_content *content = arg;
	const struct app *app = content->flow->app;

	for (size_t i = 0; err->kind == ERR_NONE && i < content->link_count; i++) {
		struct matrix_content_link *link = &content->links[i];
		const struct login *login =
		        logins_by_team(app->logins, link->portal->team_id);
		if (store_rows(results[i]) > 0 && store_int(results[i], 0, 8) == 0 &&
		        login != NULL) {
			link->url = permalink(login, link->portal,
			        store_text(results[i], 0, 0),
			        store_text(results[i], 0, 6));
		}
	}
	content->links_known = err->kind == ERR_NONE;
	flow_continue(content->flow, err);
}

/* The portal of a room whose messages may be linked to. Slack shows what a link leads to
 * beneath it, to all who read it: so it is this room, or a public channel of this
 * workspace, but no private conversation. NULL: none. */
static const struct portal *linked_portal(
        const struct matrix_content *content, const char *room)
{
	const struct app *app = content->flow->app;
	const struct portal *portal = portals_by_room(app->portals, room);

	if (portal == content->portal) {
		return portal;
	}
	return portal != NULL && str_equal(portal->team_id, content->portal->team_id) &&
	                       str_equal(portal->kind, "public")
	               ? portal
	               : NULL;
}

static enum step_rc ensure_links(struct flow *flow, struct matrix_content *content,
        const struct to_slack_refs *refs)
{
	struct app *app = flow->app;

	if (content->links_known || content->link_count > 0) {
		content->links_known = true;
		return STEP_DONE;
	}
	for (size_t i = 0; i < refs->event_count; i++) {
		const struct portal *portal =
		        linked_portal(content, refs->events[i].room);
		if (content->link_count < MATRIX_CONTENT_MAX_LINKS && portal != NULL) {
			content->links[content->link_count++] =
			        (struct matrix_content_link){.portal = portal,
			                .event_id = xstrdup(refs->events[i].event_id)};
		}
	}
	content->links_known = content->link_count == 0;
	if (content->links_known) {
		return STEP_DONE;
	}
	struct store_tx *tx = store_tx_create(app->store);
	for (size_t i = 0; i < content->link_count; i++) {
		store_tx_add(tx, STMT_MESSAGE_BY_EVENT, "s", content->links[i].event_id);
	}
	store_tx_submit(tx, handle_links, content);
	return wait_store(flow, tx);
}

static enum step_rc ensure_refs(
        struct flow *flow, struct matrix_content *content, const cJSON *json)
{
	struct to_slack_refs refs;

	to_slack_list_refs(json, &refs);
	enum step_rc rc = ensure_links(flow, content, &refs);
	if (rc == STEP_DONE) {
		rc = matrix_names_find(flow, &content->names, content->portal->team_id,
		        &refs.emoji, &refs.handles);
	}
	to_slack_refs_finish(&refs);
	return rc;
}

/* ---------------------------------------------------------------- names */

static bool name_of_user(void *arg, const char *mxid, struct to_slack_user *out)
{
	struct matrix_content *content = arg;
	struct id_list *users = &content->users;
	autofree char *id =
	        app_slack_user(content->flow->app, content->portal->team_id, mxid);

	/* A bot is no user that could be mentioned. */
	if (id == NULL || (id[0] != 'U' && id[0] != 'W') ||
	        !id_list_add(users, str_from(id))) {
		return false;
	}
	for (size_t i = 0; i < users->count; i++) {
		if (str_equal(users->ids[i], id)) {
			out->id = users->ids[i];
		}
	}
	return true;
}

static bool name_of_room(void *arg, const char *room, struct to_slack_channel *out)
{
	const struct matrix_content *content = arg;
	const struct app *app = content->flow->app;
	const struct portal *portal = portals_by_room(app->portals, room);

	if (portal == NULL || !str_equal(portal->team_id, content->portal->team_id)) {
		return false;
	}
	*out = (struct to_slack_channel){.id = portal->channel_id,
	        .name = portal->name[0] == '\0' ? NULL : portal->name};
	return true;
}

static const char *name_of_emoji(void *arg, const char *mxc)
{
	const struct matrix_content *content = arg;

	return matrix_names_emoji(&content->names, mxc);
}

static const char *id_of_group(void *arg, const char *handle)
{
	const struct matrix_content *content = arg;

	return matrix_names_group(&content->names, handle);
}

static const char *link_to_message(void *arg, const char *room, const char *event_id)
{
	const struct matrix_content *content = arg;

	for (size_t i = 0; i < content->link_count; i++) {
		if (str_equal(room, content->links[i].portal->room_id) &&
		        str_equal(content->links[i].event_id, event_id)) {
			return content->links[i].url;
		}
	}
	return NULL;
}

/* ---------------------------------------------------------------- making it */

/* What older clients put before a reply: the quoted lines and an empty one (Matrix
 * specification before 1.13, rich replies). */
static void drop_quotation(cJSON *json)
{
	const char *body = json_str_or(json, "body", "");
	const char *html = json_str_or(json, "formatted_body", "");
	const char *end = strstr(html, "</mx-reply>");

	if (str_starts(body, "> <") || str_starts(body, "> * <")) {
		while (str_starts(body, ">")) {
			const char *line_end = strchr(body, '\n');
			body = line_end == NULL ? body + strlen(body) : line_end + 1;
		}
		autofree char *rest = xstrdup(body[0] == '\n' ? body + 1 : body);
		json_set_str(json, "body", rest);
	}
	if (str_starts(html, "<mx-reply>") && end != NULL) {
		autofree char *rest = xstrdup(end + strlen("</mx-reply>"));
		json_set_str(json, "formatted_body", rest);
	}
}

enum step_rc matrix_content_make(struct flow *flow, struct matrix_content *content,
        const struct portal *portal, bool is_reply)
{
	const cJSON *json = json_obj(flow->payload, "content");
	enum step_rc rc = STEP_DONE;

	if (content->made) {
		return STEP_DONE;
	}
	content->flow = flow;
	content->portal = portal;
	rc = ensure_refs(flow, content, json);
	if (rc == STEP_DONE) {
		rc = ensure_levels(flow, content, json);
	}
	if (rc != STEP_DONE) {
		return rc;
	}
	const struct to_slack_names names = {.arg = content,
	        .user = name_of_user,
	        .channel = name_of_room,
	        .group = id_of_group,
	        .emoji = name_of_emoji,
	        .message = link_to_message};
	const struct to_slack_options options = {
	        .may_ping_room = content->may_ping_room,
	        /* A group is many people, too. */
	        .may_ping_groups = content->may_ping_room,
	        .text_only = str_equal(payload_text(flow, "msgtype"), "m.emote") &&
	                     author_fact(flow)[0] == '\0',
	        /* With a person's own token that is where the mark stands. */
	        .blocks_always = author_fact(flow)[0] != '\0',
	};
	autojson cJSON *copy = cJSON_Duplicate(json, true);
	if (is_reply) {
		drop_quotation(copy);
	}
	to_slack_convert(copy, &names, &options, &content->text);
	content->made = true;
	return STEP_DONE;
}

void matrix_content_finish(struct matrix_content *content)
{
	if (content->made) {
		to_slack_finish(&content->text);
	}
	for (size_t i = 0; i < content->link_count; i++) {
		free(content->links[i].event_id);
		free(content->links[i].url);
	}
	matrix_names_finish(&content->names);
	id_list_finish(&content->users);
	*content = (struct matrix_content){0};
}

unsigned matrix_content_count(const struct matrix_content *content)
{
	return (unsigned)content->text.count;
}

/* In italics, as Slack shows the third person. */
static char *italic_blocks(const char *blocks)
{
	autojson cJSON *list = json_parse(str_from(blocks), NULL);
	cJSON *block, *section, *element;

	cJSON_ArrayForEach(block, list)
	{
		cJSON_ArrayForEach(section, json_arr(block, "elements"))
		{
			cJSON_ArrayForEach(element, json_arr(section, "elements"))
			{
				cJSON *style = cJSON_GetObjectItemCaseSensitive(
				        element, "style");
				if (style == NULL) {
					style = json_new();
					json_set(element, "style", style);
				}
				json_set_bool(style, "italic", true);
			}
		}
	}
	return json_print(list);
}

void matrix_content_piece(
        const struct matrix_content *content, unsigned index, char **text, char **blocks)
{
	const struct to_slack_piece *piece = &content->text.pieces[index];

	/* chat.meMessage knows no author's name: the third person is set off as Slack's
	 * own clients do. */
	*text = content->text.emote ? xasprintf("_%s_", piece->text)
	                            : xstrdup(piece->text);
	*blocks = piece->blocks == NULL ? NULL
	          : content->text.emote ? italic_blocks(piece->blocks)
	                                : xstrdup(piece->blocks);
}
