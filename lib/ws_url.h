/* ws_url: the parts of a ws:// or wss:// URL (RFC 6455, 3). Internal to ws_client. */
#ifndef LIB_WS_URL_H
#define LIB_WS_URL_H

#include "lib/err.h"
#include <stdbool.h>
#include <stdint.h>

struct ws_url {
	bool tls;
	char *host; /* name or address, without brackets */
	uint16_t port;
	char *host_header; /* as a Host header wants it */
	char *path;        /* with query, begins with a slash */
};

/* False and *err (permanent) if it is no such URL, or one libwebsockets cannot do. */
bool ws_url_parse(const char *text, struct ws_url *out, struct err *err);
void ws_url_finish(struct ws_url *url);

#endif
