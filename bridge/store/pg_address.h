/* pg_address: where the database is: a URI or libpq's key=value text, with what the
 * bridge adds. Internal to store/. */
#ifndef BRIDGE_STORE_PG_ADDRESS_H
#define BRIDGE_STORE_PG_ADDRESS_H

#include "lib/err.h"
#include "lib/loop.h"
#include <libpq-fe.h>

struct pg_address;

/* Understands what libpq does ("Connection Strings"), and sslmode=verify etc. with it.
 * application_name is set; what the text says itself stays. NULL and *err (permanent;
 * without the text, which may hold a password). */
struct pg_address *pg_address_read(
        struct loop *loop, const char *uri, const char *name, struct err *err);
void pg_address_free(struct pg_address **address); /* *address may be NULL */

/* Connects and blocks; never NULL. The caller's. */
PGconn *pg_address_connect(const struct pg_address *address);

/* The same for PQconnectStartParams(), after the host's name was looked up in a thread:
 * PQconnectPoll() would block for it. Several hosts in one text are left to libpq. keys
 * is NULL if the name cannot be found (*err: why); valid during the call. May be called
 * before find() returns. */
typedef void pg_address_fn(const char *const *keys, const char *const *values,
        const struct err *err, void *arg);
void pg_address_find(struct pg_address *address, pg_address_fn *fn, void *arg);
void pg_address_cancel(struct pg_address *address); /* fn will not be called */

#endif
