#include "bridge/slack/event_table.h"

#include "lib/str.h"

#include "bridge/slack/scopes.h"

#include <string.h>

/* clang-format off */
const struct slack_event_row slack_event_rows[] = {
	{"app_uninstalled", "", SLACK_EVENT_APP_UNINSTALLED,
		"the login ends; its owner is told"},
	{"channel_archive", "channels:read", SLACK_EVENT_CHANNEL,
		"the room becomes read-only, with a notice"},
	{"channel_created", "channels:read", SLACK_EVENT_IGNORED,
		"the app is in no new channel; being invited makes the room"},
	{"channel_deleted", "channels:read", SLACK_EVENT_CHANNEL,
		"the room becomes read-only for good, with a notice"},
	{"channel_history_changed", "channels:history", SLACK_EVENT_IGNORED,
		"it does not say which channel; messages changed by an import are compared at the next connection"},
	{"channel_id_changed", "", SLACK_EVENT_CHANNEL_MOVED,
		"the room stays and serves the new ID"},
	{"channel_left", "channels:read", SLACK_EVENT_CHANNEL,
		"the app is out: the room becomes read-only, with a notice"},
	{"channel_rename", "channels:read", SLACK_EVENT_CHANNEL,
		"the room is renamed"},
	{"channel_shared", "channels:read,groups:read", SLACK_EVENT_CHANNEL,
		"a notice in the room"},
	{"channel_unarchive", "channels:read", SLACK_EVENT_CHANNEL,
		"the room works again, with a notice; the app joins where it may, otherwise people are told to invite it"},
	{"channel_unshared", "channels:read,groups:read", SLACK_EVENT_CHANNEL,
		"a notice in the room"},
	{"email_domain_changed", "team:read", SLACK_EVENT_IGNORED,
		"mail domains are not shown"},
	{"emoji_changed", "emoji:read", SLACK_EVENT_EMOJI_CHANGED,
		"messages and reactions from then on show it as it is"},
	{"file_change", "files:read", SLACK_EVENT_IGNORED,
		"a message with a file that changed is told of as an edit"},
	{"file_created", "files:read", SLACK_EVENT_IGNORED,
		"only messages show files"},
	{"file_deleted", "files:read", SLACK_EVENT_FILES_GONE,
		"what shows the file is removed"},
	{"file_public", "files:read", SLACK_EVENT_IGNORED,
		"only messages show files"},
	{"file_shared", "files:read", SLACK_EVENT_IGNORED,
		"the message that shares it comes by itself"},
	{"file_unshared", "files:read", SLACK_EVENT_IGNORED,
		"the message that shared it is told of as an edit or a deletion"},
	{"group_archive", "groups:read", SLACK_EVENT_CHANNEL,
		"as channel_archive"},
	{"group_deleted", "groups:read", SLACK_EVENT_CHANNEL,
		"as channel_deleted"},
	{"group_history_changed", "groups:history", SLACK_EVENT_IGNORED,
		"as channel_history_changed"},
	{"group_left", "groups:read", SLACK_EVENT_CHANNEL,
		"as channel_left"},
	{"group_rename", "groups:read", SLACK_EVENT_CHANNEL,
		"as channel_rename"},
	{"group_unarchive", "groups:read", SLACK_EVENT_CHANNEL,
		"as channel_unarchive"},
	{"im_history_changed", "im:history", SLACK_EVENT_IGNORED,
		"as channel_history_changed"},
	{"member_joined_channel", "channels:read,groups:read,mpim:read", SLACK_EVENT_MEMBER_JOINED,
		"the ghost joins the room; the app itself: the room is made, or works again"},
	{"member_left_channel", "channels:read,groups:read", SLACK_EVENT_MEMBER_LEFT,
		"the ghost leaves the room"},
	{"message", "", SLACK_EVENT_MESSAGE,
		"see message subtypes"},
	{"pin_added", "pins:read", SLACK_EVENT_IGNORED,
		"pins are not bridged"},
	{"pin_removed", "pins:read", SLACK_EVENT_IGNORED,
		"pins are not bridged"},
	{"reaction_added", "reactions:read", SLACK_EVENT_REACTION_ADDED,
		"the reaction, from the ghost"},
	{"reaction_removed", "reactions:read", SLACK_EVENT_REACTION_REMOVED,
		"the reaction is taken back"},
	{"subteam_created", "usergroups:read", SLACK_EVENT_GROUP_CHANGED,
		"mentions from then on show its handle"},
	{"subteam_members_changed", "usergroups:read", SLACK_EVENT_IGNORED,
		"members of user groups are not shown"},
	{"subteam_updated", "usergroups:read", SLACK_EVENT_GROUP_CHANGED,
		"mentions from then on show its handle"},
	{"team_domain_change", "team:read", SLACK_EVENT_IGNORED,
		"the domain is read at the next login"},
	{"team_join", "users:read", SLACK_EVENT_IGNORED,
		"a ghost is made when its user first appears in a room"},
	{"team_rename", "team:read", SLACK_EVENT_IGNORED,
		"the name is read at the next login"},
	{"tokens_revoked", "", SLACK_EVENT_TOKENS_REVOKED,
		"the login ends, if it is the app's own token; its owner is told"},
	{"user_change", "users:read", SLACK_EVENT_USER,
		"the ghost has the name and the picture that its user has; a deactivated one leaves its rooms"},
	{"agent_session_started", "", SLACK_EVENT_IGNORED,
		"for assistants"},
	{"app_deleted", "", SLACK_EVENT_IGNORED,
		"for whole organisations"},
	{"app_home_opened", "", SLACK_EVENT_IGNORED,
		"the app has no home tab"},
	{"app_installed", "", SLACK_EVENT_IGNORED,
		"for whole organisations"},
	{"app_mention", "app_mentions:read", SLACK_EVENT_IGNORED,
		"the message itself comes as well"},
	{"app_requested", "", SLACK_EVENT_IGNORED,
		"for whole organisations"},
	{"app_uninstalled_team", "", SLACK_EVENT_IGNORED,
		"for whole organisations"},
	{"assistant_thread_context_changed", "", SLACK_EVENT_IGNORED,
		"for assistants"},
	{"assistant_thread_started", "", SLACK_EVENT_IGNORED,
		"for assistants"},
	{"channel_joined", "", SLACK_EVENT_IGNORED,
		"for people's own clients; the app hears member_joined_channel"},
	{"group_joined", "", SLACK_EVENT_IGNORED,
		"for people's own clients; the app hears member_joined_channel"},
	{"im_close", "im:read", SLACK_EVENT_IGNORED,
		"a direct chat that somebody hides goes on"},
	{"im_created", "im:read", SLACK_EVENT_IGNORED,
		"the first message makes the room"},
	{"im_open", "im:read", SLACK_EVENT_IGNORED,
		"the first message makes the room"},
	{"message_metadata_deleted", "", SLACK_EVENT_IGNORED,
		"metadata is not shown"},
	{"message_metadata_posted", "", SLACK_EVENT_IGNORED,
		"metadata is not shown"},
	{"message_metadata_updated", "", SLACK_EVENT_IGNORED,
		"metadata is not shown"},
	{"user_huddle_changed", "users:read", SLACK_EVENT_IGNORED,
		"huddles show as messages"},
	{"user_profile_changed", "users:read", SLACK_EVENT_IGNORED,
		"user_change says the same"},
	{"user_status_changed", "users:read", SLACK_EVENT_IGNORED,
		"a status is not shown"},
	{NULL, "", SLACK_EVENT_UNKNOWN, ""},
};

