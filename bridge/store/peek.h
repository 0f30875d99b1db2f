/* peek: a look into the database that changes nothing in it, for the doctor. */
#ifndef BRIDGE_STORE_PEEK_H
#define BRIDGE_STORE_PEEK_H

#include "lib/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peek_login {
	char *team_id, *team_name, *bot_token, *app_token;
};

struct peek_user { /* a Slack user's own login */
	char *team_name, *mxid, *user_name, *token, *cookie;
};

struct peek {
	bool is_there;           /* false: no database yet; the first start makes it */
	int64_t version, newest; /* of the schema: there, and known here */
	int64_t waiting, dead, quarantined; /* rows of the inbox */
	struct peek_login *logins;
	size_t login_count;
	struct peek_user *users;
	size_t user_count;
};

/* type and uri as of the configuration. Blocks, for at most about ten seconds. False and
 * *err (code: the exit status owed) if it cannot be read, or is another program's. */
bool peek_database(const char *type, const char *uri, struct peek *out, struct err *err);
void peek_finish(struct peek *peek);

#endif
