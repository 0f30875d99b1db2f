/* secrets: tokens at rest. With a key they are sealed (libsodium's secretbox: XSalsa20
 * and Poly1305) before they go into the database; without one they are stored as they
 * are.
 *
 * The key is a file of its own, so that a copy of the database alone opens nothing. */
#ifndef BRIDGE_OPS_SECRETS_H
#define BRIDGE_OPS_SECRETS_H

#include "lib/err.h"

struct secrets;

/* The file holds 32 bytes, or 64 hexadecimal digits and perhaps a line break. path NULL:
 * no key. NULL and *err: it cannot be read, or holds something else. */
struct secrets *secrets_create(const char *path, struct err *err);
void secrets_destroy(struct secrets **secrets); /* wipes the key; *secrets may be NULL */

bool secrets_have_key(const struct secrets *secrets);
bool secrets_are_sealed(const char *stored);

/* What to store. Caller frees. */
char *secrets_seal(const struct secrets *secrets, const char *plain);
/* What was stored; what was stored unsealed comes back as it is. NULL and *err
 * (permanent) if there is no key, or another one. Caller frees, and wipes it. */
char *secrets_open(const struct secrets *secrets, const char *stored, struct err *err);

/* Overwrites and frees a text; NULL is fine. */
void secrets_wipe(char *plain);

#endif
