/* What can be said to the homeserver and its people: one table for the control interface,
 * the scenario language and their manual. */
#include "sim-matrix/push.h"
#include "sim-matrix/verbs.h"

static const char as_doc[] = "who does it: a localpart or a full user ID";
static const char room_doc[] = "label, name without #, alias or ID";
static const char same_doc[] = "the same as in";
static const char user_doc[] = "whom: a localpart or a full user ID";
static const char reason_doc[] = "why, in words";
static const char event_doc[] =
        "event ID, or the text of the newest message that says so";

static const struct verb_field register_user[] = {
        {"name", VERB_STR, true, "localpart", NULL},
        {"password", VERB_STR, false, "for logging in with a client", NULL},
        {"displayname", VERB_STR, false, "shown name; the localpart if absent", NULL},
        {"auto_accept", VERB_BOOL, false, "accepts every invite by itself (false)", NULL},
        {0},
};
static const struct verb_field register_appservice[] = {
        {"as", VERB_STR, false, "who types the command (admin)", NULL},
        {"yaml", VERB_STR, true, "the registration file's text", NULL},
        {0},
};
static const struct verb_field unregister_appservice[] = {
        {"as", VERB_STR, false, "who types the command (admin)", NULL},
        {"id", VERB_STR, true, "the registration's id", NULL},
        {0},
};
static const struct verb_field set_displayname[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"name", VERB_STR, false, "the new name; absent: none", NULL},
        {0},
};
static const struct verb_field auto_accept[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"on", VERB_BOOL, true, "accept every invite from now on", NULL},
        {0},
};
static const struct verb_field create_room[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, "the label by which steps and records know it", NULL},
        {"name", VERB_STR, false, "m.room.name", NULL},
        {"topic", VERB_STR, false, "m.room.topic", NULL},
        {"invite", VERB_ARR, false, "users to invite", NULL},
        {"direct", VERB_BOOL, false, "a direct chat (false)", NULL},
        {"public", VERB_BOOL, false, "anybody may join, listed in the directory (false)",
                NULL},
        {"alias", VERB_STR, false, "local part of an alias", NULL},
        {"encrypted", VERB_BOOL, false, "with encryption from the start (false)", NULL},
        {"space", VERB_BOOL, false, "a space (false)", NULL},
        {"version", VERB_STR, false, "room version; the server's default if absent",
                NULL},
        {0},
};
static const struct verb_field dm[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"with", VERB_STR, true, "whom to talk to", NULL},
        {"room", VERB_STR, false, "the label by which steps and records know it", NULL},
        {0},
};
static const struct verb_field join_or_leave[] = {{"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, room_doc, NULL},
        {"reason", VERB_STR, false, reason_doc, NULL}, {0}};
static const struct verb_field invite[] = {{"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, room_doc, NULL},
        {"user", VERB_STR, true, user_doc, NULL},
        {"reason", VERB_STR, false, reason_doc, NULL}, {0}};
static const struct verb_field accept_[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, false, "this invite alone; absent: all that wait", NULL},
        {0},
};
#define WHO                                                                              \
	{                                                                                \
		"as", VERB_STR, true, as_doc, NULL                                       \
	}
#define WHERE                                                                            \
	{"in", VERB_STR, false, room_doc, NULL},                                         \
	{                                                                                \
		"room", VERB_STR, false, same_doc, NULL                                  \
	}
#define RELATED                                                                          \
	{"reply_to", VERB_STR, false, "answers this event (ID or text)", NULL},          \
	        {"thread", VERB_STR, false,                                              \
	                "in the thread that this event began (ID or text)", NULL},       \
	        {"mentions", VERB_ARR, false,                                            \
	                "m.mentions: users, or room; absent: none is sent", NULL},       \
	{                                                                                \
		"content", VERB_OBJ, false, "further members of the content", NULL       \
	}
#define BYTES                                                                                     \
	{"mimetype", VERB_STR, false, "image/png", NULL},                                         \
	        {"size", VERB_INT, false,                                                         \
	                "so many bytes, made from the name (1024); with url: what is said of it", \
	                NULL},                                                                    \
	        {"contents", VERB_STR, false, "these bytes instead", NULL},                       \
	{                                                                                         \
		"url", VERB_STR, false, "mxc URL: no upload", NULL                                \
	}
#define MEASURES                                                                         \
	{"width", VERB_INT, false, "in pixels", NULL},                                   \
	        {"height", VERB_INT, false, "in pixels", NULL},                          \
	{                                                                                \
		"duration", VERB_INT, false, "in ms", NULL                               \
	}

static const struct verb_field post[] = {
        WHO,
        WHERE,
        {"text", VERB_STR, true, "body", NULL},
        {"html", VERB_STR, false, "formatted_body", NULL},
        {"msgtype", VERB_STR, false, "m.text if absent", NULL},
        RELATED,
        {0},
};
static const struct verb_field post_file[] = {
        WHO,
        WHERE,
        {"file", VERB_STR, true, "its name", NULL},
        BYTES,
        MEASURES,
        {"msgtype", VERB_STR, false, "m.image, m.video, m.audio, m.file; by mimetype",
                NULL},
        {"caption", VERB_STR, false, "text under it", NULL},
        {"html", VERB_STR, false, "formatted caption", NULL},
        {"voice", VERB_BOOL, false, "a voice message (false)", NULL},
        RELATED,
        {0},
};
static const struct verb_field sticker[] = {
        WHO,
        WHERE,
        {"text", VERB_STR, true, "what it shows, in words", NULL},
        {"file", VERB_STR, false, "name of the picture", NULL},
        BYTES,
        MEASURES,
        RELATED,
        {0},
};
static const struct verb_field picture[] = {
        WHO,
        {"file", VERB_STR, false, "name of the picture", NULL},
        BYTES,
        {0},
};
static const struct verb_field room_picture[] = {
        WHO,
        {"room", VERB_STR, true, room_doc, NULL},
        {"file", VERB_STR, false, "name of the picture", NULL},
        BYTES,
        {0},
};
static const struct verb_field location[] = {
        WHO,
        WHERE,
        {"geo", VERB_STR, true, "geo:52.5,13.4", NULL},
        {"text", VERB_STR, false, "body; the geo URI if absent", NULL},
        RELATED,
        {0},
};
static const struct verb_field poll[] = {
        WHO,
        WHERE,
        {"question", VERB_STR, true, "what is asked", NULL},
        {"answers", VERB_ARR, true, "what can be answered: texts", NULL},
        {"max", VERB_INT, false, "how many may be chosen (1)", NULL},
        RELATED,
        {0},
};
static const char poll_doc[] = "the poll's event ID";
static const struct verb_field vote[] = {
        WHO,
        WHERE,
        {"event", VERB_STR, true, poll_doc, NULL},
        {"answers", VERB_ARR, true, "the chosen answers' texts or IDs", NULL},
        {0},
};
static const struct verb_field end_poll[] = {
        WHO, WHERE, {"event", VERB_STR, true, poll_doc, NULL}, {0}};
static const struct verb_field edit[] = {
        WHO,
        WHERE,
        {"event", VERB_STR, true, event_doc, NULL},
        {"text", VERB_STR, true, "the new body; of a file the new caption", NULL},
        {"html", VERB_STR, false, "the new formatted_body", NULL},
        {0},
};
static const struct verb_field typing[] = {
        WHO,
        WHERE,
        {"on", VERB_BOOL, false, "types, or has stopped (true)", NULL},
        {"timeout", VERB_DURATION, false, "for how long (30s)", NULL},
        {0},
};
static const struct verb_field read_[] = {
        WHO,
        WHERE,
        {"event", VERB_STR, false, "up to here (ID or text); absent: the newest", NULL},
        {"private", VERB_BOOL, false, "m.read.private (false)", NULL},
        {0},
};
static const struct verb_field room_name[] = {
        WHO,
        {"room", VERB_STR, true, room_doc, NULL},
        {"name", VERB_STR, false, "the new name; absent: none", NULL},
        {0},
};
static const struct verb_field topic[] = {
        WHO,
        {"room", VERB_STR, true, room_doc, NULL},
        {"topic", VERB_STR, false, "the new topic; absent: none", NULL},
        {0},
};
static const struct verb_field in_room[] = {
        WHO, {"room", VERB_STR, true, room_doc, NULL}, {0}};
static const struct verb_field pin[] = {
        WHO, WHERE, {"event", VERB_STR, true, event_doc, NULL}, {0}};
static const struct verb_field upgrade[] = {
        WHO,
        {"room", VERB_STR, true, room_doc, NULL},
        {"version", VERB_STR, false, "the new version (11)", NULL},
        {0},
};
static const struct verb_field only_who[] = {WHO, {0}};
static const struct verb_field look[] = {
        {"room", VERB_STR, true, room_doc, NULL},
        {"type", VERB_STR, false, "this state event's content; absent: an overview",
                NULL},
        {"key", VERB_STR, false, "its state key (empty)", NULL},
        {0},
};
static const struct verb_field redact[] = {{"as", VERB_STR, true, as_doc, NULL},
        {"in", VERB_STR, false, room_doc, NULL},
        {"room", VERB_STR, false, same_doc, NULL},
        {"event", VERB_STR, true, event_doc, NULL},
        {"reason", VERB_STR, false, reason_doc, NULL}, {0}};
static const struct verb_field react[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"in", VERB_STR, false, room_doc, NULL},
        {"room", VERB_STR, false, same_doc, NULL},
        {"event", VERB_STR, true, event_doc, NULL},
        {"key", VERB_STR, true, "the emoji", NULL},
        {0},
};
static const struct verb_field reply[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"in", VERB_STR, false, room_doc, NULL},
        {"room", VERB_STR, false, same_doc, NULL},
        {"event", VERB_STR, true, event_doc, NULL},
        {"text", VERB_STR, true, "body", NULL},
        {"html", VERB_STR, false, "formatted_body", NULL},
        {"msgtype", VERB_STR, false, "m.text if absent", NULL},
        {"thread", VERB_BOOL, false, "in a thread under the event, not only quoting it",
                NULL},
        {"fallback", VERB_BOOL, false,
                "quotes it in the text too, as old clients do (false)", NULL},
        {0},
};
static const struct verb_field set_state[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, room_doc, NULL},
        {"type", VERB_STR, true, "event type", NULL},
        {"key", VERB_STR, false, "state key (empty)", NULL},
        {"content", VERB_OBJ, true, "content", NULL},
        {0},
};
static const struct verb_field power[] = {
        {"as", VERB_STR, true, as_doc, NULL},
        {"room", VERB_STR, true, room_doc, NULL},
        {"user", VERB_STR, true, user_doc, NULL},
        {"level", VERB_INT, true, "the new power level", NULL},
        {0},
};
static const struct verb_field answer[] = {
        {"request", VERB_STR, true, "as records name it: \"PUT send\", \"send\", \"any\"",
                NULL},
        {"in", VERB_STR, false, "only in this room (short name or ID)", NULL},
        {"user", VERB_STR, false, "only for this user", NULL},
        {"with", VERB_OBJ, true,
                "status, errcode, body, retry_after_ms, delay, lost: before|after, cut_at, "
                "effect: whether the request takes effect all the same",
                NULL},
        {"times", VERB_INT, false, "how often (1); 0: from now on", NULL},
        {"after", VERB_INT, false, "let so many pass first (0)", NULL},
        {0},
};
static const char *const down_ways[] = {"refused", "reset", NULL};
static const struct verb_field down[] = {
        {"for", VERB_DURATION, false, "comes up by itself after this", NULL},
        {"how", VERB_STR, false, "connections are refused (default) or reset", down_ways},
        {0},
};
static const struct verb_field limit_uploads[] = {
        {"bytes", VERB_INT, true, "of one upload", NULL}, {0}};
