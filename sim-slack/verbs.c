#include "sim-slack/verbs.h"

#include "lib/str.h"
#include "sim-slack/acts.h"

static const char *const disconnect_reasons[] = {"warning", "refresh_requested",
        "link_disabled", "too_many_websockets", "none", NULL};
static const char *const disconnect_hows[] = {
        "close", "fin", "rst", "silence", "leave_open", NULL};
static const char *const envelope_hows[] = {"duplicate", "delay", "drop", "drop_ack",
        "withhold", "reorder", "release", "raw", NULL};
static const char *const wire_hows[] = {
        "pieces", "fragments", "stall", "cut", "plain", NULL};
static const char *const tls_hows[] = {"expired", "other_name", "untrusted", "alert",
        "reset", "cut", "silence", "good", NULL};
static const char *const log_whats[] = {"requests", "frames", NULL};
static const char *const ends[] = {"fin", "rst", "silence", NULL};
static const char *const refuse_whats[] = {"connections", "http", "nothing", NULL};
static const char *const guest_kinds[] = {"multi", "single", "none", NULL};
static const char *const token_names[] = {"bot", "app", NULL};

#define IN                                                                               \
	{                                                                                \
		"in", VERB_STR, true,                                                    \
		        "Channel: name or ID; @name: a direct conversation", NULL        \
	}
#define AS                                                                               \
	{                                                                                \
		"as", VERB_STR, false,                                                   \
		        "Who: name or ID, bot for the app's user; default alice", NULL   \
	}
#define BY                                                                               \
	{                                                                                \
		"by", VERB_STR, false, "Who does it; default alice", NULL                \
	}
#define TS                                                                               \
	{                                                                                \
		"ts", VERB_STR, false, "The message by its ts; default the last one",    \
		        NULL                                                             \
	}
#define OF                                                                               \
	{                                                                                \
		"of", VERB_STR, false, "Or by its text: the last one that reads so",     \
		        NULL                                                             \
	}
#define END                                                                              \
	{                                                                                \
		0                                                                        \
	}

/* What a user may be given at once or later. */
#define USER_MORE                                                                        \
	{"title", VERB_STR, false, "Title", NULL},                                       \
	        {"email", VERB_STR, false, "Mail address", NULL},                        \
	        {"phone", VERB_STR, false, "Telephone", NULL},                           \
	        {"pronouns", VERB_STR, false, "Pronouns", NULL},                         \
	        {"status_text", VERB_STR, false, "Status", NULL},                        \
	        {"status_emoji", VERB_STR, false, "Its emoji, with colons", NULL},       \
	        {"fields", VERB_OBJ, false, "Custom profile fields: label to text",      \
	                NULL},                                                           \
	        {"guest", VERB_STR, false,                                               \
	                "A guest of several channels, of one, or none", guest_kinds},    \
	        {"admin", VERB_BOOL, false, "An administrator", NULL},                   \
	{                                                                                \
		"deleted", VERB_BOOL, false, "Deactivated, or active again", NULL        \
	}

static const struct verb_field none[] = {END};

static const struct verb_field post_fields[] = {AS, IN,
        {"text", VERB_STR, false, "The text, as Slack's mrkdwn", NULL},
        {"thread_ts", VERB_STR, false, "Reply to the message with this ts", NULL},
        {"thread_of", VERB_STR, false, "Reply to the last message with this text", NULL},
        {"broadcast", VERB_BOOL, false, "Send the reply to the channel as well", NULL},
        {"me", VERB_BOOL, false, "As /me", NULL},
        {"username", VERB_STR, false,
                "As another integration under this name: bot_message", NULL},
        {"icon_url", VERB_STR, false, "Its picture", NULL},
        {"blocks", VERB_ARR, false, "Blocks instead of the ones made from the text",
                NULL},
        {"attachments", VERB_ARR, false, "Attachments", NULL}, END};
static const struct verb_field edit_fields[] = {AS, IN, TS, OF,
        {"text", VERB_STR, true, "The new text", NULL},
        {"add_file", VERB_OBJ, false, "A file that comes to it, as one of upload's",
                NULL},
        END};
static const struct verb_field delete_fields[] = {AS, IN, TS, OF, END};
static const struct verb_field react_fields[] = {AS, IN, TS, OF,
        {"name", VERB_STR, true, "Emoji name without colons: +1", NULL}, END};
