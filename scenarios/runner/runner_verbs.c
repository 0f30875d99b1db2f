#include "scenarios/runner/story.h"

#include "lib/str.h"
#include "lib/verb.h"

#include "sim-matrix/sim_matrix.h"
#include "sim-slack/sim_slack.h"

#include <string.h>

static const char *const taps[] = {"slack", "matrix", "bridge", NULL};
static const char *const orders[] = {"exact", "any", NULL};
static const char *const eaches[] = {"once", "at-least-once", NULL};
static const char *const signals[] = {"TERM", "INT", "HUP", "QUIT", NULL};
static const char *const registrations[] = {"good", "none", NULL};
static const char *const kill_moments[] = {"before", "after", "before_answer", NULL};
static const char *const links[] = {"slack-ws", "slack-api", "matrix", NULL};
static const char *const database_stops[] = {"fast", "immediate", NULL};
static const char *const cuts[] = {"rst", "fin", "refuse", "silence", NULL};

#define AROUND_FIELDS                                                                    \
	{"env", VERB_OBJ, false, "environment variables, by name", NULL},                \
	        {"limits", VERB_OBJ, false,                                              \
	                "limits in bytes or numbers: memory, files, stack, file_size, "  \
	                "core",                                                          \
	                NULL},                                                           \
	{                                                                                \
		"sandbox", VERB_ARR, false,                                              \
		        "hardening: read-only, no-capabilities, no-new-privileges, "     \
		        "no-new-code, system-calls, no-sockets",                         \
		        NULL                                                             \
	}

static const struct verb_field start_fields[] = {
        {"config", VERB_OBJ, false, "configuration keys to change, by dotted key", NULL},
        {"flags", VERB_ARR, false, "command line flags beside -c", NULL},
        {"keep", VERB_BOOL, false,
                "true: with the configuration and registration as they lie there", NULL},
        AROUND_FIELDS,
        {0},
};

static const struct verb_field stop_fields[] = {
        {"signal", VERB_STR, false, "which signal asks it to stop; TERM if not said",
                signals},
        {0},
};

static const struct verb_field signal_fields[] = {
        {"signal", VERB_STR, true, "which", signals},
        {"config", VERB_OBJ, false,
                "its configuration is rewritten before, with these keys changed", NULL},
        {0},
};

static const struct verb_field kill_fields[] = {
        {"at", VERB_INT, false,
                "the number of a durable call (write, fsync, send ...), counted from now",
                NULL},
        {"on", VERB_OBJ, false,
                "a matcher (at: slack or matrix, and fields): die when that record is reported",
                NULL},
        {"when", VERB_STR, false,
                "before or after the durable call; for `on`: before_answer or after the answer",
                kill_moments},
        {0},
};

static const struct verb_field run_fields[] = {
        {"args", VERB_ARR, false,
                "command line arguments; those of a service if not said", NULL},
        {"config", VERB_ANY, false,
                "none, good, example (what -e writes), or a map of keys over the good one",
                NULL},
        {"registration", VERB_STR, false, "good or none; good if not said",
                registrations},
        {"set", VERB_OBJ, false, "keys to change in that configuration, by dotted key",
                NULL},
        {"raw_config", VERB_STR, false,
                "the whole text of the configuration file instead", NULL},
        {"keep", VERB_BOOL, false,
                "true: with the configuration and registration as they lie there", NULL},
        AROUND_FIELDS,
        {0},
};

static const char *const deny_calls[] = {
        "read", "write", "sync", "open", "send", "receive", "descriptor", NULL};
static const char *const deny_errors[] = {
        "ENOSPC", "EIO", "EMFILE", "EACCES", "ECONNRESET", "EPIPE", "ETIMEDOUT", NULL};
static const char *const faults[] = {"segv", "abort", "stack", "memory", "none", NULL};
static const struct verb_field fault_fields[] = {
        {"how", VERB_STR, true,
                "an access to address 0, an abort, no more stack, no more memory; none: "
                "no more faults",
                faults},
        {"key", VERB_STR, false, "when the daemon puts under this key of a JSON object",
                NULL},
        {"text", VERB_STR, false, "a text with this in it", NULL},
        {0},
};

