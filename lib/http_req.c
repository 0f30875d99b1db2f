#include "lib/http_req.h"

#include "lib/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_DEADLINE_MS = 30 * 1000,
	DEFAULT_MAX_REPLY_BYTES = 8 * 1024 * 1024,
};

struct http_req *http_req_create(
        struct http_client *client, const char *method, const char *url)
{
	struct http_req *req = xcalloc(1, sizeof(*req));

	req->client = client;
	list_init(&req->link);
	req->method = xstrdup(method);
	req->url = xstrdup(url);
	req->deadline_ms = DEFAULT_DEADLINE_MS;
	buf_init(&req->head, HTTP_MAX_HEAD_BYTES);
	buf_init(&req->reply, DEFAULT_MAX_REPLY_BYTES);
	return req;
}

void http_req_free(struct http_req *req)
{
	curl_slist_free_all(req->headers);
	buf_finish(&req->head);
	buf_finish(&req->reply);
	http_pieces_free(req->pieces);
	free(req->method);
	free(req->url);
	free(req->host_key);
	free(req->host_name);
	free(req->path);
	free(req->body);
	free(req);
}

static bool is_token(const char *s)
{
	return *s != '\0' && s[strspn(s, "!#$%&'*+-.^_`|~0123456789"
	                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                 "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

static bool is_header_value(const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		if ((c < 0x20 && c != '\t') || c == 0x7f) {
			return false;
		}
	}
	return true;
}

void http_req_set_header(struct http_req *req, const char *name, const char *value)
{
	assert(req->state == REQ_NEW);
	if (!is_token(name) || !is_header_value(value)) {
		err_set(&req->refused, ERR_PERMANENT, 0, "bad header");
		return;
	}
	/* libcurl's form of an empty value is "Name;" */
	autofree char *line = *value == '\0' ? xasprintf("%s;", name)
	                                     : xasprintf("%s: %s", name, value);
	struct curl_slist *headers = curl_slist_append(req->headers, line);
	assert(headers != NULL);
	req->headers = headers;
}

void http_req_set_body(struct http_req *req, const char *content_type, struct str body)
{
	assert(req->state == REQ_NEW && req->body == NULL);
	req->body = xmalloc(body.n + 1);
	if (body.n > 0) {
		memcpy(req->body, body.p, body.n);
	}
	req->body[body.n] = '\0';
	req->body_bytes = body.n;
	if (content_type != NULL) {
		http_req_set_header(req, "Content-Type", content_type);
	}
}

void http_req_set_deadline(struct http_req *req, uint32_t deadline_ms)
{
	assert(req->state == REQ_NEW);
	req->deadline_ms = deadline_ms;
}

void http_req_set_max_reply(struct http_req *req, size_t max_bytes)
{
	assert(req->state == REQ_NEW);
	buf_init(&req->reply, max_bytes);
}

static bool url_part(CURLU *url, CURLUPart part, char **out)
{
	char *text = NULL;

	if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) {
		return false;
	}
	str_replace(out, text);
	curl_free(text);
	return true;
}

bool http_req_read_url(struct http_req *req)
{
	autofree char *scheme = NULL;
	autofree char *port = NULL;
	CURLU *url = curl_url();

	assert(url != NULL);
	bool ok = curl_url_set(url, CURLUPART_URL, req->url, CURLU_PATH_AS_IS) ==
	                  CURLUE_OK &&
	          url_part(url, CURLUPART_SCHEME, &scheme) &&
	          url_part(url, CURLUPART_HOST, &req->host_name) &&
	          url_part(url, CURLUPART_PORT, &port) &&
	          url_part(url, CURLUPART_PATH, &req->path);
	curl_url_cleanup(url);
	if (!is_token(req->method)) {
		return err_set(&req->refused, ERR_PERMANENT, 0, "bad method");
	}
	if (!ok) {
		return err_set(
		        &req->refused, ERR_PERMANENT, CURLE_URL_MALFORMAT, "bad URL");
	}
	req->tls = str_equal(scheme, "https");
	if (!req->tls && !str_equal(scheme, "http")) {
		return err_set(&req->refused, ERR_PERMANENT, CURLE_UNSUPPORTED_PROTOCOL,
		        "URL is neither http nor https");
	}
	req->host_key = xasprintf("%s://%s:%s", scheme, req->host_name, port);
	return true;
}
