#include "bridge/store/schema.h"

#include "lib/buf.h"
#include "lib/str.h"
#include <string.h>

/* The part of SQL that SQLite and PostgreSQL share. Columns for work that several
 * processes will share one day (lease_*) are there from the start, so that no later
 * migration must rewrite the inbox. */
static const char version_1[] =
        /* Everything that came in and everything still to do: one row per inbound event,
         * under the key its source repeats when it delivers again. state: 0 waiting, 1
         * done, 2 dead. Within a lane the smallest sort_key comes first. */
        "CREATE TABLE inbox ("
        "  id INTEGER PRIMARY KEY,"
        "  unique_key TEXT NOT NULL UNIQUE,"
        "  lane TEXT NOT NULL,"
        "  sort_key TEXT NOT NULL,"
        "  flow TEXT NOT NULL,"
        "  step TEXT NOT NULL,"
        "  payload TEXT NOT NULL,"
        "  facts TEXT NOT NULL,"
        "  state INTEGER NOT NULL,"
        "  attempts INTEGER NOT NULL,"
        "  due_ms BIGINT NOT NULL,"
        "  received_ms BIGINT NOT NULL,"
        "  done_ms BIGINT,"
        "  last_error TEXT,"
        "  lease_owner TEXT,"
        "  lease_until_ms BIGINT"
        ");"
        "CREATE INDEX inbox_lane ON inbox (state, lane, sort_key, id);"
        "CREATE TABLE matrix_txn (txn_id TEXT PRIMARY KEY, received_ms BIGINT NOT NULL);"
        "CREATE TABLE login ("
        "  team_id TEXT PRIMARY KEY,"
        "  team_name TEXT NOT NULL,"
        "  team_domain TEXT NOT NULL,"
        "  app_id TEXT NOT NULL,"
        "  bot_user_id TEXT NOT NULL,"
        "  bot_id TEXT NOT NULL,"
        "  owner_mxid TEXT NOT NULL,"
        "  bot_token TEXT NOT NULL,"
        "  app_token TEXT NOT NULL,"
        "  state TEXT NOT NULL,"
        "  created_ms BIGINT NOT NULL"
        ");"
        /* room_id is NULL while the room is being made: the intent, committed before the
           request. */
        "CREATE TABLE portal ("
        "  team_id TEXT NOT NULL,"
        "  channel_id TEXT NOT NULL,"
        "  room_id TEXT UNIQUE,"
        "  name TEXT NOT NULL,"
        "  kind TEXT NOT NULL,"
        "  state TEXT NOT NULL,"
        "  updated_ms BIGINT NOT NULL,"
        "  PRIMARY KEY (team_id, channel_id)"
        ");"
        "CREATE TABLE ghost ("
        "  team_id TEXT NOT NULL,"
        "  user_id TEXT NOT NULL,"
        "  mxid TEXT NOT NULL,"
        "  name TEXT NOT NULL,"
        "  avatar_url TEXT NOT NULL,"
        "  avatar_mxc TEXT NOT NULL,"
        "  updated_ms BIGINT NOT NULL,"
        "  PRIMARY KEY (team_id, user_id)"
        ");"
        /* Who of our own users is known to be in which room. */
        "CREATE TABLE room_member ("
        "  room_id TEXT NOT NULL, mxid TEXT NOT NULL, PRIMARY KEY (room_id, mxid)"
        ");"
        /* The same message on both sides. direction: 's' came from Slack, 'm' came from
           Matrix. */
        "CREATE TABLE message ("
        "  team_id TEXT NOT NULL,"
        "  channel_id TEXT NOT NULL,"
        "  slack_ts TEXT NOT NULL,"
        "  part INTEGER NOT NULL,"
        "  room_id TEXT NOT NULL,"
        "  event_id TEXT NOT NULL UNIQUE,"
        "  sender TEXT NOT NULL,"
        "  direction TEXT NOT NULL,"
        "  thread_ts TEXT NOT NULL,"
        "  created_ms BIGINT NOT NULL,"
        "  PRIMARY KEY (team_id, channel_id, slack_ts, part)"
        ");"
        /* A Matrix user who talks with the bot; dialogue: a command waiting for answers,
           as JSON. */
        "CREATE TABLE person ("
        "  mxid TEXT PRIMARY KEY, management_room TEXT, dialogue TEXT NOT NULL"
        ");"
        "CREATE INDEX person_room ON person (management_room);"
        "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);";