/* Written by somebody if MESSAGE; by any other name that is not here too, if it has a
 * text and is not hidden. */
const struct slack_event_row slack_subtype_rows[] = {
	{"", "", SLACK_EVENT_MESSAGE,
		"the message"},
	{"bot_message", "", SLACK_EVENT_MESSAGE,
		"the message"},
	{"me_message", "", SLACK_EVENT_MESSAGE,
		"the message, as an emote"},
	{"thread_broadcast", "", SLACK_EVENT_MESSAGE,
		"the reply, in its thread and in the room"},
	{"file_share", "", SLACK_EVENT_MESSAGE,
		"the message and its files"},
	{"message_changed", "", SLACK_EVENT_EDITED,
		"the edit; a deletion if a tombstone is left; nothing if only a preview came"},
	{"message_deleted", "", SLACK_EVENT_DELETED,
		"the deletion"},
	{"message_replied", "", SLACK_EVENT_IGNORED,
		"counters of a thread; the reply comes by itself"},
	{"channel_archive", "", SLACK_EVENT_CHANNEL,
		"as the event channel_archive, which some workspaces do not send"},
	{"channel_unarchive", "", SLACK_EVENT_CHANNEL,
		"as the event channel_unarchive"},
	{"group_archive", "", SLACK_EVENT_CHANNEL,
		"as the event group_archive"},
	{"group_unarchive", "", SLACK_EVENT_CHANNEL,
		"as the event group_unarchive"},
	{"channel_name", "", SLACK_EVENT_CHANNEL,
		"as the event channel_rename"},
	{"group_name", "", SLACK_EVENT_CHANNEL,
		"as the event group_rename"},
	{"channel_topic", "", SLACK_EVENT_CHANNEL,
		"the topic of the room"},
	{"group_topic", "", SLACK_EVENT_CHANNEL,
		"the topic of the room"},
	{"channel_purpose", "", SLACK_EVENT_CHANNEL,
		"the topic of the room, if the channel has no topic"},
	{"group_purpose", "", SLACK_EVENT_CHANNEL,
		"the topic of the room, if the channel has no topic"},
	{"channel_posting_permission", "", SLACK_EVENT_CHANNEL,
		"who may write in the room"},
	{"channel_posting_permissions", "", SLACK_EVENT_CHANNEL,
		"who may write in the room"},
	{"channel_convert_to_private", "", SLACK_EVENT_CHANNEL,
		"the name of the room, and a notice"},
	{"channel_convert_to_public", "", SLACK_EVENT_CHANNEL,
		"the name of the room, and a notice"},
	{"channel_join", "", SLACK_EVENT_IGNORED,
		"member_joined_channel says the same"},
	{"channel_leave", "", SLACK_EVENT_IGNORED,
		"member_left_channel says the same"},
	{"group_join", "", SLACK_EVENT_IGNORED,
		"member_joined_channel says the same"},
	{"group_leave", "", SLACK_EVENT_IGNORED,
		"member_left_channel says the same"},
	{"app_conversation_join", "", SLACK_EVENT_IGNORED,
		"member_joined_channel says the same"},
	{"app_conversation_leave", "", SLACK_EVENT_IGNORED,
		"member_left_channel says the same"},
	{"assistant_app_thread", "", SLACK_EVENT_IGNORED,
		"for assistants"},
	{"bot_add", "", SLACK_EVENT_IGNORED,
		"about other apps"},
	{"bot_disable", "", SLACK_EVENT_IGNORED,
		"about other apps"},
	{"bot_enable", "", SLACK_EVENT_IGNORED,
		"about other apps"},
	{"bot_remove", "", SLACK_EVENT_IGNORED,
		"about other apps"},
	{"ekm_access_denied", "", SLACK_EVENT_IGNORED,
		"its text is withheld"},
	{"message_locked", "", SLACK_EVENT_IGNORED,
		"a locked thread shows when somebody answers"},
	{"pinned_item", "", SLACK_EVENT_IGNORED,
		"pins are not bridged"},
	{"unpinned_item", "", SLACK_EVENT_IGNORED,
		"pins are not bridged"},
	{"reply_broadcast", "", SLACK_EVENT_IGNORED,
		"not sent any more; see thread_broadcast"},
	{"sh_room_created", "", SLACK_EVENT_IGNORED,
		"huddles show as huddle_thread"},
	{"tombstone", "", SLACK_EVENT_IGNORED,
		"what is left of a deleted message"},
	{NULL, "", SLACK_EVENT_UNKNOWN, ""},
};
/* clang-format on */

