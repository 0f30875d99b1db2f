/* url: which links are passed on, and how they look inside Slack's text. Pure. */
#ifndef BRIDGE_CONVERT_URL_H
#define BRIDGE_CONVERT_URL_H

#include "lib/str.h"
#include <stdbool.h>

enum url_for {
	URL_FOR_MATRIX, /* Matrix specification, instant messaging: allowed href schemes
	                 */
	URL_FOR_SLACK,
};

/* An absolute URL with an allowed scheme, without blanks and control characters, of at
 * most DOC_MAX_URL_BYTES. */
bool url_is_allowed(struct str url, enum url_for side);

/* How many bytes at the start of `text` are a bare web address (http, https, mailto): up
 * to a blank or a sign that ends a sentence. 0 if there is none. What stands before
 * `text` must be no letter or digit; the caller sees to that. */
size_t url_length(struct str text);

#endif
