#include "scenarios/runner/story.h"

#include <string.h>

/* A field that no record has can never match: in a `never` such a slip of the pen would
 * pass for a proof. So matchers may name these fields only, and what lies inside those
 * marked as maps. */

static const struct verb_field slack_fields[] = {
        {"kind", VERB_ANY, false,
                "call, message, edit, delete, reaction, pin, ws, envelope, ack, member, "
                "channel, archive, rename, topic, user, ping, pong ...",
                NULL},
        {"call", VERB_ANY, false, "a Web API method: chat.postMessage", NULL},
        {"answered", VERB_ANY, false, "how it was answered: ok or Slack's error word",
                NULL},
        {"status", VERB_ANY, false, "the HTTP status", NULL},
        {"token", VERB_ANY, false, "which token a call carried: bot, app, none, unknown",
                NULL},
        {"lost", VERB_ANY, false, "true if a fault kept the answer back", NULL},
        {"retry_after", VERB_ANY, false, "the seconds of its Retry-After header", NULL},
        {"args", VERB_OBJ, false, "the other form fields of a call: args.thread_ts",
                NULL},
        {"channel", VERB_ANY, false,
                "the channel's ID; of kind channel what was done: created, opened", NULL},
        {"in", VERB_ANY, false, "the channel's name", NULL},
        {"text", VERB_ANY, false, "the text of a message", NULL},
        {"event", VERB_ANY, false,
                "what it is: message, or the type of the event in an envelope", NULL},
        {"user", VERB_ANY, false, "who: by name", NULL},
        {"by", VERB_ANY, false, "of a message person or app; else who did it, by name",
                NULL},
        {"username", VERB_ANY, false, "the name the app gave the message", NULL},
        {"ts", VERB_ANY, false, "the message's timestamp, which is its ID", NULL},
        {"thread_ts", VERB_ANY, false, "the thread it stands in", NULL},
        {"subtype", VERB_ANY, false, "Slack's subtype of the message", NULL},
        {"mark", VERB_ANY, false, "the Matrix event ID in the message's metadata", NULL},
        {"reaction", VERB_ANY, false, "the name of an emoji", NULL},
        {"action", VERB_ANY, false, "added or removed; of a user what happened", NULL},
        {"pin", VERB_ANY, false, "added or removed", NULL},
        {"member", VERB_ANY, false, "joined or left", NULL},
        {"archive", VERB_ANY, false, "archived or unarchived", NULL},
        {"rename", VERB_ANY, false, "the new name of a channel", NULL},
        {"topic", VERB_ANY, false, "the new topic of a channel", NULL},
        {"purpose", VERB_ANY, false, "the new purpose of a channel", NULL},
        {"ws", VERB_ANY, false,
                "a connection's fate: open, hello, refused, disconnect, closed ...",
                NULL},
        {"conn", VERB_ANY, false, "the number of a Socket Mode connection, from 1", NULL},
        {"reason", VERB_ANY, false, "why", NULL},
        {"bytes", VERB_ANY, false, "how much of a frame there was", NULL},
        {"envelope", VERB_ANY, false, "an envelope's ID, when it is sent", NULL},
        {"type", VERB_ANY, false, "an envelope's type: events_api", NULL},
        {"event_id", VERB_ANY, false, "an event's ID", NULL},
        {"attempt", VERB_ANY, false, "which delivery of it, from 0", NULL},
        {"duplicate", VERB_ANY, false, "true if the same envelope was sent before", NULL},
        {"acked", VERB_ANY, false,
                "an envelope's ID, when it is acknowledged; all: every one", NULL},
        {"after_ms", VERB_ANY, false, "how long after the envelope the ack came", NULL},
        {"late", VERB_ANY, false, "true if the ack came after its deadline", NULL},
        {"unknown", VERB_ANY, false, "true if no such envelope was sent", NULL},
        {"repeated", VERB_ANY, false, "true if it was acknowledged before", NULL},
        {"wrong_conn", VERB_ANY, false, "true if the ack came over another connection",
                NULL},
        {"dropped", VERB_ANY, false, "true if a fault made Slack miss the ack", NULL},
        {"from", VERB_ANY, false, "who sent a ping or a pong", NULL},
        {"path", VERB_ANY, false, "of a request that was refused", NULL},
        {0},
};

