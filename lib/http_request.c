#include "lib/http_internal.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/socket_state.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct http_request *http_request_create(
        struct http_server *server, struct MHD_Connection *connection, const char *uri)
{
	struct http_request *req = xcalloc(1, sizeof(*req));

	req->server = server;
	req->connection = connection;
	req->conn =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	                ->socket_context;
	req->id = ++server->last_id;
	req->path = xstrdup(uri == NULL ? "" : uri);
	req->query = strchr(req->path, '?');
	if (req->query != NULL) {
		*req->query++ = '\0';
	} else {
		req->query = req->path + strlen(req->path);
	}
	http_body_init(&req->body);
	list_add_tail(&server->requests, &req->link);
	return req;
}

void http_request_arrived(struct http_request *req)
{
	if (req->chunked) {
		req->chunked = false;
		req->server->chunked_count--;
	}
}

void http_request_destroy(struct http_request *req)
{
	list_del(&req->link);
	http_request_arrived(req);
	if (req->response != NULL) {
		MHD_destroy_response(req->response);
	}
	for (size_t i = 0; i < req->header_count; i++) {
		free(req->headers[i].name);
		free(req->headers[i].value);
	}
	free(req->headers);
	http_body_finish(&req->body);
	free(req->path);
	free(req);
}

/* ---------------------------------------------------------------- reading */

const char *http_request_method(const struct http_request *req)
{
	return req->method;
}

const char *http_request_version(const struct http_request *req)
{
	return req->version;
}

const char *http_request_path(const struct http_request *req)
{
	return req->path;
}

const char *http_request_query(const struct http_request *req)
{
	return req->query;
}

const char *http_request_header(const struct http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

struct header_visit {
	http_header_fn *fn;
	void *arg;
};

static enum MHD_Result visit_header(
        void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const struct header_visit *visit = cls;

	(void)kind;
	visit->fn(name, value == NULL ? "" : value, visit->arg);
	return MHD_YES;
}

void http_request_each_header(
        const struct http_request *req, http_header_fn *fn, void *arg)
{
	struct header_visit visit = {fn, arg};

	MHD_get_connection_values(req->connection, MHD_HEADER_KIND, visit_header, &visit);
}

struct str http_request_body(const struct http_request *req)
{
	return http_body_str(&req->body);
}

const char *http_request_bearer(const struct http_request *req)
{
	static const char scheme[] = "Bearer ";
	const char *value = http_request_header(req, "Authorization");

	if (value == NULL || strncasecmp(value, scheme, strlen(scheme)) != 0) {
		return NULL;
	}
	value += strlen(scheme);
	value += strspn(value, " ");
	return *value == '\0' ? NULL : value;
}

uint64_t http_request_id(const struct http_request *req)
{
	return req->id;
}

void http_request_set_user(struct http_request *req, void *user)
{
	req->user = user;
}

void *http_request_user(const struct http_request *req)
{
	return req->user;
}

/* ---------------------------------------------------------------- answering */

void http_request_add_header(
        struct http_request *req, const char *name, const char *value)
{
	req->headers = xrealloc(
	        req->headers, (req->header_count + 1) * sizeof(struct answer_header));
	req->headers[req->header_count++] =
	        (struct answer_header){xstrdup(name), xstrdup(value)};
}

/* libmicrohttpd would take the date from the system's clock, which a virtual one is not.
 */
static void add_date(struct http_server *server, struct MHD_Response *response)
{
	time_t now = (time_t)(loop_wall_ms(server->loop) / 1000);
	struct tm parts;
	char text[40];

	if (gmtime_r(&now, &parts) != NULL &&
	        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_DATE, text);
	}
}

