#include "sim-matrix/admin_room.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/members.h"
#include "sim-matrix/room_make.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char admin_localpart[] = "admin";
static const char server_localpart[] = "conduit";
static const char label[] = "admins";

/* ---- making it ---- */

/* Takes content. */
static struct event *put(struct sim_matrix *sim, const struct user *sender,
        const char *type, const char *state_key, cJSON *content)
{
	struct proposal proposal = {
	        .type = type,
	        .sender = sender->user_id,
	        .state_key = state_key,
	        .content = content,
	};
	struct event *event = NULL;
	struct fail fail;
	bool sent = event_send(sim, sim->admin_room, &proposal, &event, &fail);

	cJSON_Delete(content);
	return sent ? event : NULL;
}

static void put_text(
        struct sim_matrix *sim, const char *type, const char *key, const char *text)
{
	put(sim, sim->server_user, type, "", json_set_str(json_new(), key, text));
}

static void put_levels(struct sim_matrix *sim, bool with_admin)
{
	cJSON *users = json_new();

	json_set_int(users, sim->server_user->user_id, 69420);
	if (with_admin) {
		json_set_int(users, sim->admin->user_id, 100);
	}
	put(sim, sim->server_user, "m.room.power_levels", "",
	        json_set(json_new(), "users", users));
}

static void put_member(struct sim_matrix *sim, const struct user *sender,
        const struct user *who, const char *how)
{
	put(sim, sender, "m.room.member", who->user_id,
	        json_set_str(json_new(), "membership", how));
}

static void put_welcome(struct sim_matrix *sim)
{
	cJSON *content = json_new();

	json_set_str(content, "msgtype", "m.text");
	json_set_str(content, "body",
	        "## Thank you for trying out conduwuit!\n\nFor a list of available commands, send "
	        "the following message in this room: `!admin --help`");
	put(sim, sim->server_user, "m.room.message", NULL, content);
}

static void put_first_events(struct sim_matrix *sim)
{
	autofree char *alias = xasprintf("#%s:%s", label, sim->server_name);
	autofree char *name = xasprintf("%s Admin Room", sim->server_name);
	autofree char *topic =
	        xasprintf("Manage %s | Run commands prefixed with `!admin` | Run "
	                  "`!admin -h` for help",
	                sim->server_name);

	put_text(sim, "m.room.create", "room_version", "11");
	put_member(sim, sim->server_user, sim->server_user, "join");
	put_levels(sim, false);
	put_text(sim, "m.room.join_rules", "join_rule", "invite");
	put_text(sim, "m.room.history_visibility", "history_visibility", "shared");
	put_text(sim, "m.room.guest_access", "guest_access", "forbidden");
	put_text(sim, "m.room.name", "name", name);
	put_text(sim, "m.room.topic", "topic", topic);
	put_text(sim, "m.room.canonical_alias", "alias", alias);
	alias_set(sim, alias, sim->admin_room, sim->server_user->user_id);
	put(sim, sim->server_user, "org.matrix.room.preview_urls", "",
	        json_set_bool(json_new(), "disabled", true));
}

void admin_room_create(struct sim_matrix *sim)
{
	autofree char *room_id = room_id_new(sim);

	sim->server_user = user_create(sim, server_localpart, NULL);
	sim->server_user->is_server = true;
	sim->admin_room =
	        room_create_empty(sim, room_id, room_version_known("11"), label);
	put_first_events(sim);

	sim->admin = user_create(sim, admin_localpart, admin_localpart);
	sim->admin->displayname = xstrdup(admin_localpart);
	put_member(sim, sim->server_user, sim->admin, "invite");
	put_member(sim, sim->admin, sim->admin, "join");
	put_levels(sim, true);
	put_welcome(sim);
	assert(room_is_joined(sim->admin_room, sim->admin->user_id));
}

/* ---- guarding it ---- */

bool admin_room_allows(struct sim_matrix *sim, const struct room *room,
        const struct proposal *proposal, struct fail *fail)
{
	const char *membership = content_str(proposal->content, "membership");

	if (room != sim->admin_room || !sim->booted) {
		return true;
	}
	if (strcmp(proposal->type, "m.room.encryption") == 0) {
		return fail_set(
		        fail, FAIL_ADMIN_ROOM, "Encryption not supported in admins room");
	}
	if (strcmp(proposal->type, "m.room.join_rules") == 0 &&
	        str_equal(content_str(proposal->content, "join_rule"), "public")) {
		return fail_set(fail, FAIL_ADMIN_ROOM,
		        "Admin room is a sensitive room, it cannot be made public");
	}
	if (strcmp(proposal->type, "m.room.member") == 0 &&
	        str_equal(proposal->state_key, sim->server_user->user_id) &&
	        (str_equal(membership, "leave") || str_equal(membership, "ban"))) {
		return fail_set(fail, FAIL_ADMIN_ROOM,
		        "Server user cannot leave from admins room.");
	}
	return true;
}

/* ---- commands in it ---- */

static bool is_command(
        const struct sim_matrix *sim, const struct event *event, const char *body)
{
	return event->room == sim->admin_room &&
	       strcmp(event->sender, sim->server_user->user_id) != 0 &&
	       (str_starts(body, "!admin") ||
	               str_starts(body, sim->server_user->user_id));
}

static void add_html(cJSON *content, const char *markdown)
{
	const char *fence = strstr(markdown, "```yaml\n");
	autofree char *html = NULL;

	if (fence == NULL) {
		return;
	}
	html = xasprintf(
	        "<p>%.*s</p>\n<pre><code class=\"language-yaml\">%.*s</code></pre>\n",
	        (int)(fence - markdown), markdown,
	        (int)(strlen(fence) - strlen("```yaml\n```")),
	        fence + strlen("```yaml\n"));
	json_set_str(content, "format", "org.matrix.custom.html");
	json_set_str(content, "formatted_body", html);
}

void admin_room_say(struct sim_matrix *sim, const char *text)
{
	cJSON *content = json_set_str(json_new(), "msgtype", "m.text");

	json_set_str(content, "body", text);
	put(sim, sim->server_user, "m.room.message", NULL, content);
}

void admin_room_notice(struct sim_matrix *sim, const struct event *event)
{
	const char *body = content_str(event->content, "body");
	autofree char *reply = NULL;
	cJSON *content;

	if (!sim->booted || strcmp(event->type, "m.room.message") != 0 || body == NULL ||
	        !is_command(sim, event, body)) {
		return;
	}
	reply = admin_command_reply(sim, body);
	content = json_new();
	json_set_str(content, "msgtype", "m.notice");
	json_set_str(content, "body", reply);
	add_html(content, reply);
	json_set(content, "m.relates_to",
	        json_set(json_new(), "m.in_reply_to",
	                json_set_str(json_new(), "event_id", event->event_id)));
	sim->admin_reply = put(sim, sim->server_user, "m.room.message", NULL, content);
}
