#include "bridge/config/reading.h"

/* Network options: mautrix-slack pkg/connector/example-config.yaml; ours at the end. */
/* clang-format off */
static const struct config_key rows[] = {
	{.path = "network", .type = KEY_SECTION,
		.doc = "Slack."},
	{.path = "network.displayname_template", .type = KEY_TEXT,
		.value = "'{{or .Profile.DisplayName .Profile.RealName .Name}}"
			"{{if .IsBot}} (bot){{end}}'",
		.field = TEXT_AT(slack.displayname_template),
		.doc = "Name of a Slack user on Matrix. For all:\n"
			" .Name .ID .IsBot .Team.Name .Team.Domain .Profile.DisplayName\n"
			"For people, not bots, also:\n"
			" .TeamID .TZ .TZLabel .TZOffset .Profile.RealName .Profile.FirstName\n"
			" .Profile.LastName .Profile.Title .Profile.Pronouns .Profile.Email\n"
			" .Profile.Phone\n"
			"Templates know {{.A.B}}, {{or a b}}, {{and a b}}, {{not a}},\n"
			"{{if a}}...{{else if b}}...{{else}}...{{end}} and brackets."},
	{.path = "network.channel_name_template", .type = KEY_TEXT,
		.value = "'{{if and .IsChannel (not .IsPrivate)}}#{{end}}{{.Name}}"
			"{{if .IsNoteToSelf}} (you){{end}}'",
		.field = TEXT_AT(slack.channel_name_template),
		.doc = "Name of the room of a Slack conversation, of any kind:\n"
			" .Name .ID .Team.Name .Team.Domain .IsNoteToSelf .IsGeneral .IsChannel\n"
			" .IsPrivate .IsIM .IsMpIM .IsShared .IsExtShared .IsOrgShared"},
	{.path = "network.team_name_template", .type = KEY_TEXT,
		.value = "'{{ .Name }}'",
		.flags = KEY_LATER,
		.field = TEXT_AT(slack.team_name_template),
		.doc = "Name of the space of a Slack workspace:\n"
			" .Name .Domain .ID"},
	{.path = "network.custom_emoji_reactions", .type = KEY_BOOL, .value = "true",
		.flags = KEY_BLANK,
		.field = BOOL_AT(slack.custom_emoji_reactions),
		.doc = "Bridge custom emoji reactions from Slack as images (false: as :name:)."},
	{.path = "network.workspace_avatar_in_rooms", .type = KEY_BOOL, .value = "false",
		.doc = "Give rooms of channels and group messages the workspace's icon."},
	{.path = "network.participant_sync_count", .type = KEY_INT, .value = "5",
		.min = 0, .max = 100000,
		.doc = "How many members of a channel to bring into its room. Group messages: all."},
	{.path = "network.participant_sync_only_on_create", .type = KEY_BOOL, .value = "true",
		.doc = "Bring members only when the room is made, not later."},
	{.path = "network.mute_channels_by_default", .type = KEY_BOOL, .value = "false",
		.doc = "Mute the rooms of channels for their users."},
	{.path = "network.dm_only", .type = KEY_BOOL, .value = "false",
		.field = BOOL_AT(slack.dm_only),
		.doc = "Bridge direct and group messages only, no channels."},
	{.path = "network.backfill", .type = KEY_SECTION, .flags = KEY_BLANK,
		.doc = "What to take over from Slack at login."},
	{.path = "network.backfill.conversation_count", .type = KEY_INT, .value = "-1",
		.min = -1, .max = 100000,
		.field = LONG_AT(slack.conversation_count),
		.doc = "How many conversations get a room at login, the most recent first.\n"
			"-1: all. The others get theirs with their next message."},
	{.path = "network.backfill.enabled", .type = KEY_BOOL, .value = "false",
		.flags = KEY_HIDDEN,
		.doc = "Read by mautrix-slack, without effect there too."},
	{.path = "network.api_url", .type = KEY_TEXT, .value = "https://slack.com/api/",
		.flags = KEY_OURS | KEY_BLANK,
		.field = TEXT_AT(slack.api_url),
		.doc = "Where Slack's Web API is. Change it for tests against another server only."},
	{.path = "network.ca_file", .type = KEY_TEXT, .value = "null",
		.flags = KEY_OURS | KEY_PATH,
		.field = TEXT_AT(slack.ca_file),
		.doc = "File with the certificates to trust, in PEM form. null: the system's.\n"
			"${CREDENTIALS_DIRECTORY} in it is put in."},
	{.path = "network.files", .type = KEY_SECTION, .flags = KEY_BLANK,
		.doc = "Files, both ways."},
	{.path = "network.files.max_bytes", .type = KEY_INT, .value = "1073741824",
		.min = 1, .max = 1099511627776,
		.flags = KEY_OURS,
		.field = LONG_AT(files.max_bytes),
		.doc = "A larger file is not carried: a notice with a link stands for it. What the\n"
			"homeserver and Slack allow counts as well."},
	{.path = "network.files.directory", .type = KEY_TEXT, .value = "null",
		.flags = KEY_OURS | KEY_PATH,
		.field = TEXT_AT(files.directory),
		.doc = "Where a file is kept for a while whose length its server does not tell: for\n"
			"these alone, the others pass through. null: $TMPDIR, or /tmp."},
	{.path = "network.files.max_directory_bytes", .type = KEY_INT, .value = "2147483648",
		.min = 1, .max = 1099511627776,
		.flags = KEY_OURS,
		.field = LONG_AT(files.max_directory_bytes),
		.doc = "How much they may take there together."},
	{.path = "network.audit_log", .type = KEY_BOOL, .value = "false",
		.flags = KEY_OURS | KEY_BLANK,
		.field = BOOL_AT(slack.audit_log),
		.doc = "Log every call of Slack's Web API, at level info, in a line that begins with\n"
			"\"audit\": workspace, method, result, duration and Slack's request ID; never\n"
			"what was said, nor a token."},
	{.path = "network.rate_limits", .type = KEY_BOOL, .value = "true",
		.flags = KEY_OURS | KEY_BLANK,
		.field = BOOL_AT(slack.rate_limits),
		.doc = "Keep below what Slack allows: each method's calls in a minute, and a message a\n"
			"second in a channel. false: wait only when Slack refuses; for tests against\n"
			"another server."},
	{.path = "network.logins", .type = KEY_LIST, .value = "[]",
		.flags = KEY_OURS | KEY_SECRET | KEY_BLANK,
		.apply = declared_logins_apply,
		.doc = "Logins made at the start, beside those made by chat. Each has an owner (a Matrix\n"
			"user ID), a bot_token, an app_token and, if the bot token rotates\n"
			"(xoxe.xoxb-), a refresh_token; or, for somebody's own login as a Slack user, a\n"
			"user_token (xoxc-) and a cookie (xoxd-). A token stands there as it is, or as ${NAME}\n"
			"for an environment variable, or in the file that bot_token_file (and so on)\n"
			"names, such as ${CREDENTIALS_DIRECTORY}/slack_bot_token. They are verified\n"
			"before they are stored; changed ones replace what is stored, refused ones\n"
			"do not: the owner is told. A login taken out here is not logged out, and logging\n"
			"out of one that stands here lasts until the next start."},
	{.path = "network.client_id", .type = KEY_TEXT, .value = "null",
		.flags = KEY_OURS | KEY_BLANK,
		.field = TEXT_AT(slack.client_id),
		.doc = "Of the Slack app (\"Basic Information\", \"App Credentials\"). Needed only if its\n"
			"tokens rotate (xoxe.xoxb-): they are renewed two hours before they expire."},
	{.path = "network.client_secret", .type = KEY_TEXT, .value = "null",
		.flags = KEY_OURS | KEY_SECRET,
		.field = TEXT_AT(slack.client_secret),
		.doc = "As it is, or ${NAME} for an environment variable."},
	{.path = "network.client_secret_file", .type = KEY_TEXT, .value = "null",
		.flags = KEY_OURS | KEY_PATH,
		.field = TEXT_AT(slack.client_secret_file),
		.doc = "A file that holds it. ${CREDENTIALS_DIRECTORY} in it is put in."},
	{.path = "network.max_connections", .type = KEY_INT, .value = "1",
		.min = 1, .max = 10,
		.flags = KEY_OURS,
		.field = LONG_AT(slack.max_connections),
		.doc = "Socket Mode connections per login, 1 to 10: Slack allows ten per app. While\n"
			"one is renewed there is one more. They fill up at one a minute. With several,\n"
			"messages from Slack wait 200 ms, so that those that come by different\n"
			"connections get their order back."},
};
/* clang-format on */

const struct key_group keys_network = {rows, sizeof(rows) / sizeof(rows[0])};
