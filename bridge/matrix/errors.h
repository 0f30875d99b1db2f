/* errors: what the answer to a client-server request means; the one place where that is
 * decided. Pure. The classes are client.h's. */
#ifndef BRIDGE_MATRIX_ERRORS_H
#define BRIDGE_MATRIX_ERRORS_H

#include "lib/err.h"
#include "lib/http_client.h"
#include "lib/json.h"

enum { MATRIX_DEFAULT_PARK_MS = 5000 }; /* a 429 that does not say how long */

/* What a request does when it is made twice. */
enum matrix_effect {
	MATRIX_READS,      /* nothing */
	MATRIX_REPEATABLE, /* the same as once */
	MATRIX_ONCE,       /* a second thing */
};

/* reply and transport as http_done_fn got them; what: names the request in messages. On
 * success *out is the answer, an object; the caller deletes it. err.name is the errcode.
 */
bool matrix_classify(enum matrix_effect effect, const char *what,
        const struct http_reply *reply, const struct err *transport, cJSON **out,
        struct err *err);

/* Refused for the number of requests alone; err->retry_after_ms is set. */
bool matrix_is_rate_limit(const struct err *err);

/* The homeserver said 200, but what was asked for is not in the answer. */
bool matrix_unusable(enum matrix_effect effect, const char *what, const char *missing,
        struct err *err);

#endif
