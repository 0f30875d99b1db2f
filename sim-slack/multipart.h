/* multipart: the parts of a multipart/form-data body (RFC 7578), one after the other,
 * without copying: uploads are large. */
#ifndef SIM_SLACK_MULTIPART_H
#define SIM_SLACK_MULTIPART_H

#include "lib/str.h"
#include <stdbool.h>

enum { MULTIPART_BOUNDARY_MAX = 70 };

struct multipart {
	struct str rest;
	char mark[MULTIPART_BOUNDARY_MAX + 5]; /* CR LF "--" boundary */
	bool broken; /* the body is not what its type says, or ends too early */
};

struct part {
	struct str name, filename, type; /* as sent; p is NULL if absent */
	struct str data;
};

/* False: the type names no boundary. The body is borrowed. */
bool multipart_begin(
        struct multipart *multipart, const char *content_type, struct str body);
/* False at the end, or when it is broken. */
bool multipart_next(struct multipart *multipart, struct part *out);

#endif
