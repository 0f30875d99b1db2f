/* http_curl: libcurl's multi handle in the loop, and a look at the connections it keeps.
 * Internal to http_client. */
#ifndef LIB_HTTP_CURL_H
#define LIB_HTTP_CURL_H

#include "lib/loop.h"
#include <curl/curl.h>
#include <stdbool.h>

struct http_curl;

/* A transfer ended: from the loop, never inside _add or _remove. The easy handle has left
 * the multi handle. All of http_curl's functions may be called, _destroy too. */
typedef void http_curl_done_fn(CURL *easy, CURLcode result, void *arg);

struct http_curl *http_curl_create(struct loop *loop, http_curl_done_fn *done, void *arg);
/* No transfers left: asserted. Closes the idle connections. *curl may be NULL. */
void http_curl_destroy(struct http_curl **curl);

/* Begins a transfer in the next turn. The handle stays the caller's. */
void http_curl_add(struct http_curl *curl, CURL *easy);
/* Ends it without a call of done(). Its connection is closed if the transfer was under
 * way. */
void http_curl_remove(struct http_curl *curl, CURL *easy);

/* For CURLOPT_PREREQFUNCTION, whose arguments these are: is the connection that the
 * request is about to go out on already closed by the peer? */
bool http_curl_peer_gone(const struct http_curl *curl, const char *peer_ip, int peer_port,
        int local_port, bool tls);

#endif
