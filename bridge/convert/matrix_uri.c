#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/convert/matrix_reader.h"

enum { MAX_ID_BYTES = 255, MAX_ENCODED_BYTES = 3 * MAX_ID_BYTES };

/* The part before one of `ends`, decoded; NULL if it is no identifier: %FF is no text. */
static char *take_part(const char **p, const char *ends)
{
	size_t n = strcspn(*p, ends);
	struct str part = {*p, n};

	*p += n;
	if (n == 0 || n > MAX_ENCODED_BYTES) {
		return NULL;
	}
	char *decoded = url_decode(part, false);
	if (decoded != NULL && !str_is_utf8(str_from(decoded))) {
		free(decoded);
		return NULL;
	}
	return decoded;
}

/* No longer than an identifier may be (Matrix specification, appendices, "Common
 * identifier format"). Signs of HTML are in none that a server gives out, and would make
 * it five times as long on Slack. */
static bool is_entity(const char *text)
{
	return text != NULL && strchr("@!#", text[0]) != NULL && text[0] != '\0' &&
	       text[1] != '\0' && strlen(text) <= MAX_ID_BYTES &&
	       strpbrk(text, "<>&") == NULL;
}

static bool parse_matrix_to(const char *p, struct matrix_uri *out)
{
	out->entity = take_part(&p, "/?");
	if (*p == '/' && p[1] == '$') {
		p++;
		out->event_id = take_part(&p, "/?");
	} else if (strncasecmp(p, "/%24", 4) == 0) {
		p++;
		out->event_id = take_part(&p, "/?");
	}
	return is_entity(out->entity);
}

/* matrix:u/alice:x, matrix:r/room:x, matrix:roomid/abc:x/e/event */
static bool parse_scheme(const char *p, struct matrix_uri *out)
{
	char sign = strncmp(p, "u/", 2) == 0        ? '@'
	            : strncmp(p, "r/", 2) == 0      ? '#'
	            : strncmp(p, "roomid/", 7) == 0 ? '!'
	                                            : '\0';

	if (sign == '\0') {
		return false;
	}
	p += strcspn(p, "/") + 1;
	autofree char *id = take_part(&p, "/?");
	if (id == NULL) {
		return false;
	}
	out->entity = xasprintf("%c%s", sign, id);
	if (!is_entity(out->entity)) {
		return false;
	}
	if (strncmp(p, "/e/", 3) == 0) {
		p += 3;
		autofree char *event = take_part(&p, "/?");
		out->event_id = event == NULL ? NULL : xasprintf("$%s", event);
	}
	return true;
}

bool matrix_uri_parse(const char *href, struct matrix_uri *out)
{
	static const char web[] = "https://matrix.to/#/";

	*out = (struct matrix_uri){NULL, NULL};
	if (strncasecmp(href, web, strlen(web)) == 0) {
		if (parse_matrix_to(href + strlen(web), out)) {
			return true;
		}
	} else if (strncasecmp(href, "matrix:", 7) == 0 && parse_scheme(href + 7, out)) {
		return true;
	}
	matrix_uri_finish(out);
	return false;
}

void matrix_uri_finish(struct matrix_uri *uri)
{
	free(uri->entity);
	free(uri->event_id);
	*uri = (struct matrix_uri){NULL, NULL};
}
