#include "scenarios/runner/dblock.h"

#include "lib/mem.h"

#include <sqlite3.h>
#include <stdlib.h>

struct dblock {
	sqlite3 *db;
};

bool dblock_take(struct dblock **lock, const char *dir, struct err *err)
{
	if (*lock != NULL) {
		return true;
	}
	autofree char *path = xasprintf("%s/bridge.db", dir);
	struct dblock *taken = xcalloc(1, sizeof(*taken));
	if (sqlite3_open_v2(path, &taken->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	        sqlite3_exec(taken->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	                SQLITE_OK) {
		err_set(err, ERR_PERMANENT, 0, "cannot lock the daemon's database: %s",
		        sqlite3_errmsg(taken->db));
		dblock_release(&taken);
		return false;
	}
	*lock = taken;
	return true;
}

void dblock_release(struct dblock **lock)
{
	if (*lock == NULL) {
		return;
	}
	sqlite3_close((*lock)->db); /* rolls back */
	free(*lock);
	*lock = NULL;
}