struct MHD_Response *http_response_create(
        struct http_server *server, const char *content_type, struct str body)
{
	char *copy = xmalloc(body.n + 1);
	if (body.n > 0) {
		memcpy(copy, body.p, body.n);
	}
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(body.n, copy, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(copy);
		return NULL;
	}
	add_date(server, response);
	if (content_type != NULL) {
		MHD_add_response_header(
		        response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	}
	return response;
}

static void add_headers(const struct http_request *req, struct MHD_Response *response)
{
	for (size_t i = 0; i < req->header_count; i++) {
		MHD_add_response_header(
		        response, req->headers[i].name, req->headers[i].value);
	}
}

void http_request_reply(
        struct http_request *req, int status, const char *content_type, struct str body)
{
	assert(status >= 200 && status <= 999);
	struct MHD_Response *response =
	        http_response_create(req->server, content_type, body);
	if (response != NULL) {
		add_headers(req, response);
	}
	req->answer_bytes = body.n;
	http_server_answer(req, status, response);
}

void http_request_reply_json(struct http_request *req, int status, const char *json)
{
	http_request_reply(req, status, "application/json", str_from(json));
}

void http_request_reply_file(struct http_request *req, int status,
        const char *content_type, int fd, uint64_t offset, uint64_t bytes)
{
	struct MHD_Response *response;

	assert(status >= 200 && status <= 999);
	/* libmicrohttpd 0.9.75 takes no empty range. */
	if (bytes == 0) {
		close(fd);
		http_request_reply(req, status, content_type, str_from(""));
		return;
	}
	response = MHD_create_response_from_fd_at_offset64(bytes, fd, offset);
	if (response == NULL) {
		close(fd);
	} else {
		add_date(req->server, response);
		if (content_type != NULL) {
			MHD_add_response_header(
			        response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
		}
		add_headers(req, response);
	}
	http_server_answer(req, status, response);
}

void http_request_drop(struct http_request *req, enum http_drop how)
{
	req->conn->ending = true;
	if (how == HTTP_DROP_RESET) {
		socket_reset(req->conn->fd);
	}
	http_server_answer(req, 0, NULL);
}

/* A body that ends before its announced length. */
struct cut_body {
	size_t n;
	char bytes[];
};

static ssize_t read_cut_body(void *arg, uint64_t at, char *out, size_t room)
{
	const struct cut_body *body = arg;

	if (at >= body->n) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	size_t n = body->n - (size_t)at < room ? body->n - (size_t)at : room;
	memcpy(out, body->bytes + at, n);
	return (ssize_t)n;
}

/* A head without any of its body. libmicrohttpd 0.9.75 forgets to free a connection whose
 * reader ends at once, so the head goes out by hand, and then it is dropped. */
static void reply_head_alone(
        struct http_request *req, int status, const char *content_type, size_t announced)
{
	struct buf head;

	buf_init(&head, 64 * 1024);
	buf_printf(&head, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n", status,
	        status < 300 ? "OK" : "Error", announced);
	if (content_type != NULL) {
		buf_printf(&head, "Content-Type: %s\r\n", content_type);
	}
	for (size_t i = 0; i < req->header_count; i++) {
		buf_printf(
		        &head, "%s: %s\r\n", req->headers[i].name, req->headers[i].value);
	}
	buf_puts(&head, "\r\n");
	/* Nothing has been sent on this connection yet that its client has not read. */
	(void)!send(req->conn->fd, buf_cstr(&head), head.len, MSG_NOSIGNAL);
	buf_finish(&head);
	http_request_drop(req, HTTP_DROP_CLOSE);
}

/* libmicrohttpd 0.9.75 adds a Content-Length of its own to every body whose size it
 * knows, so it is given one of unknown size, and HTTP/1.0's rule that such a body ends
 * with the connection; the length that is announced is ours alone. */
void http_request_reply_cut(struct http_request *req, int status,
        const char *content_type, struct str body, size_t cut_at)
{
	assert(status >= 200 && status <= 999);
	size_t n = cut_at < body.n ? cut_at : body.n;
	if (n == 0) {
		reply_head_alone(req, status, content_type, body.n);
		return;
	}
	struct cut_body *part = xmalloc(sizeof(*part) + n);
	part->n = n;
	memcpy(part->bytes, body.p, n);
	struct MHD_Response *response = MHD_create_response_from_callback(
	        MHD_SIZE_UNKNOWN, 16 * 1024, read_cut_body, part, free);
	if (response == NULL) {
		free(part);
	} else {
		autofree char *length = xasprintf("%zu", body.n);
		MHD_set_response_options(response,
		        MHD_RF_INSANITY_HEADER_CONTENT_LENGTH |
		                MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
		        MHD_RO_END);
		add_date(req->server, response);
		if (content_type != NULL) {
			MHD_add_response_header(
			        response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
		}
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_LENGTH, length);
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
		add_headers(req, response);
	}
	req->end_after = true;
	req->answer_bytes = n;
	http_server_answer(req, status, response);
}

void http_request_upgrade(struct http_request *req, const char *protocol,
        void (*ready)(struct http_stream *stream, void *arg), void *arg)
{
	struct MHD_Response *response =
	        MHD_create_response_for_upgrade(http_server_take_over, req);

	if (response != NULL) {
		add_date(req->server, response);
		MHD_add_response_header(response, MHD_HTTP_HEADER_UPGRADE, protocol);
		add_headers(req, response);
	}
	req->ready = ready;
	req->ready_arg = arg;
	http_server_answer(req, MHD_HTTP_SWITCHING_PROTOCOLS, response);
}