static const struct slack_event_row *find(
        const struct slack_event_row *row, const char *name)
{
	for (; row->name != NULL; row++) {
		if (strcmp(row->name, name) == 0) {
			return row;
		}
	}
	return NULL;
}

const struct slack_event_row *slack_event_row(const char *type)
{
	return find(slack_event_rows, type);
}

const struct slack_event_row *slack_subtype_row(const char *subtype)
{
	return find(slack_subtype_rows, subtype);
}

/* ---------------------------------------------------------------- the document */

static void write_rows(const struct slack_event_row *row, bool with_effect, FILE *out)
{
	for (; row->name != NULL; row++) {
		bool has_effect = row->kind != SLACK_EVENT_IGNORED;
		if (has_effect == with_effect) {
			fprintf(out, "| %s%s%s | %s |\n",
			        row->name[0] == '\0' ? "(none)" : "`", row->name,
			        row->name[0] == '\0' ? "" : "`", row->effect);
		}
	}
}

void slack_event_write_doc(FILE *out)
{
	fputs("# Events from Slack\n\n"
	      "<!-- Made from the table of events; do not edit. To renew:\n"
	      "     matrix-slack-bridge --events-doc > docs/slack-events.md -->\n\n"
	      "What each event does, or why it does nothing. An event is acknowledged once it is\n"
	      "stored, or at once if it does nothing. One that is not in these tables is logged\n"
	      "and kept for people to look at (command `kept`), the first of each type.\n\n"
	      "An event about a channel says that something changed; what is so now is asked of\n"
	      "Slack. So events that come late, twice or in another order lead to the same, and\n"
	      "at each connection all channels are looked at for what changed meanwhile.\n\n"
	      "## With an effect\n\n"
	      "The app's manifest (`deploy/slack-app-manifest.yaml`) subscribes to these.\n\n"
	      "| event | effect |\n|---|---|\n",
	        out);
	write_rows(slack_event_rows, true, out);
	fputs("\n## Without one\n\n"
	      "Known, and ignored on purpose where an app subscribes to them all the same.\n\n"
	      "| event | why it has no effect |\n|---|---|\n",
	        out);
	write_rows(slack_event_rows, false, out);
	fputs("\n## Messages by subtype\n\n"
	      "A subtype that is not here counts as a message if it has a text and is not\n"
	      "hidden.\n\n"
	      "| subtype | effect |\n|---|---|\n",
	        out);
	write_rows(slack_subtype_rows, true, out);
	fputs("\n| subtype | why it has no effect |\n|---|---|\n", out);
	write_rows(slack_subtype_rows, false, out);
}

