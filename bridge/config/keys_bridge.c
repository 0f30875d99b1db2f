#include "bridge/config/keys.h"
#include "bridge/config/reading.h"

/* Options of the bridge as such: mautrix-go bridgev2/matrix/mxmain/example-config.yaml
 * and bridgev2/bridgeconfig/config.go. */
/* clang-format off */
static const struct config_key rows[] = {
	{.path = "bridge", .type = KEY_SECTION,
		.doc = "The bridge as such."},
	{.path = "bridge.command_prefix", .type = KEY_TEXT, .value = "'!slack'",
		.field = TEXT_AT(bridge.command_prefix),
		.doc = "What a command begins with outside the management room."},
	{.path = "bridge.personal_filtering_spaces", .type = KEY_BOOL, .value = "true",
		.doc = "Make a space for each login. For Slack the workspace's space takes its place."},
	{.path = "bridge.private_chat_portal_meta", .type = KEY_BOOL, .value = "true",
		.doc = "Set name and avatar in rooms of direct messages too."},
	{.path = "bridge.async_events", .type = KEY_BOOL, .value = "false",
		.doc = "Let events overtake each other within a room. This bridge keeps the order.",
		.note = "the order within a room is always kept"},
	{.path = "bridge.split_portals", .type = KEY_BOOL, .value = "false",
		.doc = "Give each user their own room for the same conversation.",
		.note = "users share the room of a conversation"},
	{.path = "bridge.resend_bridge_info", .type = KEY_BOOL, .value = "false",
		.doc = "Send m.bridge to all rooms again at start."},
	{.path = "bridge.no_bridge_info_state_key", .type = KEY_BOOL, .value = "false",
		.doc = "Send m.bridge with an empty state key."},
	{.path = "bridge.bridge_status_notices", .type = KEY_TEXT, .value = "errors",
		.choices = "none errors all",
		.doc = "Which changes of the connection to tell in the management room: none, errors, all."},
	{.path = "bridge.transient_state_debounce", .type = KEY_DURATION, .value = "0s",
		.doc = "How long to hold back a short disconnect before telling it."},
	{.path = "bridge.unknown_error_auto_reconnect", .type = KEY_DURATION, .value = "null",
		.doc = "How long after an unknown error to connect anew. This bridge always does."},
	{.path = "bridge.unknown_error_max_auto_reconnects", .type = KEY_INT, .value = "10",
		.doc = "How often to do so. This bridge does not give up."},
	{.path = "bridge.bridge_matrix_leave", .type = KEY_BOOL, .value = "false",
		.flags = KEY_BLANK,
		.doc = "Leave the Slack conversation when its Matrix room is left."},
	{.path = "bridge.bridge_notices", .type = KEY_BOOL, .value = "false",
		.doc = "Bridge m.notice messages to Slack."},
	{.path = "bridge.tag_only_on_create", .type = KEY_BOOL, .value = "true",
		.doc = "Set room tags (favourite, low priority) only when a room is made."},
	{.path = "bridge.only_bridge_tags", .type = KEY_LIST, .value = "[m.favourite, m.lowpriority]",
		.doc = "Which tags to bridge."},
	{.path = "bridge.mute_only_on_create", .type = KEY_BOOL, .value = "true",
		.doc = "Set muting only when a room is made."},
	{.path = "bridge.deduplicate_matrix_messages", .type = KEY_BOOL, .value = "false",
		.doc = "Check for events handled before. This bridge always does."},
	{.path = "bridge.cross_room_replies", .type = KEY_BOOL, .value = "false",
		.doc = "Bridge replies to messages of another room."},
	{.path = "bridge.outgoing_message_re_id", .type = KEY_BOOL, .value = "false",
		.flags = KEY_HIDDEN,
		.doc = "For one particular homeserver."},
	{.path = "bridge.revert_failed_state_changes", .type = KEY_BOOL, .value = "false",
		.doc = "Undo a change on Matrix (name, topic) that Slack refused."},
	{.path = "bridge.kick_matrix_users", .type = KEY_BOOL, .value = "true",
		.doc = "Remove Matrix users from rooms whose conversation they are not in."},
	{.path = "bridge.enable_send_state_requests", .type = KEY_BOOL, .value = "false",
		.doc = "Listen to com.beeper.state_request events."},
	{.path = "bridge.phone_numbers_in_profile", .type = KEY_BOOL, .value = "false",
		.doc = "Put telephone numbers into the profile of Slack users."},

	{.path = "bridge.cleanup_on_logout", .type = KEY_SECTION, .flags = KEY_BLANK,
		.doc = "What happens to a user's rooms at logout: nothing; kick (remove the user);\n"
			"unbridge (remove the Slack users); delete (remove everybody)."},
	{.path = "bridge.cleanup_on_logout.enabled", .type = KEY_BOOL, .value = "false",
		.field = BOOL_AT(bridge.cleanup_on_logout),
		.doc = "Do any of it."},
	{.path = "bridge.cleanup_on_logout.manual", .type = KEY_SECTION,
		.doc = "When the user logs out."},
	{.path = "bridge.cleanup_on_logout.manual.private", .type = KEY_TEXT, .value = "nothing",
		.field = TEXT_AT(bridge.cleanup_manual.private),
		.choices = "nothing kick unbridge delete",
		.doc = "Direct conversations."},
	{.path = "bridge.cleanup_on_logout.manual.relayed", .type = KEY_TEXT, .value = "nothing",
		.field = TEXT_AT(bridge.cleanup_manual.relayed),
		.choices = "nothing kick unbridge delete",
		.doc = "Rooms with other people, none of whom is logged in as themselves."},
	{.path = "bridge.cleanup_on_logout.manual.shared_no_users", .type = KEY_TEXT,
		.value = "nothing",
		.field = TEXT_AT(bridge.cleanup_manual.shared_no_users),
		.choices = "nothing kick unbridge delete",
		.doc = "Rooms with no other people."},
	{.path = "bridge.cleanup_on_logout.manual.shared_has_users", .type = KEY_TEXT,
		.value = "nothing",
		.field = TEXT_AT(bridge.cleanup_manual.shared_has_users),
		.choices = "nothing kick unbridge delete",
		.doc = "Rooms with others who are logged in as themselves (login token)."},
	{.path = "bridge.cleanup_on_logout.bad_credentials", .type = KEY_SECTION,
		.doc = "When Slack ends the login; the same keys."},
	{.path = "bridge.cleanup_on_logout.bad_credentials.private", .type = KEY_TEXT,
		.value = "nothing",
		.field = TEXT_AT(bridge.cleanup_bad_credentials.private),
		.choices = "nothing kick unbridge delete"},
	{.path = "bridge.cleanup_on_logout.bad_credentials.relayed", .type = KEY_TEXT,
		.value = "nothing",
		.field = TEXT_AT(bridge.cleanup_bad_credentials.relayed),
		.choices = "nothing kick unbridge delete"},
	{.path = "bridge.cleanup_on_logout.bad_credentials.shared_no_users", .type = KEY_TEXT,
		.value = "nothing",
		.field = TEXT_AT(bridge.cleanup_bad_credentials.shared_no_users),
		.choices = "nothing kick unbridge delete"},
	{.path = "bridge.cleanup_on_logout.bad_credentials.shared_has_users", .type = KEY_TEXT,
		.value = "nothing",
		.field = TEXT_AT(bridge.cleanup_bad_credentials.shared_has_users),
		.choices = "nothing kick unbridge delete"},

	{.path = "bridge.relay", .type = KEY_SECTION, .flags = KEY_BLANK,
		.doc = "Relay mode: one login speaks for those who have none. With an app login this\n"
			"bridge always posts under the sender's name."},
	{.path = "bridge.relay.enabled", .type = KEY_BOOL, .value = "false",
		.doc = "Allow relays to be set."},
	{.path = "bridge.relay.admin_only", .type = KEY_BOOL, .value = "true",
		.doc = "Only administrators may set one."},
	{.path = "bridge.relay.prefer_default", .type = KEY_BOOL, .value = "true",
		.doc = "Prefer a login of default_relays."},
	{.path = "bridge.relay.allow_bridge", .type = KEY_BOOL, .value = "true",
		.doc = "Let others bridge rooms through default_relays."},
	{.path = "bridge.relay.default_relays", .type = KEY_LIST, .value = "[]",
		.doc = "Logins that anybody may use as relay."},
	{.path = "bridge.relay.user_distinguishers", .type = KEY_LIST,
		.value = "[\"\xF0\x9F\x9F\xA6\", \"\xF0\x9F\x9F\xA3\", \"\xF0\x9F\x9F\xA9\", "
			"\"\xE2\xAD\x95\xEF\xB8\x8F\", \"\xF0\x9F\x94\xB6\", "
			"\"\xE2\xAC\x9B\xEF\xB8\x8F\", \"\xF0\x9F\x94\xB5\", \"\xF0\x9F\x9F\xA2\"]",
		.doc = "Marks to tell senders apart."},
	{.path = "bridge.relay.message_formats", .type = KEY_MAP,
		.value = "\n"
			"m.text: '<b>{{ .Sender.DisambiguatedName }}</b>: {{ .Message }}'\n"
			"m.notice: '<b>{{ .Sender.DisambiguatedName }}</b>: {{ .Message }}'\n"
			"m.emote: '* <b>{{ .Sender.DisambiguatedName }}</b> {{ .Message }}'\n"
			"m.file: '<b>{{ .Sender.DisambiguatedName }}</b> sent a file"
			"{{ if .Caption }}: {{ .Caption }}{{ end }}'\n"
			"m.image: '<b>{{ .Sender.DisambiguatedName }}</b> sent an image"
			"{{ if .Caption }}: {{ .Caption }}{{ end }}'\n"
			"m.audio: '<b>{{ .Sender.DisambiguatedName }}</b> sent an audio file"
			"{{ if .Caption }}: {{ .Caption }}{{ end }}'\n"
			"m.video: '<b>{{ .Sender.DisambiguatedName }}</b> sent a video"
			"{{ if .Caption }}: {{ .Caption }}{{ end }}'\n"
			"m.location: '<b>{{ .Sender.DisambiguatedName }}</b> sent a location"
			"{{ if .Caption }}: {{ .Caption }}{{ end }}'",
		.doc = "How a relayed message of each kind reads."},
	{.path = "bridge.relay.displayname_format", .type = KEY_TEXT,
		.value = "'{{ .DisambiguatedName }}'",
		.doc = "Under which name it is posted."},

	{.path = "bridge.portal_create_filter", .type = KEY_SECTION, .flags = KEY_BLANK,
		.doc = "Which conversations get a room."},
	{.path = "bridge.portal_create_filter.mode", .type = KEY_TEXT, .value = "deny",
		.choices = "deny allow",
		.field = TEXT_AT(bridge.filter_mode),
		.doc = "deny: all but those in the list; allow: only those in it."},
	{.path = "bridge.portal_create_filter.list", .type = KEY_LIST, .value = "[]",
		.apply = portal_filter_apply,
		.doc = "Conversations by ID (C0123456789, or T0123456789-C0123456789, as it is or as\n"
			"{id: ...}), or by name, where * stands for anything: \"proj-*\"."},
	{.path = "bridge.portal_create_filter.always_deny_from_login", .type = KEY_LIST,
		.value = "[]",
		.doc = "Logins from which none gets one.",
		.note = "all conversations get a room"},

	{.path = "bridge.permissions", .type = KEY_MAP, .flags = KEY_REQUIRED | KEY_BLANK,
		.value = "\n"
			"\"*\": relay\n"
			"\"example.com\": user\n"
			"\"@admin:example.com\": admin",
		.apply = permissions_apply,
		.doc = "Who may do what. Must be set: the lines of the example are placeholders.\n"
			"   block: nothing;\n"
			"   relay: talk through the bridge;\n"
			"commands: also give commands, but not log in;\n"
			"    user: also log in;\n"
			"   admin: also administer.\n"
			"For a Matrix user ID; else for the domain of the user ID; else for *."},
	{.path = "bridge.strict_file_modes", .type = KEY_BOOL, .value = "false",
		.flags = KEY_OURS | KEY_BLANK,
		.field = BOOL_AT(bridge.strict_file_modes),
		.doc = "Refuse to start (status 11) when the configuration or the registration can be\n"
			"read by everybody; false: warn. 0600, 0640, 0440 and 0400 are fine."},
};
/* clang-format on */

const struct key_group keys_bridge = {rows, sizeof(rows) / sizeof(rows[0])};
