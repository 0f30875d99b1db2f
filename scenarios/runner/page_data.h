/* page_data: one story's evidence as the HTML report packs it. */
#ifndef RUNNER_PAGE_DATA_H
#define RUNNER_PAGE_DATA_H

#include "scenarios/runner/evidence.h"

/* How much is left out; each level leaves out what those before it do. */
enum page_level {
	PAGE_ALL,
	PAGE_SHORT,   /* of bytes of passed stories the beginnings, none of the world's */
	PAGE_SHORTER, /* and less of them, and fewer items */
	PAGE_RECORDS, /* no bytes of passed stories at all */
	PAGE_LITTLE,  /* of long stories the first items alone */
	PAGE_LEVELS
};

/* {"head", "items", "lives", "cut"}: items have an "L": [from, to, kind, label]. Caller
 * deletes. */
cJSON *page_data(const struct evidence *evidence, enum page_level level);
/* The same as JSON, deflated (RFC 1950), as base64url. Caller frees. */
char *page_pack(const cJSON *data);

#endif
