/* write_back: putting values into a configuration text and leaving all the rest of it
 * alone. */
#ifndef BRIDGE_CONFIG_WRITE_BACK_H
#define BRIDGE_CONFIG_WRITE_BACK_H

#include "lib/buf.h"
#include "lib/err.h"

/* Writes text to *out with appservice.as_token and hs_token set, where they stand or, if
 * they are missing, in their section, which is added if that is missing too. Comments,
 * order, layout and every other byte stay. The tokens are letters and digits. The result
 * has been read again and holds the tokens; false and *err if that cannot be brought
 * about. */
bool write_back_tokens(struct str text, const char *as_token, const char *hs_token,
        struct buf *out, struct err *err);

#endif