static const struct verb_field deny_fields[] = {
        {"call", VERB_STR, true,
                "which of its calls: on files (read, write, sync, open), on connections "
                "(send, receive), or whatever makes a descriptor",
                deny_calls},
        {"error", VERB_STR, false, "with what they fail", deny_errors},
        {"short", VERB_BOOL, false,
                "true: they do not fail, but do one byte only (not receive: to an "
                "edge-triggered epoll a short one means that there is no more)",
                NULL},
        {"after", VERB_INT, false, "let so many pass first (0)", NULL},
        {"times", VERB_INT, false, "how many; 0 (if not said): all until bridge.allow",
                NULL},
        {0},
};

static const struct verb_field step_fields[] = {
        {"forward", VERB_DURATION, false, "how far ahead", NULL},
        {"back", VERB_DURATION, false, "or how far back", NULL},
        {0},
};

static const struct verb_field write_fields[] = {
        {"name", VERB_STR, true, "a file in the run's folder", NULL},
        {"text", VERB_STR, true, "what it shall hold", NULL},
        {"mode", VERB_STR, false, "its mode, in octal; 0600 if not said", NULL},
        {0},
};

static const struct verb_field look_fields[] = {
        {"name", VERB_STR, true, "a file in the run's folder", NULL},
        {0},
};

static const struct verb_field database_stop_fields[] = {
        {"how", VERB_STR, false,
                "fast (if not said) rolls back and stops; immediate is a crash",
                database_stops},
        {0},
};

static const struct verb_field advance_fields[] = {
        {"by", VERB_DURATION, true,
                "how far the virtual clock moves, timers firing on the way", NULL},
        {0},
};

static const struct verb_field cut_fields[] = {
        {"link", VERB_STR, true, "which of the daemon's connections", links},
        {"how", VERB_STR, false,
                "rst if not said; refuse also refuses new ones until net.heal; silence "
                "(matrix): what it sends is lost, and new ones are never answered",
                cuts},
        {0},
};

static const struct verb_field heal_fields[] = {
        {"link", VERB_STR, true, "which of the daemon's connections", links},
        {0},
};

static const struct verb_field expect_fields[] = {
        {"at", VERB_STR, true, "whose tap is watched", taps},
        {"texts", VERB_ANY, false,
                "the `text` of several records: a series such as m{1..50}, or a list",
                NULL},
        {"order", VERB_STR, false, "of texts: exact (if not said) or any", orders},
        {"each", VERB_STR, false,
                "of texts or of all that match: once (if not said) or more", eaches},
        {"count", VERB_INT, false,
                "exactly so many matching records since the world was ready, at the deadline",
                NULL},
        {"at_most", VERB_INT, false, "likewise, from one to so many", NULL},
        {0},
};

static const struct verb_field never_fields[] = {
        {"at", VERB_STR, true, "whose tap is watched", taps},
        {0},
};

static const struct verb_field settle_fields[] = {
        {"within", VERB_DURATION, false, "virtual time it may take; 1h if not said",
                NULL},
        {"for", VERB_DURATION, false, "how long it must stay quiet; 15m if not said",
                NULL},
        {0},
};

static const struct verb_field note_fields[] = {
        {"text", VERB_STR, true, "a remark for the timeline", NULL},
        {0},
};

static const struct verb_field no_fields[] = {{0}};

static const char *const ports[] = {"appservice", "metrics", NULL};

static const struct verb_field get_fields[] = {
        {"path", VERB_STR, true, "its path", NULL},
        {"port", VERB_STR, false, "of which listener; appservice if not said", ports},
        {0},
};

static const struct verb_field rows_fields[] = {
        {"table", VERB_STR, true, "its name", NULL},
        {"where", VERB_STR, false, "a condition, as SQL", NULL},
        {0},
};

