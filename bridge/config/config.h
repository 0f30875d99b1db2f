/* config: the daemon's configuration, from a table of keys that drives parsing, defaults,
 * validation, the example file and the documents.
 *
 * The file format and key names are those of mautrix bridges (bridgev2), so that an
 * existing deployment's file loads unchanged. */
#ifndef BRIDGE_CONFIG_H
#define BRIDGE_CONFIG_H

#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum permission { PERM_BLOCK, PERM_RELAY, PERM_COMMANDS, PERM_USER, PERM_ADMIN };

struct config_permission {
	char *who; /* "*", a domain, or a Matrix user ID */
	enum permission level;
};

struct config_writer {
	char *type;               /* "stdout", "stderr" or "file" */
	char *format;             /* "pretty", "pretty-colored" or "json" */
	char *filename;           /* NULL unless type is "file" */
	enum log_level min_level; /* never below logging.min_level */
};

/* A login that the configuration gives. */
struct config_login {
	char *owner; /* Matrix user ID */
	char *bot_token, *app_token;
	char *refresh_token; /* NULL unless the bot token is one that rotates */
	/* In place of them all, for a person's own login: */
	char *user_token, *cookie;
};

/* nothing, kick, unbridge or delete: see flow/room_cleanup.h */
struct config_cleanup {
	char *private, *relayed, *shared_no_users, *shared_has_users;
};

struct config {
	struct {
		char *address; /* of the client-server API, no slash at the end */
		char *domain;
		char *software;
	} homeserver;
	struct {
		char *type;
		char *uri;
		long max_open_conns;
		long max_idle_conns;
		char *key_file; /* our own key; NULL: tokens are stored as they are */
	} database;
	struct {
		char *address;        /* how the homeserver reaches us */
		char *public_address; /* how everybody else does, no slash at the end */
		char *hostname;
		long port;
		char *id;
		char *bot_username;
		char *bot_displayname;
		char *bot_avatar;
		bool ephemeral_events;
		char *as_token;
		char *hs_token;
		char *username_template; /* e.g. slack_{{.}} */
	} appservice;
	struct {
		char *command_prefix;
		bool strict_file_modes; /* our own key: refuse instead of warn */
		bool cleanup_on_logout; /* the next two count */
		struct config_cleanup cleanup_manual, cleanup_bad_credentials;
		struct config_permission *permissions;
		size_t permission_count;
		char *filter_mode; /* of portal_create_filter: "deny" or "allow" */
		char **filter;     /* channel IDs, "team-channel", or names with * */
		size_t filter_count;
	} bridge;
	struct {               /* `network:` in the file */
		char *api_url; /* our own key: where Slack's Web API is */
		char *ca_file; /* our own key; NULL: the system's certificates */
		char *displayname_template;
		char *channel_name_template;
		char *team_name_template;
		bool dm_only;
		long participant_sync_count;
		long conversation_count; /* portals at login; -1: all */
		long max_connections;    /* our own key: Socket Mode connections; 1..10 */
		/* Our own keys. The app's credentials, for tokens that rotate; NULL:
		 * none. What stands in the file is in client_secret already. */
		char *client_id, *client_secret, *client_secret_file;
		bool audit_log;   /* our own key */
		bool rate_limits; /* our own key */
		bool custom_emoji_reactions;
	} slack;
	struct { /* `network.files:` in the file, our own keys */
		long max_bytes;
		char *directory; /* for what must be held for a while; NULL: $TMPDIR */
		long max_directory_bytes;
	} files;
	struct {
		bool federate_rooms;
	} matrix;
	struct {
		long max_catchup_messages; /* of one conversation; -1: all */
	} backfill;
	struct { /* our own keys */
		bool enabled;
		char *hostname;
		long port;
	} metrics;
	struct { /* what else is set here counts only if it is enabled */
		bool enabled;
		char *signing_key; /* "generate": one that follows from the as_token */
		long hash_length;  /* bytes of a signature; 8..32 */
		char *path_prefix; /* begins with a slash and does not end in one */
	} public_media;
	struct {
		enum log_level min_level;
		struct config_writer *writers;
		size_t writer_count;
	} logging;
	struct config_login *logins; /* our own key `network.logins` */
	size_t login_count;
	char **secret_files; /* that were read */
	size_t secret_file_count;
	char *env_config_prefix; /* NULL: environment variables set no keys */
};

/* A problem: where it is, what was found, what is expected, what to do. */
struct config_problem {
	char *file;
	int line, column; /* from 1; 0: not in the file */
	char *key; /* "homeserver.address"; "" if it is about the file as a whole */
	char *text;
	bool warning;    /* does not stop the start */
	int exit_status; /* what it leads to: 10, 11 or 12 (exit_codes.h); 0 for a warning
	                  */
};

struct config_problems {
	struct config_problem *items;
	size_t count;
};

/* Reads, merges over the defaults and validates. NULL if the file cannot be read or is no
 * YAML, or if any problem is no warning; *err then has the exit status as code: 10
 * (unreadable or wrong type), 12 (logging) or 11 (anything else), the first of these that
 * occurs. All problems found are in *problems either way, in the order of the file (the
 * caller frees them with config_problems_finish). No secret value is ever in a problem's
 * text. */
struct config *config_load(
        const char *path, struct config_problems *problems, struct err *err);
/* The same from a text; path is for the messages. */
struct config *config_load_text(const char *path, struct str text,
        struct config_problems *problems, struct err *err);
void config_free(struct config **config);
void config_problems_finish(struct config_problems *problems);

/* One line each: "file:line:column: key: text", warnings with "warning: " before the key.
 */
void config_problems_write(const struct config_problems *problems, FILE *out);

/* The complete commented example: every key with its default, in the order mautrix
 * bridges write them. Loading it unchanged names every value that has to be set. */
void config_write_example(FILE *out);
/* docs/configuration.md and docs/configuration.schema.json, from the same table. */
void config_write_doc(FILE *out);
void config_write_schema(FILE *out);

/* Takes over what can change while the daemon runs - logging and bridge.permissions -
 * from *fresh, which is freed. */
void config_adopt(struct config *config, struct config **fresh);

/* By exact user ID, else by the domain of the user ID, else by "*", else PERM_BLOCK. */
enum permission config_permission(const struct config *config, const char *mxid);
const char *permission_to_str(enum permission level);

/* May a conversation have a room (bridge.portal_create_filter)? name: "" if it has none.
 */
bool config_filter_allows(const struct config *config, const char *team_id,
        const char *channel_id, const char *name);

/* Are there client credentials? */
bool config_can_rotate(const struct config *config);

/* username_template with the user ID put in: the localpart of a ghost. Caller frees. */
char *config_ghost_localpart(const struct config *config, const char *user_id);

#endif