static const struct verb_field matrix_fields[] = {
        {"kind", VERB_ANY, false, "event, request, push, push_overflow, server", NULL},
        {"event", VERB_ANY, false,
                "what it is: message, notice, emote, image, edit, member, name, topic, "
                "create, redaction, reaction ...",
                NULL},
        {"type", VERB_ANY, false, "the event's full type: m.room.message", NULL},
        {"room", VERB_ANY, false, "the room's ID", NULL},
        {"in", VERB_ANY, false, "the room's label, or its name without a #", NULL},
        {"sender", VERB_ANY, false, "the sender's user ID", NULL},
        {"from", VERB_ANY, false, "the sender's display name", NULL},
        {"text", VERB_ANY, false,
                "the body of a message; the name or topic that a state event sets; a reason",
                NULL},
        {"html", VERB_ANY, false, "the formatted body", NULL},
        {"event_id", VERB_ANY, false, "the event's ID", NULL},
        {"membership", VERB_ANY, false, "of a member event: invite, join, leave, ban",
                NULL},
        {"name", VERB_ANY, false, "of a member event: the display name", NULL},
        {"avatar", VERB_ANY, false, "of a member event: the picture", NULL},
        {"state_key", VERB_ANY, false, "of a state event; of a member event the user",
                NULL},
        {"url", VERB_ANY, false, "of a file or a picture", NULL},
        {"edits", VERB_ANY, false, "the event an edit changes", NULL},
        {"reply_to", VERB_ANY, false, "the event a reply answers", NULL},
        {"thread", VERB_ANY, false, "the event a thread began with", NULL},
        {"target", VERB_ANY, false, "the event a reaction is for", NULL},
        {"key", VERB_ANY, false, "the reaction itself", NULL},
        {"redacts", VERB_ANY, false, "the event a redaction takes away", NULL},
        {"by", VERB_ANY, false, "person, appservice or server", NULL},
        {"txn", VERB_ANY, false, "the transaction ID it was sent with", NULL},
        {"request", VERB_ANY, false, "a client-server request: \"PUT send\"", NULL},
        {"path", VERB_ANY, false, "of a request for which there is no endpoint", NULL},
        {"user", VERB_ANY, false, "the user ID a request spoke for", NULL},
        {"status", VERB_ANY, false, "the HTTP status", NULL},
        {"errcode", VERB_ANY, false, "the error word of the answer: M_FORBIDDEN", NULL},
        {"replayed", VERB_ANY, false, "true for a repeat answered from memory", NULL},
        {"lost", VERB_ANY, false, "true if a fault kept the answer back", NULL},
        {"prepared", VERB_ANY, false, "true if a fault decided the answer", NULL},
        {"push", VERB_ANY, false, "an appservice transaction's ID", NULL},
        {"as", VERB_ANY, false, "the appservice it was for, by its registration's id",
                NULL},
        {"events", VERB_ANY, false, "how many events it carried", NULL},
        {"attempt", VERB_ANY, false, "which delivery of it, from 1", NULL},
        {"result", VERB_ANY, false, "ok or failed", NULL},
        {"odd", VERB_ANY, false, "what a fault made wrong about it", NULL},
        {"server", VERB_ANY, false, "up or down", NULL},
        {0},
};

static const struct verb_field bridge_fields[] = {
        {"kind", VERB_ANY, false, "log, stderr, up, exit", NULL},
        {"log", VERB_ANY, false, "the message of a line of the daemon's log", NULL},
        {"level", VERB_ANY, false, "its level: fatal, error, warn, info, debug", NULL},
        {"fields", VERB_OBJ, false, "its other fields: fields: {portal: general}", NULL},
        {"text", VERB_ANY, false, "a line written to standard error that is no log line",
                NULL},
        {"up", VERB_ANY, false, "true when a start has come to rest", NULL},
        {"exit", VERB_ANY, false, "the status the daemon ended with", NULL},
        {"died", VERB_ANY, false, "the signal it died by: SIGKILL", NULL},
        {"asked", VERB_ANY, false, "true if a step asked for that end", NULL},
        {"stderr", VERB_ANY, false,
                "all it wrote to standard error beside its log, at its end", NULL},
        {"stdout", VERB_ANY, false,
                "all it wrote to standard output beside its log, at its end", NULL},
        {0},
};

const struct verb_field *story_tap_fields(const char *at)
{
	static const struct {
		const char *name;
		const struct verb_field *fields;
	} all[] = {
	        {"slack", slack_fields},
	        {"matrix", matrix_fields},
	        {"bridge", bridge_fields},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].name, at) == 0) {
			return all[i].fields;
		}
	}
	return NULL;
}