static const struct verb_field unfurl_fields[] = {AS, IN, TS, OF,
        {"url", VERB_STR, false, "The link; default https://example.org/", NULL},
        {"title", VERB_STR, false, "The page's title", NULL},
        {"text", VERB_STR, false, "Some words of it", NULL},
        {"image_url", VERB_STR, false, "Its picture", NULL},
        {"service", VERB_STR, false, "Whose it is", NULL}, END};
static const struct verb_field add_emoji_fields[] = {
        {"name", VERB_STR, true, "Without colons", NULL},
        {"url", VERB_STR, false, "Its picture; default one of the simulator's own", NULL},
        {"alias_of", VERB_STR, false, "Another name for this emoji", NULL}, END};
static const struct verb_field remove_emoji_fields[] = {
        {"name", VERB_STR, true, "Without colons", NULL}, END};
static const struct verb_field rename_emoji_fields[] = {
        {"name", VERB_STR, true, "Without colons", NULL},
        {"to", VERB_STR, true, "The new name", NULL}, END};
static const struct verb_field pin_fields[] = {AS, IN, TS, OF, END};

static const struct verb_field upload_fields[] = {AS, IN,
        {"text", VERB_STR, false, "What is said with it", NULL},
        {"thread_ts", VERB_STR, false, "In the thread of the message with this ts", NULL},
        {"thread_of", VERB_STR, false, "In the thread of the last message with this text",
                NULL},
        {"broadcast", VERB_BOOL, false, "Show the reply in the channel as well", NULL},
        {"name", VERB_STR, false, "Its name; default image.png or file.bin", NULL},
        {"title", VERB_STR, false, "Its title; default its name", NULL},
        {"type", VERB_STR, false, "Its mimetype; default told by name and bytes", NULL},
        {"alt", VERB_STR, false, "A description for who cannot see it", NULL},
        {"content", VERB_STR, false, "Its bytes, as text", NULL},
        {"hex", VERB_STR, false, "Its bytes, in hex", NULL},
        {"picture", VERB_STR, false, "A PNG of this size: 640x480", NULL},
        {"size", VERB_INT, false, "So many bytes of a pattern; default 1000", NULL},
        {"external_url", VERB_STR, false, "It lies elsewhere, at this address", NULL},
        {"external_type", VERB_STR, false, "What that is; default gdrive", NULL},
        {"check_info", VERB_BOOL, false,
                "Messages show its ID alone, as in Slack Connect channels", NULL},
        {"voice", VERB_INT, false, "Recorded in a client: its length in ms", NULL},
        {"canvas", VERB_BOOL, false, "A canvas, to be read on Slack alone", NULL},
        {"files", VERB_ARR, false,
                "Several at once: objects with name, title, type, alt, content, hex, "
                "picture, size, external_url, external_type, check_info",
                NULL},
        END};
static const struct verb_field delete_file_fields[] = {
        AS, {"file", VERB_STR, true, "ID or name", NULL}, END};
static const struct verb_field change_file_fields[] = {
        {"file", VERB_STR, true, "ID or name", NULL},
        {"name", VERB_STR, false, "New name", NULL},
        {"title", VERB_STR, false, "New title", NULL},
        {"public", VERB_BOOL, false, "With a public address, or without", NULL},
        {"hidden", VERB_BOOL, false, "Beyond the free plan's limit, or back", NULL},
        {"check_info", VERB_BOOL, false, "As of upload", NULL}, END};

static const struct verb_field create_fields[] = {
        {"name", VERB_STR, true, "Short name", NULL},
        {"private", VERB_BOOL, false, "A private channel", NULL},
        {"members", VERB_ARR, false,
                "Who is in it besides the creator; default everybody, or nobody if private",
                NULL},
        BY, END};
static const struct verb_field invite_fields[] = {IN,
        {"user", VERB_STR, false, "Whom: name or ID", NULL},
        {"bot", VERB_BOOL, false, "The app's user", NULL}, BY, END};
static const struct verb_field in_as_fields[] = {AS, IN, END};
static const struct verb_field in_by_fields[] = {IN, BY, END};
static const struct verb_field rename_fields[] = {
        IN, {"name", VERB_STR, true, "The new name", NULL}, BY, END};
static const struct verb_field topic_fields[] = {IN,
        {"text", VERB_STR, true, "The topic; empty takes it away", NULL},
        {"purpose", VERB_BOOL, false, "Set the purpose instead", NULL}, BY, END};
