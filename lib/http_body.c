/* A request's body: in memory while it is small, then in a temporary file. */
#include "lib/http_internal.h"

#include "lib/temp_file.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

void http_body_init(struct http_body *body)
{
	*body = (struct http_body){.fd = -1};
	buf_init(&body->memory, 0);
}

void http_body_limit(struct http_body *body, size_t max_bytes, size_t spool_over_bytes)
{
	body->max_bytes = max_bytes;
	body->memory.cap = max_bytes;
	if (spool_over_bytes > 0 && spool_over_bytes < max_bytes) {
		body->memory.cap = spool_over_bytes;
		body->spools = true;
	}
}

static bool write_all(int fd, struct str part)
{
	while (part.n > 0) {
		ssize_t n = write(fd, part.p, part.n);

		if (n < 0 && errno != EINTR) {
			return false;
		}
		if (n > 0) {
			part.p += n;
			part.n -= (size_t)n;
		}
	}
	return true;
}

static bool spool(struct http_body *body, struct str part)
{
	struct err err = ERR_INIT;

	if (body->fd < 0) {
		body->fd = temp_file_open(&err);
		if (body->fd < 0 || !write_all(body->fd, buf_str(&body->memory))) {
			return false;
		}
		buf_finish(&body->memory);
	}
	return write_all(body->fd, part);
}

bool http_body_add(struct http_body *body, struct str part)
{
	if (part.n > body->max_bytes - body->bytes) {
		return false;
	}
	body->bytes += part.n;
	if (body->fd < 0 &&
	        (!body->spools || body->memory.len + part.n <= body->memory.cap)) {
		return buf_add_str(&body->memory, part);
	}
	return spool(body, part);
}

bool http_body_end(struct http_body *body)
{
	if (body->fd < 0) {
		return true;
	}
	body->map = mmap(NULL, body->bytes, PROT_READ, MAP_PRIVATE, body->fd, 0);
	if (body->map == MAP_FAILED) {
		body->map = NULL;
	}
	return body->map != NULL;
}

struct str http_body_str(const struct http_body *body)
{
	return body->map ? (struct str){body->map, body->bytes} : buf_str(&body->memory);
}

void http_body_finish(struct http_body *body)
{
	if (body->map) {
		munmap(body->map, body->bytes);
	}
	if (body->fd >= 0) {
		close(body->fd);
	}
	buf_finish(&body->memory);
	body->map = NULL;
	body->fd = -1;
}
