/* schema: the tables, as migrations from version to version. Only ever appended to. */
#ifndef BRIDGE_STORE_SCHEMA_H
#define BRIDGE_STORE_SCHEMA_H

#include <stddef.h>

/* What stands in msb_meta.owner: whose database this is. */
#define SCHEMA_OWNER "matrix-slack-bridge"

/* schema_migrations[v] brings a database of version v to version v + 1: several
 * statements, each ended by a semicolon. */
extern const char *const schema_migrations[];
extern const size_t schema_version;

#endif
