/* statements: every SQL statement of the daemon, by name. One list serves both drivers:
 * parameters are $1.. and the SQL is the part that SQLite and PostgreSQL share. */
#ifndef BRIDGE_STORE_STATEMENTS_H
#define BRIDGE_STORE_STATEMENTS_H

#include "bridge/store/statements.inc"

#define STORE_STMT_ENUM(name, sql) STMT_##name,
enum store_stmt { STORE_STATEMENTS(STORE_STMT_ENUM) STMT_COUNT };

#endif
