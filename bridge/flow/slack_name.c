#include "bridge/flow/slack_name.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include <stdbool.h>
#include <stdlib.h>

enum { MAX_CHARS = 80, MAX_BYTES = 4 * MAX_CHARS + 1 };

static bool is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

char *slack_name_from(const char *text)
{
	struct buf name;
	unsigned chars = 0;
	bool gap = false;

	buf_init(&name, MAX_BYTES);
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		unsigned char c =
		        *p >= 'A' && *p <= 'Z' ? (unsigned char)(*p - 'A' + 'a') : *p;
		bool begins = c < 0x80 || c >= 0xC0; /* a character, in UTF-8 */
		if (!is_plain(c)) {
			gap = name.len > 0;
			continue;
		}
		unsigned more = begins ? 1 + (gap ? 1 : 0) : 0;
		if (chars + more > MAX_CHARS) {
			break;
		}
		if (gap) {
			buf_add(&name, "-", 1);
		}
		gap = false;
		chars += more;
		buf_add(&name, &c, 1);
	}
	char *taken = buf_take(&name);
	return taken == NULL ? xstrdup("") : taken;
}