static const char version_2[] =
        /* How often the process itself broke in the handling of this event. state 3:
         * quarantined for that (flow/quarantine.h). */
        "ALTER TABLE inbox ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;"
        /* A Matrix user who is a Slack user of their own (flow/user_logins.h). */
        "CREATE TABLE user_login ("
        "  team_id TEXT NOT NULL,"
        "  mxid TEXT NOT NULL,"
        "  user_id TEXT NOT NULL,"
        "  user_name TEXT NOT NULL,"
        "  team_name TEXT NOT NULL,"
        "  token TEXT NOT NULL,"
        "  cookie TEXT NOT NULL,"
        "  state TEXT NOT NULL,"
        "  declared TEXT NOT NULL,"
        "  created_ms BIGINT NOT NULL,"
        "  PRIMARY KEY (team_id, mxid)"
        ");"
        /* Of what waits, and that alone: a few pages however long the history, instead
         * of three scattered ones to be written for every message. */
        "DROP INDEX inbox_lane;"
        "CREATE INDEX inbox_waiting ON inbox (lane, sort_key, id) WHERE state = 0;"
        "CREATE INDEX inbox_dead ON inbox (id) WHERE state = 2;"
        "CREATE INDEX inbox_quarantined ON inbox (id) WHERE state = 3;"
        /* Every event has a key of its own: nobody asks which transactions came. */
        "DROP TABLE matrix_txn;"
        /* One message may be several events, and one event several messages.
         * part: which of a Slack message's events: 0.. its text, 50.. the same text
         * where a reply is shown in the channel too, 100.. its files. piece: which of a
         * Matrix event's messages. edited_ts: the newest edit that was taken over from
         * Slack; shown: a digest of what it says, '' if there was none. state: 0 there,
         * 1 deleted. author: the Slack user whose token wrote it, '' if the bot did. */
        "ALTER TABLE message RENAME TO message_1;"
        "CREATE TABLE message ("
        "  team_id TEXT NOT NULL,"
        "  channel_id TEXT NOT NULL,"
        "  slack_ts TEXT NOT NULL,"
        "  part INTEGER NOT NULL,"
        "  room_id TEXT NOT NULL,"
        "  event_id TEXT NOT NULL,"
        "  piece INTEGER NOT NULL,"
        "  sender TEXT NOT NULL,"
        "  direction TEXT NOT NULL,"
        "  thread_ts TEXT NOT NULL,"
        "  edited_ts TEXT NOT NULL,"
        "  shown TEXT NOT NULL DEFAULT '',"
        "  state INTEGER NOT NULL,"
        "  created_ms BIGINT NOT NULL,"
        "  author TEXT NOT NULL DEFAULT '',"
        "  PRIMARY KEY (team_id, channel_id, slack_ts, part)"
        ");"
        "INSERT INTO message (team_id, channel_id, slack_ts, part, room_id, event_id, "
        "piece, sender, direction, thread_ts, edited_ts, state, created_ms) "
        "SELECT team_id, channel_id, slack_ts, part, room_id, event_id, 0, sender, "
        "direction, thread_ts, '', 0, created_ms FROM message_1;"
        "DROP TABLE message_1;"
        "CREATE INDEX message_event ON message (event_id, piece);"
        /* Most messages are in no thread. */
        "CREATE INDEX message_thread ON message "
        "(team_id, channel_id, thread_ts, slack_ts) WHERE thread_ts <> '';"
        /* who: the Slack user; for a reaction from Matrix, which the bot makes in the
         * name of all, its event. changed_ts: of the newest word from Slack about it.
         * state: 0 there, 1 taken back. author: the Slack user whose token made it, ''
         * if the bot did; such a one can also be 2 about to be made, 3 taken back on
         * Matrix, and Slack has not said so yet. */
        "CREATE TABLE reaction ("
        "  team_id TEXT NOT NULL,"
        "  channel_id TEXT NOT NULL,"
        "  slack_ts TEXT NOT NULL,"
        "  emoji TEXT NOT NULL,"
        "  who TEXT NOT NULL,"
        "  event_id TEXT NOT NULL,"
        "  direction TEXT NOT NULL,"
        "  changed_ts TEXT NOT NULL,"
        "  state INTEGER NOT NULL,"
        "  author TEXT NOT NULL DEFAULT '',"
        "  PRIMARY KEY (team_id, channel_id, slack_ts, emoji, who)"
        ");"
        "CREATE INDEX reaction_event ON reaction (event_id);"
        /* What the carrying of a file came to (flow/files.h). The channel, ts and part
         * are those of its message on Slack, empty for a file from Matrix; author is the
         * Slack user whose token brought that, '' if the bot did. */
        "CREATE TABLE file ("
        "  file_key TEXT PRIMARY KEY,"
        "  team_id TEXT NOT NULL,"
        "  channel_id TEXT NOT NULL,"
        "  slack_ts TEXT NOT NULL,"
        "  part BIGINT NOT NULL,"
        "  file_id TEXT NOT NULL,"
        "  state BIGINT NOT NULL,"
        "  result TEXT NOT NULL,"
        "  reason TEXT NOT NULL,"
        "  created_ms BIGINT NOT NULL,"
        "  author TEXT NOT NULL DEFAULT ''"
        ");"
        "CREATE INDEX file_id ON file (team_id, file_id);"
        /* Of each workspace (flow/team_lists.h): its custom emoji, value: a URL,
         * "alias:" and a name, or empty for one that was taken away; the user groups; as
         * of when they were listed. */
        "CREATE TABLE emoji ("
        "  team_id TEXT NOT NULL,"
        "  name TEXT NOT NULL,"
        "  value TEXT NOT NULL,"
        "  changed_ts TEXT NOT NULL,"
        "  PRIMARY KEY (team_id, name)"
        ");"
        "CREATE INDEX emoji_value ON emoji (team_id, value);"
        "CREATE TABLE emoji_image ("
        "  team_id TEXT NOT NULL,"
        "  url TEXT NOT NULL,"
        "  mxc TEXT NOT NULL,"
        "  PRIMARY KEY (team_id, url)"
        ");"
        "CREATE INDEX emoji_image_mxc ON emoji_image (team_id, mxc);"
        "CREATE TABLE user_group ("
        "  team_id TEXT NOT NULL,"
        "  group_id TEXT NOT NULL,"
        "  handle TEXT NOT NULL,"
        "  disabled BIGINT NOT NULL,"
        "  updated_s BIGINT NOT NULL,"
        "  PRIMARY KEY (team_id, group_id)"
        ");"
        "CREATE TABLE team_list ("
        "  team_id TEXT NOT NULL,"
        "  kind TEXT NOT NULL,"
        "  listed_ts TEXT NOT NULL,"
        "  PRIMARY KEY (team_id, kind)"
        ");"
        /* The hourglasses that stand (flow/waiting.h): mark_id is the reaction to
         * event_id. */
        "CREATE TABLE wait_mark ("
        "  event_id TEXT PRIMARY KEY, room_id TEXT NOT NULL, mark_id TEXT NOT NULL"
        ");"
        "CREATE INDEX wait_mark_room ON wait_mark (room_id);"
        /* What a notice says was given up: a job of the inbox, by its key. */
        "CREATE TABLE notice ("
        "  event_id TEXT PRIMARY KEY, job_key TEXT NOT NULL, created_ms BIGINT NOT NULL"
        ");"
        /* refresh_token: empty unless the bot token expires, at expires_ms. declared:
         * which login of the configuration it is (flow/declared_login.h), or empty. */
        "ALTER TABLE login ADD COLUMN refresh_token TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE login ADD COLUMN expires_ms BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE login ADD COLUMN declared TEXT NOT NULL DEFAULT '';"
        /* told: the trouble with the connection that the owner knows of
         * (flow/connection_news.h). */
        "ALTER TABLE login ADD COLUMN told TEXT NOT NULL DEFAULT '';"
        /* portal.state: making, open, archived, left (the bot is not in the channel),
         * gone (deleted on Slack),
         * unbridged (by a command: no room until another one). level: of power, that
         * writing in the room needs above what the room itself asks for, 0: none; levels:
         * its power levels before that, as JSON, '' at level 0 (flow/power.h). */
        "ALTER TABLE portal ADD COLUMN topic TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE portal ADD COLUMN level BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE portal ADD COLUMN levels TEXT NOT NULL DEFAULT '';"
        /* The ID the channel had before, '' if it never had another. */
        "ALTER TABLE portal ADD COLUMN former_id TEXT NOT NULL DEFAULT '';";

static const char *const migrations[] = {version_1, version_2};
const size_t schema_version = sizeof(migrations) / sizeof(migrations[0]);

static const struct {
	const char *ours, *postgres;
} words[] = {
        {"INTEGER PRIMARY KEY", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"},
        {" TEXT", " TEXT COLLATE \"C\""},
};

/* The length of one of `words` at `at`, or 0. */
static size_t word_at(const char *at, const char **postgres)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_starts(at, words[i].ours)) {
			*postgres = words[i].postgres;
			return strlen(words[i].ours);
		}
	}
	return 0;
}

char *schema_migration(size_t version, enum dialect dialect)
{
	struct buf sql;

	buf_init(&sql, 1024 * 1024);
	for (const char *at = migrations[version]; *at != '\0';) {
		const char *postgres = NULL;
		size_t n = dialect == DIALECT_POSTGRES ? word_at(at, &postgres) : 0;
		if (n > 0) {
			buf_puts(&sql, postgres);
		} else {
			n = 1;
			buf_add(&sql, at, n);
		}
		at += n;
	}
	return buf_take(&sql);
}
