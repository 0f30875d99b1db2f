/* kinds: what Slack tells of a file by its name and its first bytes: type, mimetype, the
 * size of a picture. */
#ifndef SIM_SLACK_KINDS_H
#define SIM_SLACK_KINDS_H

#include "lib/str.h"
#include <stdbool.h>

struct kind {
	const char *extension; /* "png" */
	const char *filetype;  /* Slack's own word: "png", "text" */
	const char *mimetype;
	const char *pretty;
	bool is_text; /* shown and edited in place: mode "snippet" */
};

/* By name, otherwise by the first bytes. Never NULL: "binary" at worst. */
const struct kind *kind_of(const char *name, struct str head);
/* By Slack's own word, as in snippet_type. NULL: there is none. */
const struct kind *kind_of_filetype(const char *filetype);

/* False: it is no PNG, GIF or JPEG whose head tells a size. */
bool picture_size(struct str head, unsigned *width, unsigned *height);

#endif