static const struct verb_field add_user_fields[] = {
        {"name", VERB_STR, true, "Short name", NULL},
        {"real_name", VERB_STR, false, "Full name; default the short one", NULL},
        {"display_name", VERB_STR, false, "Display name; default none", NULL},
        {"team", VERB_STR, false, "Another team's ID: somebody of Slack Connect", NULL},
        {"bot", VERB_BOOL, false, "Another app's bot: {id, bot_id}", NULL}, USER_MORE,
        END};
static const struct verb_field update_user_fields[] = {
        {"user", VERB_STR, true, "Name or ID", NULL},
        {"name", VERB_STR, false, "New short name", NULL},
        {"real_name", VERB_STR, false, "New full name", NULL},
        {"display_name", VERB_STR, false, "New display name", NULL},
        {"avatar", VERB_BOOL, false, "A new picture", NULL}, USER_MORE, END};

static const struct verb_field share_fields[] = {IN,
        {"team", VERB_STR, false, "The other team's ID; default T0OTHERTM0", NULL}, END};
static const struct verb_field channel_id_fields[] = {
        IN, {"id", VERB_STR, false, "The new one; default drawn", NULL}, END};
static const struct verb_field convert_fields[] = {
        IN, {"private", VERB_BOOL, false, "Default true", NULL}, BY, END};
static const struct verb_field posting_fields[] = {IN,
        {"admins_only", VERB_BOOL, false, "Only administrators at the top", NULL},
        {"threads_only", VERB_BOOL, false, "Nobody at the top", NULL},
        {"no_threads", VERB_BOOL, false, "No threads", NULL}, BY, END};
static const struct verb_field open_direct_fields[] = {
        AS, {"with", VERB_ARR, true, "The others: names or IDs", NULL}, END};
static const struct verb_field change_team_fields[] = {
        {"name", VERB_STR, false, "New name", NULL},
        {"domain", VERB_STR, false, "New domain", NULL},
        {"email_domain", VERB_STR, false, "New domain of mail addresses", NULL},
        {"icon", VERB_BOOL, false, "A new picture", NULL}, END};
static const struct verb_field create_group_fields[] = {
        {"handle", VERB_STR, true, "Without @", NULL},
        {"name", VERB_STR, false, "Default the handle", NULL},
        {"description", VERB_STR, false, "What for", NULL},
        {"members", VERB_ARR, false, "Who is in it", NULL}, BY, END};
static const struct verb_field change_group_fields[] = {
        {"group", VERB_STR, true, "Its handle", NULL},
        {"handle", VERB_STR, false, "New handle", NULL},
        {"name", VERB_STR, false, "New name", NULL},
        {"description", VERB_STR, false, "New description", NULL},
        {"members", VERB_ARR, false, "Who is in it from now on", NULL},
        {"disabled", VERB_BOOL, false, "Disabled, or active again", NULL}, BY, END};

static const struct verb_field disconnect_fields[] = {
        {"conn", VERB_INT, false, "Connection number; default all", NULL},
        {"reason", VERB_STR, false, "The disconnect message; default refresh_requested",
                disconnect_reasons},
        {"how", VERB_STR, false, "How it ends then; default close", disconnect_hows},
        {"after", VERB_DURATION, false,
                "From the message to the end; default 10s after warning, 2s after "
                "refresh_requested, else at once",
                NULL},
        {"code", VERB_INT, false, "In the close frame; default the knob close_code",
                NULL},
        END};
static const struct verb_field answer_fields[] = {
        {"call", VERB_STR, false, "Method, or any", NULL},
        {"in", VERB_STR, false, "Only calls for this channel", NULL},
        {"with", VERB_OBJ, false,
                "status, error, body, retry_after, retry_after_text (the header as it is), hold (before the effect), delay (after it), "
                "lost: before or after the effect, cut_at (bytes)",
                NULL},
        {"times", VERB_INT, false, "For so many calls; default 1, 0: all from now on",
                NULL},
        {"after", VERB_INT, false, "After letting so many pass", NULL},
        {"for", VERB_DURATION, false,
                "Only for so long; then times defaults to all of them", NULL},
        {"clear", VERB_BOOL, false, "Forget all rules first", NULL}, END};
