#include "bridge/convert/to_matrix.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include <ctype.h>
#include <string.h>

enum { MAX_URL_BYTES = 8192 };

/* Identifiers stay readable; what would end the fragment or a part of it is escaped
 * (Matrix specification, appendices, matrix.to navigation). */
static void add_part(struct buf *out, const char *part)
{
	for (const char *p = part; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		if (c < 0x80 && (isalnum(c) || strchr("-._~@!$:=", c) != NULL)) {
			buf_add(out, p, 1);
		} else {
			buf_printf(out, "%%%02X", c);
		}
	}
}

static char *link_to(const char *first, const char *second, const char *via)
{
	struct buf out;

	buf_init(&out, MAX_URL_BYTES);
	buf_puts(&out, "https://matrix.to/#/");
	add_part(&out, first);
	if (second != NULL) {
		buf_puts(&out, "/");
		add_part(&out, second);
	}
	if (via != NULL) {
		buf_puts(&out, "?via=");
		add_part(&out, via);
	}
	char *url = buf_take(&out);
	return url == NULL ? xstrdup("https://matrix.to/") : url;
}

char *matrix_to_user(const char *mxid)
{
	return link_to(mxid, NULL, NULL);
}

char *matrix_to_room(const char *room, const char *via)
{
	return link_to(room, NULL, via);
}

char *matrix_to_event(const char *room, const char *event_id, const char *via)
{
	return link_to(room, event_id, via);
}
