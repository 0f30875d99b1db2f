#include "sim-slack/knobs.h"

#include "lib/mem.h"
#include "lib/verb.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum knob_type { KNOB_BOOL, KNOB_INT, KNOB_MS, KNOB_TEXT };

struct knob {
	const char *name;
	enum knob_type type;
	size_t offset;
	int64_t number;
	const char *text;
	const char *doc;
};

#define BOOL(field, value, doc)                                                          \
	{                                                                                \
#field, KNOB_BOOL, offsetof(struct knobs, field), value, NULL, doc       \
	}
#define INT(field, value, doc)                                                           \
	{                                                                                \
#field, KNOB_INT, offsetof(struct knobs, field), value, NULL, doc        \
	}
#define MS(field, value, doc)                                                            \
	{                                                                                \
#field, KNOB_MS, offsetof(struct knobs, field), value, NULL, doc         \
	}
#define TEXT(field, value, doc)                                                          \
	{                                                                                \
#field, KNOB_TEXT, offsetof(struct knobs, field), 0, value, doc          \
	}

static const struct knob table[] = {
        BOOL(tiers, 1, "Rate limits are kept"),
        INT(post_burst, 4, "Messages a channel takes at once before one a second"),
        INT(post_per_minute, 300,
                "chat.postMessage calls of the whole workspace in a minute"),
        BOOL(rate_prolongs, 0, "A call refused by a limit makes the wait longer"),

        BOOL(socket_mode, 1, "Socket Mode is switched on for the app"),
        TEXT(socket_mode_error, "not_allowed_token_type",
                "What apps.connections.open answers while it is off"),
        MS(ticket_ttl, 30000, "How long a WebSocket URL may be used"),
        INT(ticket_status, 403, "HTTP status for a used, old or unknown ticket"),
        INT(max_sockets, 10, "Connections of one app; the next is too_many_websockets"),
        MS(connection_age, 18060000, "Life of a connection, announced in hello"),
        MS(warning_ahead, 10000, "The warning comes so long before that age"),
        MS(drop_after, 2000, "From refresh_requested to the end of the connection"),
        TEXT(drop_how, "close", "That end: close, fin, rst, silence or leave_open"),
        INT(close_code, 1000, "Code in the server's close frames"),
        BOOL(leave_tcp_open, 1, "The TCP connection outlives the close handshake"),
        MS(linger, 60000, "For at most so long"),
        MS(leak, 0, "A connection that is gone goes on counting for so long"),
        MS(ping_interval, 10000, "Between the server's pings; 0: none"),
        BOOL(pong_echo, 0, "Pongs are pure echoes, without the time stamp"),
        BOOL(pong, 1, "The client's pings are answered"),
        BOOL(hello, 1, "A new connection is greeted"),
        MS(hello_delay, 0, "That greeting comes so late"),
        MS(upgrade_delay, 0, "The answer to a WebSocket handshake comes so late"),
        INT(frame_limit, 20000,
                "Text frames of the client from this size on are dropped"),

        MS(trigger_ttl, 3000, "How long a trigger_id opens a view"),
        MS(event_delay, 5, "From what happened to its first envelope"),
        INT(events_per_hour, 30000,
                "More than that are dropped, with app_rate_limited; 0: no limit"),
        MS(ack_deadline, 3000, "Time to acknowledge an envelope"),
        MS(retry_1, 0, "From the first failure to attempt 1"),
        MS(retry_2, 60000, "From the second failure to attempt 2"),
        MS(retry_3, 300000, "From the third failure to attempt 3"),
        BOOL(retry_new_envelope_id, 1, "Each attempt has its own envelope_id"),
        BOOL(ack_any_socket, 0,
                "An acknowledgement counts on whatever connection it comes"),

        BOOL(event_metadata_payload, 0, "Message events carry the metadata's payload"),
        BOOL(parent_changed, 0,
                "Replies send a message_changed for the parent's counters"),
        BOOL(archive_member_events, 0, "Archiving sends channel_left to the app"),
        BOOL(archive_event_first, 1, "channel_archive comes before the message"),
        BOOL(own_left_events, 1, "The app hears channel_left about itself"),

        MS(share_delay, 300, "From files.completeUploadExternal to the message it makes"),
        INT(upload_max_bytes, 1000000000, "The largest file"),
        BOOL(upload_strict, 1, "An upload of another length than announced is refused"),
        BOOL(upload_again, 1, "An upload URL takes the bytes again until completion"),
        TEXT(login_answer, "html",
                "A download without a good token: html (200 and a login page) or "
                "redirect (302 to one)"),
        TEXT(upload_archived, "is_archived",
                "files.completeUploadExternal to an archived channel: an error word"),

        BOOL(token_rotation, 0, "OAuth gives out tokens that expire after 12 hours"),
        MS(refresh_grace, 60000,
                "A refresh token may be used again for so long after its first use"),

        MS(cursor_ttl, 0, "Life of a cursor; 0: for ever"),
        INT(reactions_per_person, 23, "Different reactions of one user on one message"),
        INT(emoji_per_message, 50, "Different reactions on one message"),
        TEXT(delete_archived, "ok", "chat.delete in an archived channel: ok or an error"),
        TEXT(unreact_archived, "ok", "reactions.remove there"),
        TEXT(pin_archived, "is_archived", "pins.add there"),
        TEXT(unpin_archived, "ok", "pins.remove there"),
        TEXT(unarchive_by_bot, "not_in_channel",
                "conversations.unarchive with a bot token"),
        TEXT(unknown_thread, "cannot_reply_to_message",
                "chat.postMessage with a thread_ts that is no message; ok: posted unthreaded"),
};

