#include "lib/ws_url.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	/* libwebsockets 4.1.6 writes its request through buffers of 2048 and 128 bytes
	 * and cuts what is longer, line ends and all; the name it verifies against has
	 * 128 too. */
	MAX_PATH_BYTES = 2000,
	MAX_HOST_BYTES = 100,
};

static bool is_printable(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s <= 0x20 || *s >= 0x7f) {
			return false;
		}
	}
	return true;
}

static bool bad(struct err *err, const char *why)
{
	return err_set(err, ERR_PERMANENT, 0, "bad WebSocket URL: %s", why);
}

/* Splits "host:port" or "[address]:port". */
static bool parse_authority(struct str authority, struct ws_url *url, struct err *err)
{
	const char *p = authority.p;
	const char *end = p + authority.n;
	const char *host_end;
	bool brackets = p < end && *p == '[';
	int64_t port = url->tls ? 443 : 80;

	if (brackets) {
		p++;
		host_end = memchr(p, ']', (size_t)(end - p));
		if (host_end == NULL) {
			return bad(err, "no closing bracket");
		}
	} else {
		host_end = memchr(p, ':', (size_t)(end - p));
		host_end = host_end != NULL ? host_end : end;
	}
	if (host_end == p || memchr(p, '@', (size_t)(host_end - p)) != NULL ||
	        host_end - p > MAX_HOST_BYTES) {
		return bad(err, "host");
	}
	const char *rest = host_end + (brackets ? 1 : 0);
	if (rest < end) {
		struct str digits = {rest + 1, (size_t)(end - rest - 1)};
		if (*rest != ':' || !str_to_int64(digits, 1, 65535, &port)) {
			return bad(err, "port");
		}
	}
	if (brackets && url->tls) {
		/* libwebsockets 4.1.6 would verify the certificate against "[". */
		return bad(err, "an IPv6 address under TLS is not supported");
	}
	url->port = (uint16_t)port;
	url->host = xstrndup(p, (size_t)(host_end - p));
	const char *open = brackets ? "[" : "";
	const char *close = brackets ? "]" : "";
	url->host_header =
	        port == (url->tls ? 443 : 80)
	                ? xasprintf("%s%s%s", open, url->host, close)
	                : xasprintf("%s%s%s:%u", open, url->host, close, (unsigned)port);
	return true;
}

bool ws_url_parse(const char *text, struct ws_url *out, struct err *err)
{
	struct ws_url url = {0};

	if (strncasecmp(text, "ws://", 5) == 0) {
		text += 5;
	} else if (strncasecmp(text, "wss://", 6) == 0) {
		url.tls = true;
		text += 6;
	} else {
		return bad(err, "neither ws nor wss");
	}
	if (!is_printable(text)) {
		return bad(err, "a character that may not be there");
	}
	size_t host_bytes = strcspn(text, "/?#");
	const char *path = text + host_bytes;
	size_t path_bytes = strcspn(path, "#");
	if (path_bytes > MAX_PATH_BYTES) {
		return bad(err, "too long");
	}
	if (!parse_authority((struct str){text, host_bytes}, &url, err)) {
		return false;
	}
	url.path = xasprintf("%s%.*s", *path == '/' ? "" : "/", (int)path_bytes, path);
	*out = url;
	return true;
}

void ws_url_finish(struct ws_url *url)
{
	free(url->host);
	free(url->host_header);
	free(url->path);
	*url = (struct ws_url){0};
}
