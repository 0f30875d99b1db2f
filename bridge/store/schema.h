/* schema: the tables, as migrations from version to version. Only ever appended to. */
#ifndef BRIDGE_STORE_SCHEMA_H
#define BRIDGE_STORE_SCHEMA_H

#include <stddef.h>

/* What stands in msb_meta.owner: whose database this is. */
#define SCHEMA_OWNER "matrix-slack-bridge"

extern const size_t schema_version;

enum dialect { DIALECT_SQLITE, DIALECT_POSTGRES };

/* What brings a database of version v to version v + 1: several statements, each ended by
 * a semicolon. Caller frees.
 *
 * The two dialects differ in two words: a key that counts by itself, and the collation of
 * text, which in PostgreSQL must be that of bytes (a ts sorts as text). */
char *schema_migration(size_t version, enum dialect dialect);

#endif
