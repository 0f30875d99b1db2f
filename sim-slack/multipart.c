#include "sim-slack/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The value of ;name=value or ;name="value" among a header's parameters; p is NULL if
 * there is none. */
static struct str parameter(struct str header, const char *name)
{
	const char *p = header.p, *end = header.p + header.n;
	size_t n = strlen(name);

	while (p < end && (p = memchr(p, ';', (size_t)(end - p)))) {
		const char *from, *stop;

		for (p++; p < end && (*p == ' ' || *p == '\t'); p++) {
		}
		if ((size_t)(end - p) <= n || strncasecmp(p, name, n) != 0 ||
		        p[n] != '=') {
			continue;
		}
		from = p + n + 1;
		if (from < end && *from == '"') {
			from++;
			stop = memchr(from, '"', (size_t)(end - from));
			return stop ? (struct str){from, (size_t)(stop - from)}
			            : (struct str){0};
		}
		for (stop = from; stop < end && !strchr("; \t\r\n", *stop); stop++) {
		}
		return (struct str){from, (size_t)(stop - from)};
	}
	return (struct str){0};
}

bool multipart_begin(
        struct multipart *multipart, const char *content_type, struct str body)
{
	struct str boundary = parameter(str_from(content_type), "boundary");

	*multipart = (struct multipart){.rest = body};
	if (boundary.n == 0 || boundary.n > MULTIPART_BOUNDARY_MAX) {
		return false;
	}
	snprintf(multipart->mark, sizeof(multipart->mark), "\r\n--%.*s", (int)boundary.n,
	        boundary.p);
	return true;
}

static void skip(struct str *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

static const char *find(struct str in, const char *what)
{
	return in.n ? memmem(in.p, in.n, what, strlen(what)) : NULL;
}

/* Past the mark that begins a part. False: there is none, or it was the last. */
static bool begin_part(struct multipart *multipart)
{
	const char *mark = multipart->mark;
	struct str *rest = &multipart->rest;
	size_t n = strlen(mark);

	if (rest->n >= n - 2 && memcmp(rest->p, mark + 2, n - 2) == 0) {
		skip(rest, n - 2);
	} else {
		const char *at = find(*rest, mark);

		if (!at) {
			multipart->broken = true;
			return false;
		}
		skip(rest, (size_t)(at - rest->p) + n);
	}
	if (rest->n >= 2 && memcmp(rest->p, "--", 2) == 0) {
		return false;
	}
	multipart->broken = rest->n < 2 || memcmp(rest->p, "\r\n", 2) != 0;
	if (!multipart->broken) {
		skip(rest, 2);
	}
	return !multipart->broken;
}

/* Takes one header line; false at the empty line that ends them. */
static bool next_header(struct multipart *multipart, struct str *out)
{
	struct str *rest = &multipart->rest;
	const char *end = find(*rest, "\r\n");

	if (!end) {
		multipart->broken = true;
		return false;
	}
	*out = (struct str){rest->p, (size_t)(end - rest->p)};
	skip(rest, out->n + 2);
	return out->n > 0;
}

static bool header_is(struct str header, const char *name)
{
	size_t n = strlen(name);

	return header.n > n && header.p[n] == ':' && strncasecmp(header.p, name, n) == 0;
}

bool multipart_next(struct multipart *multipart, struct part *out)
{
	struct str header;
	const char *end;

	*out = (struct part){0};
	if (multipart->broken || !begin_part(multipart)) {
		return false;
	}
	while (next_header(multipart, &header)) {
		if (header_is(header, "Content-Disposition")) {
			out->name = parameter(header, "name");
			out->filename = parameter(header, "filename");
		} else if (header_is(header, "Content-Type")) {
			skip(&header, strlen("Content-Type:"));
			for (; header.n && *header.p == ' '; skip(&header, 1)) {
			}
			out->type = header;
		}
	}
	end = multipart->broken ? NULL : find(multipart->rest, multipart->mark);
	if (!end) {
		multipart->broken = true;
		return false;
	}
	out->data = (struct str){multipart->rest.p, (size_t)(end - multipart->rest.p)};
	skip(&multipart->rest, out->data.n);
	return true;
}
