/* pg_schema: the tables in a PostgreSQL database. Internal to store/. */
#ifndef BRIDGE_STORE_PG_SCHEMA_H
#define BRIDGE_STORE_PG_SCHEMA_H

#include "lib/err.h"
#include <libpq-fe.h>
#include <stdbool.h>

/* Makes or upgrades the tables in the connection's current schema; blocks. False and *err
 * (code: store_open_code): a newer version, another program's tables, no permission. */
bool pg_schema_migrate(PGconn *conn, struct err *err);

#endif