enum { KNOBS = sizeof(table) / sizeof(table[0]) };

static int64_t *number_of(const struct knobs *knobs, const struct knob *knob)
{
	return (int64_t *)(uintptr_t)((const char *)knobs + knob->offset);
}

static char *text_of(const struct knobs *knobs, const struct knob *knob)
{
	return (char *)(uintptr_t)((const char *)knobs + knob->offset);
}

void knobs_init(struct knobs *knobs)
{
	memset(knobs, 0, sizeof(*knobs));
	for (size_t i = 0; i < KNOBS; i++) {
		if (table[i].type == KNOB_TEXT) {
			snprintf(text_of(knobs, &table[i]), sizeof(knobs->drop_how), "%s",
			        table[i].text);
		} else {
			*number_of(knobs, &table[i]) = table[i].number;
		}
	}
}

static bool set_number(struct knobs *knobs, const struct knob *knob, const cJSON *value)
{
	int64_t number;

	if (knob->type == KNOB_BOOL && cJSON_IsBool(value)) {
		number = cJSON_IsTrue(value);
	} else if (knob->type == KNOB_MS && cJSON_IsString(value)) {
		if (!duration_parse(value->valuestring, &number)) {
			return false;
		}
	} else if (knob->type != KNOB_BOOL && cJSON_IsNumber(value) &&
	           value->valuedouble >= 0 && value->valuedouble <= 1e10) {
		number = (int64_t)(value->valuedouble *
		                   (knob->type == KNOB_MS ? 1000 : 1));
	} else {
		return false;
	}
	*number_of(knobs, knob) = number;
	return true;
}

static bool set_text(struct knobs *knobs, const struct knob *knob, const cJSON *value)
{
	if (!cJSON_IsString(value) ||
	        strlen(value->valuestring) >= sizeof(knobs->drop_how) ||
	        value->valuestring[0] == '\0') {
		return false;
	}
	snprintf(text_of(knobs, knob), sizeof(knobs->drop_how), "%s", value->valuestring);
	return true;
}

bool knobs_set(struct knobs *knobs, const char *name, const cJSON *value, struct err *err)
{
	for (size_t i = 0; i < KNOBS; i++) {
		if (strcmp(table[i].name, name) != 0) {
			continue;
		}
		if (table[i].type == KNOB_TEXT ? set_text(knobs, &table[i], value)
		                               : set_number(knobs, &table[i], value)) {
			return true;
		}
		return err_set(
		        err, ERR_PERMANENT, 0, "knob %s does not take this value", name);
	}
	return err_set(err, ERR_PERMANENT, 0, "there is no knob %s", name);
}

cJSON *knobs_list(const struct knobs *knobs)
{
	static const char *const types[] = {"boolean", "number", "duration", "text"};
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < KNOBS; i++) {
		const struct knob *knob = &table[i];
		cJSON *item = json_set_str(json_new(), "name", knob->name);

		json_set_str(item, "type", types[knob->type]);
		if (knob->type == KNOB_TEXT) {
			json_set_str(item, "value", text_of(knobs, knob));
		} else if (knob->type == KNOB_BOOL) {
			json_set_bool(item, "value", *number_of(knobs, knob) != 0);
		} else if (knob->type == KNOB_MS) {
			autofree char *text =
			        xasprintf("%lldms", (long long)*number_of(knobs, knob));
			json_set_str(item, "value", text);
		} else {
			json_set_int(item, "value", *number_of(knobs, knob));
		}
		json_set_str(item, "doc", knob->doc);
		cJSON_AddItemToArray(list, item);
	}
	return list;
}