static const struct verb_field envelope_fields[] = {
        {"how", VERB_STR, true,
                "duplicate: the last one again; delay, drop, drop_ack, withhold (until "
                "release), reorder (then in reverse): the next ones; raw: any frame",
                envelope_hows},
        {"times", VERB_INT, false,
                "delay, drop, drop_ack, withhold, reorder: how many; default 1", NULL},
        {"reverse", VERB_BOOL, false, "release: the last first", NULL},
        {"by", VERB_DURATION, false, "delay: how long; default 10s", NULL},
        {"conn", VERB_INT, false, "duplicate, raw: on this connection; default any",
                NULL},
        {"text", VERB_STR, false, "raw: a text frame", NULL},
        {"binary", VERB_STR, false, "raw: a binary frame, in hex", NULL},
        {"bytes", VERB_STR, false, "raw: bytes on the wire, in hex", NULL}, END};
static const struct verb_field wire_fields[] = {
        {"conn", VERB_INT, false, "Connection number; default all open ones", NULL},
        {"how", VERB_STR, true,
                "What we send: pieces: so many bytes at a time; fragments: messages in fragments "
                "of so many; stall: nothing for a time; cut: only up to a byte of a frame; plain: "
                "as it should be",
                wire_hows},
        {"bytes", VERB_INT, false, "pieces, fragments: default 1; cut: default 0", NULL},
        {"every", VERB_DURATION, false, "pieces: between two; stall: how long; default 0",
                NULL},
        {"frame", VERB_INT, false, "cut: in the so-manieth frame from now; default 1",
                NULL},
        {"end", VERB_STR, false, "cut: how the connection ends there; default rst", ends},
        END};
static const struct verb_field tls_fields[] = {
        {"how", VERB_STR, true,
                "The next handshakes: with an expired certificate, for another name, "
                "signed by nobody; answered with an alert, a reset, cut after some bytes, "
                "not at all; good again",
                tls_hows},
        {"times", VERB_INT, false, "How many; default 1, 0: all from now on", NULL},
        {"alert", VERB_INT, false,
                "alert: its number; default 42, bad_certificate (RFC 8446, 6)", NULL},
        {"bytes", VERB_INT, false, "cut: after so many; default 100", NULL}, END};
static const struct verb_field log_fields[] = {
        {"what", VERB_STR, true, "HTTP requests, or WebSocket frames", log_whats},
        {"since", VERB_INT, false, "Only what came after this seq", NULL},
        {"path", VERB_STR, false, "requests: whose path begins so", NULL},
        {"conn", VERB_INT, false, "frames: of this connection", NULL}, END};
static const struct verb_field command_fields[] = {AS, IN,
        {"command", VERB_STR, true, "With its slash", NULL},
        {"text", VERB_STR, false, "What follows it", NULL}, END};
static const struct verb_field click_fields[] = {AS, IN, TS, OF,
        {"action_id", VERB_STR, true, "Of an element in the message's blocks", NULL},
        {"with", VERB_OBJ, false, "What else the action says, such as selected_option",
                NULL},
        END};
static const struct verb_field shortcut_fields[] = {AS,
        {"callback_id", VERB_STR, true, "The shortcut's", NULL},
        {"in", VERB_STR, false, "Message shortcut: the channel; without: a global one",
                NULL},
        TS, OF, END};
static const struct verb_field submit_fields[] = {AS,
        {"view", VERB_STR, false, "Its ID or callback_id; default the last opened", NULL},
        {"values", VERB_OBJ, false, "state.values: block_id, action_id, value", NULL},
        {"close", VERB_BOOL, false, "Close it instead: view_closed, if it asked for that",
                NULL},
        END};
static const struct verb_field suggest_fields[] = {AS,
        {"action_id", VERB_STR, true, "Of the external select", NULL},
        {"block_id", VERB_STR, false, "Of its block", NULL},
        {"value", VERB_STR, false, "What was typed", NULL}, END};
static const struct verb_field session_fields[] = {AS,
        {"end", VERB_BOOL, false, "Sign out: the tokens become invalid_auth", NULL},
        {"error", VERB_STR, false,
                "What calls are answered from now on; none: they are good again", NULL},
        {"drop", VERB_BOOL, false, "Say goodbye on the open sockets and close them",
                NULL},
        END};
static const struct verb_field typing_fields[] = {AS, IN, END};
static const struct verb_field refuse_fields[] = {
        {"what", VERB_STR, true,
                "connections: new WebSockets; http: Web API and pictures; nothing: no more",
                refuse_whats},
        {"for", VERB_DURATION, false, "How long; default until nothing is said", NULL},
        END};
