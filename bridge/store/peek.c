#include "bridge/store/peek.h"

#include "bridge/store/peek_source.h"
#include "bridge/store/schema.h"
#include "bridge/store/store.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>

static void keep_login(const char *const *cells, void *arg)
{
	struct peek *out = arg;

	out->logins =
	        xrealloc(out->logins, (out->login_count + 1) * sizeof(*out->logins));
	out->logins[out->login_count++] = (struct peek_login){xstrdup(cells[0]),
	        xstrdup(cells[1]), xstrdup(cells[2]), xstrdup(cells[3])};
}

static void keep_user(const char *const *cells, void *arg)
{
	struct peek *out = arg;

	out->users = xrealloc(out->users, (out->user_count + 1) * sizeof(*out->users));
	out->users[out->user_count++] =
	        (struct peek_user){xstrdup(cells[0]), xstrdup(cells[1]),
	                xstrdup(cells[2]), xstrdup(cells[3]), xstrdup(cells[4])};
}

bool peek_read(const struct peek_source *source, struct peek *out, struct err *err)
{
	void *db = source->db;

	if (source->number(db, source->count_tables) == 0) {
		return true; /* empty: the first start makes the tables */
	}
	out->is_there = true;
	out->version = source->number(
	        db, "SELECT CAST(value AS INTEGER) FROM msb_meta WHERE name = 'version'");
	if (out->version == 0) {
		return err_set(err, ERR_PERMANENT, STORE_BAD_SCHEMA,
		        "it holds the tables of another program");
	}
	if (out->version > out->newest) {
		return err_set(err, ERR_PERMANENT, STORE_BAD_SCHEMA,
		        "its schema %lld is newer than this program's, %lld",
		        (long long)out->version, (long long)out->newest);
	}
	out->waiting = source->number(db, "SELECT COUNT(*) FROM inbox WHERE state = 0");
	out->dead = source->number(db, "SELECT COUNT(*) FROM inbox WHERE state = 2");
	out->quarantined =
	        source->number(db, "SELECT COUNT(*) FROM inbox WHERE state = 3");
	source->each(db,
	        "SELECT team_id, team_name, bot_token, app_token FROM login "
	        "ORDER BY team_id",
	        keep_login, out);
	source->each(db,
	        "SELECT team_name, mxid, user_name, token, cookie FROM user_login "
	        "ORDER BY team_id, mxid",
	        keep_user, out);
	return true;
}

bool peek_database(const char *type, const char *uri, struct peek *out, struct err *err)
{
	*out = (struct peek){.newest = (int64_t)schema_version};
	return str_equal(type, "postgres") ? peek_postgres(uri, out, err)
	                                   : peek_sqlite(uri, out, err);
}

void peek_finish(struct peek *peek)
{
	for (size_t i = 0; i < peek->login_count; i++) {
		free(peek->logins[i].team_id);
		free(peek->logins[i].team_name);
		free(peek->logins[i].bot_token);
		free(peek->logins[i].app_token);
	}
	free(peek->logins);
	for (size_t i = 0; i < peek->user_count; i++) {
		free(peek->users[i].team_name);
		free(peek->users[i].mxid);
		free(peek->users[i].user_name);
		free(peek->users[i].token);
		free(peek->users[i].cookie);
	}
	free(peek->users);
	*peek = (struct peek){0};
}