static const struct verb_field limit_rate[] = {
        {"burst", VERB_INT, true, "so many at once; 0: no limit any more", NULL},
        {"one_each", VERB_DURATION, false, "and one more each time this has passed",
                NULL},
        {"all", VERB_BOOL, false, "an appservice too, whatever its registration says",
                NULL},
        {0},
};
static const struct verb_field nothing[] = {{0}};
static const struct verb_field push_fields[] = {
        {"how", VERB_STR, true, "what kind of odd transaction", push_odd_kinds},
        {"to", VERB_STR, false, "appservice ID; absent: the first", NULL},
        {0},
};

const struct verb sim_matrix_verbs[] = {
        {"register_user", "makes a person; gives user_id and access_token", register_user,
                verb_register_user},
        {"register_appservice",
                "types the register command into the admin room; gives the reply",
                register_appservice, verb_register_appservice},
        {"unregister_appservice", "types the unregister command; gives the reply",
                unregister_appservice, verb_unregister_appservice},
        {"create_room", "makes a room; gives room_id", create_room, verb_create_room},
        {"dm", "makes a direct chat and invites; gives room_id", dm, verb_dm},
        {"join", "joins a room", join_or_leave, verb_join},
        {"leave", "leaves a room or declines its invite", join_or_leave, verb_leave},
        {"kick", "removes somebody from a room", invite, verb_kick},
        {"ban", "bans somebody from a room", invite, verb_ban},
        {"invite", "invites somebody into a room", invite, verb_invite},
        {"accept", "accepts pending invites; gives joined, the room IDs", accept_,
                verb_accept},
        {"post", "says something; gives event_id", post, verb_post},
        {"edit", "edits one's own message; gives event_id", edit, verb_edit},
        {"redact", "removes a message; gives event_id", redact, verb_redact},
        {"react", "reacts to a message; gives event_id", react, verb_react},
        {"reply", "replies to a message; gives event_id", reply, verb_reply},
        {"unreact", "takes one's reaction back; gives event_id", react, verb_unreact},
        {"post_file", "uploads and sends a file or picture; gives event_id", post_file,
                verb_post_file},
        {"sticker", "sends a sticker; gives event_id", sticker, verb_sticker},
        {"location", "sends a place; gives event_id", location, verb_location},
        {"poll", "asks; gives event_id", poll, verb_poll},
        {"vote", "answers a poll; gives event_id", vote, verb_vote},
        {"end_poll", "ends a poll; gives event_id", end_poll, verb_end_poll},
        {"upload", "uploads without sending; gives url and sha256", picture, verb_upload},
        {"typing", "types, without sending anything", typing, verb_typing},
        {"read", "has read", read_, verb_read},
        {"pin", "pins a message; gives event_id", pin, verb_pin},
        {"unpin", "unpins a message; gives event_id", pin, verb_unpin},
        {"set_room_name", "renames a room; gives event_id", room_name,
                verb_set_room_name},
        {"set_topic", "sets a room's topic; gives event_id", topic, verb_set_topic},
        {"set_room_avatar", "gives a room a picture, or takes it away; gives event_id",
                room_picture, verb_set_room_avatar},
        {"encrypt",
                "turns a room's encryption on, for ever: people then send ciphertext; "
                "gives event_id",
                in_room, verb_encrypt},
        {"upgrade", "replaces a room by one of another version; gives room_id", upgrade,
                verb_upgrade},
        {"unban", "lets somebody in again", invite, verb_unban},
        {"knock", "asks to be let in", join_or_leave, verb_knock},
        {"leave_all", "leaves every room; gives left, the room IDs", only_who,
                verb_leave_all},
        {"set_avatar", "gives oneself a picture, or takes it away; gives url", picture,
                verb_set_avatar},
        {"look",
                "looks at a room without being in it; gives and records name, topic, "
                "members ..., or one state event's content",
                look, verb_look},
        {"set_state", "sets room state; gives event_id", set_state, verb_set_state},
        {"set_displayname", "renames oneself, in every room", set_displayname,
                verb_set_displayname},
        {"power", "gives somebody a power level", power, verb_power},
        {"auto_accept", "lets a person accept invites by themselves, or not", auto_accept,
                verb_auto_accept},
        {"answer", "prepares answers to requests", answer, verb_answer},
        {"down", "the homeserver stops until up", down, verb_down},
        {"up", "the homeserver starts again", nothing, verb_up},
        {"restart", "the homeserver stops and starts at once", nothing, verb_restart},
        {"limit_uploads", "larger uploads are refused from now on, with 413",
                limit_uploads, verb_limit_uploads},
        {"limit_rate",
                "sends, state, joins and invites of a user beyond this are answered 429; "
                "of an appservice too, unless registered with rate_limited: false",
                limit_rate, verb_limit_rate},
        {"push", "sends an odd transaction to an appservice", push_fields, verb_push},
        {0},
};