/* ---------------------------------------------------------------- the manifest */

void slack_event_write_manifest(FILE *out)
{
	fputs("# The Slack app of the bridge. On https://api.slack.com/apps: \"Create New App\",\n"
	      "# \"From a manifest\", and this text. Made by: matrix-slack-bridge --app-manifest\n"
	      "display_information:\n"
	      "  name: Matrix bridge\n"
	      "features:\n"
	      "  app_home:\n"
	      "    home_tab_enabled: false\n"
	      "    messages_tab_enabled: true\n"
	      "    messages_tab_read_only_enabled: false\n"
	      "  bot_user:\n"
	      "    display_name: Matrix bridge\n"
	      "    always_online: true\n"
	      "oauth_config:\n"
	      "  scopes:\n"
	      "    bot:\n",
	        out);
	for (const struct slack_scope *scope = slack_scopes; scope->name != NULL;
	        scope++) {
		fprintf(out, "      - %s\n", scope->name);
	}
	fputs("settings:\n"
	      "  event_subscriptions:\n"
	      "    bot_events:\n",
	        out);
	for (const struct slack_event_row *row = slack_event_rows; row->name != NULL;
	        row++) {
		if (strcmp(row->name, "message") == 0) {
			fputs("      - message.channels\n"
			      "      - message.groups\n"
			      "      - message.im\n"
			      "      - message.mpim\n",
			        out);
		} else if (row->kind != SLACK_EVENT_IGNORED) {
			fprintf(out, "      - %s\n", row->name);
		}
	}
	fputs("  interactivity:\n"
	      "    is_enabled: false\n"
	      "  org_deploy_enabled: false\n"
	      "  socket_mode_enabled: true\n"
	      "  token_rotation_enabled: false\n",
	        out);
}
