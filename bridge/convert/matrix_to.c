#include "bridge/convert/to_matrix.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_URL_BYTES = 8192 };

static bool is_plain(unsigned char c)
{
	static const bool signs[0x80] = {['-'] = true,
	        ['.'] = true,
	        ['_'] = true,
	        ['~'] = true,
	        ['@'] = true,
	        ['!'] = true,
	        ['$'] = true,
	        [':'] = true,
	        ['='] = true};

	return c < 0x80 && (isalnum(c) || signs[c]);
}

/* Identifiers stay readable; what would end the fragment or a part of it is escaped
 * (Matrix specification, appendices, matrix.to navigation). */
static void add_part(struct buf *out, const char *part)
{
	while (*part != '\0') {
		size_t n = 0;
		while (part[n] != '\0' && is_plain((unsigned char)part[n])) {
			n++;
		}
		buf_add(out, part, n);
		part += n;
		if (*part != '\0') {
			buf_printf(out, "%%%02X", (unsigned char)*part++);
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