const struct verb runner_verbs[] = {
        {"bridge.start", "starts the daemon and goes on when it is up", start_fields,
                NULL},
        {"bridge.stop", "sends a signal and waits for the daemon's end", stop_fields,
                NULL},
        {"bridge.kill", "kill -9: now, at a durable call, or when a record is reported",
                kill_fields, NULL},
        {"bridge.signal", "sends a signal and goes on", signal_fields, NULL},
        {"bridge.run", "runs the daemon to its end, as on a command line", run_fields,
                NULL},
        {"bridge.wait", "waits for the daemon to end by itself or by an armed kill",
                no_fields, NULL},
        {"bridge.fault",
                "makes the daemon break by itself whenever it handles a certain text",
                fault_fields, NULL},
        {"bridge.pause", "stops the daemon where it is (SIGSTOP), while time passes",
                no_fields, NULL},
        {"bridge.resume", "lets it go on (SIGCONT)", no_fields, NULL},
        {"bridge.deny",
                "calls of the daemon fail: a full disk, no descriptors, short writes",
                deny_fields, NULL},
        {"bridge.allow", "and fail no more", no_fields, NULL},
        {"bridge.get",
                "asks for a page of the daemon; the answer is reported at its tap: page, status, text",
                get_fields, NULL},
        {"bridge.listeners", "reports where the daemon listens, at its tap: listens",
                no_fields, NULL},
        {"database.rows",
                "reports how many rows a table has, at the bridge's tap: table, rows",
                rows_fields, NULL},
        {"file.write", "puts a file into the run's folder", write_fields, NULL},
        {"file.look",
                "reports a file of the run's folder, at the bridge's tap: file, mode, text",
                look_fields, NULL},
        {"database.lock", "another program takes the right to write to the database",
                no_fields, NULL},
        {"database.unlock", "and lets go of it", no_fields, NULL},
        {"database.stop", "stops the PostgreSQL server of this story",
                database_stop_fields, NULL},
        {"database.start", "and starts it again", no_fields, NULL},
        {"clock.advance", "lets virtual time pass", advance_fields, NULL},
        {"clock.step", "somebody sets the daemon's wall clock; its monotonic one goes on",
                step_fields, NULL},
        {"net.cut", "breaks a connection of the daemon below the protocol", cut_fields,
                NULL},
        {"net.heal", "ends a net.cut", heal_fields, NULL},
        {"expect", "waits until a record matches; every further field is a matcher",
                expect_fields, NULL},
        {"never", "nothing may match for a while; every further field is a matcher",
                never_fields, NULL},
        {"settle", "lets virtual time run until nobody has anything left to do",
                settle_fields, NULL},
        {"note", "says something in the timeline", note_fields, NULL},
        {0},
};

const struct verb_field story_sim_fields[] = {
        {"count", VERB_INT, false, "does it so often; {i} in a text is 1, 2, ... count",
                NULL},
        {"every", VERB_DURATION, false, "virtual time between two of them; 0 if not said",
                NULL},
        {0},
};

const struct story_variable story_variables[] = {
        {"registration", "the text of the daemon's registration file"},
        {"slack.url", "where the simulated Slack is"},
        {"slack.app_token", "the app-level token (xapp-) of the app in the workspace"},
        {"slack.bot_token", "the bot token (xoxb-) of the app in the workspace"},
        {"matrix.url", "where the simulated homeserver is"},
        {"matrix.server_name", "its name, the part of a user ID after the colon"},
        {"bridge.bot", "the Matrix user ID of the bridge's bot"},
        {"dir", "the folder of this run"},
        {"credentials",
                "the words ${CREDENTIALS_DIRECTORY}, as a configuration has them"},
        {0},
};

const struct verb *story_verb(const char *full_name)
{
	if (str_starts(full_name, "slack.")) {
		return verb_find(sim_slack_verbs, full_name + strlen("slack."));
	}
	if (str_starts(full_name, "matrix.")) {
		return verb_find(sim_matrix_verbs, full_name + strlen("matrix."));
	}
	return verb_find(runner_verbs, full_name);
}