static const struct verb_field revoke_fields[] = {
        {"token", VERB_STR, false, "Which; default bot", token_names},
        {"error", VERB_STR, false,
                "What calls are answered; default account_inactive (bot), invalid_auth (app); "
                "none: it is good again",
                NULL},
        {"events", VERB_BOOL, false, "Send tokens_revoked and app_uninstalled first",
                NULL},
        END};
static const struct verb_field knob_fields[] = {
        {"name", VERB_STR, false, "Which; default: list them all", NULL},
        {"value", VERB_ANY, false, "The new value", NULL}, END};
static const struct verb_field tokens_fields[] = {
        {"renew", VERB_STR, false, "Make a new one first; the old becomes invalid_auth",
                token_names},
        {"client", VERB_BOOL, false, "Besides: client_id and client_secret, for OAuth",
                NULL},
        {"pair", VERB_BOOL, false,
                "Besides: a bot token that expires: {rotating, refresh}", NULL},
        END};
static const struct verb_field user_token_fields[] = {AS,
        {"scopes", VERB_STR, false, "Comma-separated; default all a person can give",
                NULL},
        {"code", VERB_BOOL, false, "A code for oauth.v2.access instead: {code}", NULL},
        END};
static const struct verb_field app_fields[] = {
        {"grant", VERB_ARR, false, "Scopes to add", NULL},
        {"ungrant", VERB_ARR, false, "Scopes to take away", NULL},
        {"subscribe", VERB_ARR, false, "Events to add, as in a manifest", NULL},
        {"unsubscribe", VERB_ARR, false, "Events to take away", NULL}, END};

const struct verb sim_slack_verbs[] = {
        {"post", "Write a message: {ts, event_id}", post_fields, verb_post},
        {"edit", "Change a message: {ts, event_id}", edit_fields, verb_edit},
        {"delete", "Delete a message: {ts, event_id}", delete_fields, verb_delete},
        {"react", "React to a message", react_fields, verb_react},
        {"unreact", "Take a reaction back", react_fields, verb_unreact},
        {"unfurl", "A link's preview arrives: message_changed without edited",
                unfurl_fields, verb_unfurl},
        {"add_emoji", "A custom emoji, or an alias: {value}", add_emoji_fields,
                verb_add_emoji},
        {"remove_emoji", "Take a custom emoji away", remove_emoji_fields,
                verb_remove_emoji},
        {"rename_emoji", "Rename a custom emoji", rename_emoji_fields, verb_rename_emoji},
        {"pin", "Pin a message", pin_fields, verb_pin},
        {"unpin", "Unpin a message", pin_fields, verb_unpin},
        {"upload", "Share files: {ts, event_id, file_id, file_ids, sha256}",
                upload_fields, verb_upload},
        {"delete_file", "Delete a file; messages keep its tombstone", delete_file_fields,
                verb_delete_file},
        {"change_file", "Change a file: file_change, message_changed", change_file_fields,
                verb_change_file},
        {"create_channel", "Make a channel: {id}", create_fields, verb_create_channel},
        {"invite", "Bring a user or the app into a channel", invite_fields, verb_invite},
        {"kick", "Put a user or the app out of a channel", invite_fields, verb_kick},
        {"join", "Join a public channel", in_as_fields, verb_join},
        {"leave", "Leave a channel", in_as_fields, verb_leave},
        {"archive", "Archive a channel", in_by_fields, verb_archive},
        {"unarchive", "Bring an archived channel back", in_by_fields, verb_unarchive},
        {"rename", "Rename a channel", rename_fields, verb_rename},
        {"topic", "Set a channel's topic or purpose", topic_fields, verb_topic},
        {"share_channel", "Slack Connect: share a channel with another team",
                share_fields, verb_share_channel},
        {"unshare_channel", "End that", share_fields, verb_unshare_channel},
        {"change_channel_id", "A channel gets another ID: {id}", channel_id_fields,
                verb_change_channel_id},
        {"convert", "Make a public channel private, or back", convert_fields,
                verb_convert},
        {"delete_channel", "Delete a channel for good", in_by_fields,
                verb_delete_channel},
        {"posting", "Restrict who may write in a channel", posting_fields, verb_posting},
        {"history_changed", "Tell of a bulk change of a history", in_as_fields,
                verb_history_changed},
        {"open_direct", "A direct conversation, of several if wanted: {id, name}",
                open_direct_fields, verb_open_direct},
        {"change_team", "Change the workspace", change_team_fields, verb_change_team},
        {"create_group", "A user group: {id}", create_group_fields, verb_create_group},
        {"change_group", "Change a user group", change_group_fields, verb_change_group},
        {"add_user", "A new member of the workspace: {id}", add_user_fields,
                verb_add_user},
        {"update_user", "Change a member", update_user_fields, verb_update_user},
        {"disconnect", "End Socket Mode connections", disconnect_fields, verb_disconnect},
        {"answer", "Answer the next calls otherwise", answer_fields, verb_answer},
        {"envelope", "Repeat, delay or lose envelopes; send odd frames", envelope_fields,
                verb_envelope},
        {"wire", "Send in pieces, slowly, fragmented or cut", wire_fields, verb_wire},
        {"tls", "Spoil the next TLS handshakes", tls_fields, verb_tls},
        {"refuse", "Reset every new connection", refuse_fields, verb_refuse},
        {"revoke", "Make a token bad, or good again", revoke_fields, verb_revoke},
        {"knob", "What is not known of Slack: see README.md", knob_fields, verb_knob},
        {"tokens", "The app's tokens: {bot, app}", tokens_fields, verb_tokens},
        {"user_token", "A person's token for the app (xoxp-): {token}", user_token_fields,
                verb_user_token},
        {"app", "Change the app's scopes and subscriptions", app_fields, verb_app},
        {"command", "Use a slash command: {trigger_id, response_url}", command_fields,
                verb_command},
        {"click", "Use a button or menu of a message: {trigger_id, response_url}",
                click_fields, verb_click},
        {"shortcut", "Use a global or message shortcut: {trigger_id}", shortcut_fields,
                verb_shortcut},
        {"submit", "Submit or close a modal: {view}", submit_fields, verb_submit},
        {"suggest", "Type into an external select", suggest_fields, verb_suggest},
        {"session", "A signed-in client's tokens: {token, cookie}", session_fields,
                verb_session},
        {"typing", "Somebody is typing (clients hear it, apps never)", typing_fields,
                verb_typing},
        {"log", "Requests or frames as they were", log_fields, verb_log},
        {"state", "Everything that is there", none, verb_state},
        {0},
};

/* ---- what they share ---- */

static struct user *first_person(const struct sim_slack *sim)
{
	size_t cursor = 0;
	struct user *user;

	while ((user = workspace_next_user(&sim->ws, &cursor))) {
		if (!user->bot_id && !str_equal(user->id, "USLACKBOT")) {
			return user;
		}
	}
	return NULL;
}

static struct user *user_named(const struct sim_slack *sim, const char *name)
{
	return str_equal(name, "bot") ? sim->app.bot
	                              : workspace_find_user(&sim->ws, name);
}

struct user *verb_user(
        struct sim_slack *sim, const cJSON *args, const char *field, struct err *err)
{
	const char *name = json_str(args, field);
	struct user *user = name ? user_named(sim, name) : first_person(sim);

	if (!user) {
		err_set(err, ERR_PERMANENT, 0, "there is no user %s",
		        name ? name : "at all");
	}
	return user;
}

static struct channel *direct(
        struct sim_slack *sim, const char *name, struct user *as, struct err *err)
{
	struct user *users[2] = {as, user_named(sim, name)};

	if (!as || !users[1]) {
		err_set(err, ERR_PERMANENT, 0, "there is no direct conversation with @%s",
		        name);
		return NULL;
	}
	return act_open_direct(sim, users, users[1] == as ? 1 : 2, NULL);
}

struct channel *verb_channel(
        struct sim_slack *sim, const cJSON *args, struct user *as, struct err *err)
{
	const char *name = json_str_or(args, "in", "");
	struct channel *channel;

	if (*name == '@') {
		return direct(sim, name + 1, as, err);
	}
	channel = workspace_find_channel(&sim->ws, name);
	if (!channel) {
		err_set(err, ERR_PERMANENT, 0, "there is no channel %s", name);
	}
	return channel;
}

struct message *verb_message(const struct channel *channel, const cJSON *args,
        const struct user *author, struct err *err)
{
	const char *ts = json_str(args, "ts"), *of = json_str(args, "of");

	for (size_t i = channel->message_count; i > 0; i--) {
		struct message *message = channel->messages[i - 1];

		if ((!ts || str_equal(ts, message->ts)) &&
		        (!of || str_equal(of, message->text)) &&
		        (!author || message->user == author)) {
			return message;
		}
	}
	err_set(err, ERR_PERMANENT, 0, "there is no such message in %s%s%s",
	        channel->name, author ? " by " : "", author ? author->name : "");
	return NULL;
}
