/* A request as it arrives: libmicrohttpd's callbacks from its request line to its end. */
#include "lib/http_internal.h"

#include <assert.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* Of a body that is too large this much is read and thrown away, so that the client gets
 * to read the 413 and is not met by a reset while it still writes. */
enum { MAX_DISCARD_BYTES = 64 * 1024 * 1024 };

void *http_handle_request_line(
        void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct http_server *server = cls;

	server->progress++;
	return http_request_create(server, connection, uri);
}

static enum MHD_Result answer_now(
        struct http_request *req, int status, const char *content_type, const char *text)
{
	struct MHD_Response *response =
	        http_response_create(req->server, content_type, str_from(text));
	if (response == NULL) {
		return MHD_NO;
	}
	enum MHD_Result result =
	        MHD_queue_response(req->connection, (unsigned)status, response);
	MHD_destroy_response(response);
	http_conn_restart_idle(req->conn, true);
	return result;
}

static enum MHD_Result answer_too_large(struct http_request *req)
{
	const char *own = req->server->too_large_body;

	return answer_now(req, MHD_HTTP_CONTENT_TOO_LARGE,
	        own == NULL ? "text/plain" : "application/json",
	        own == NULL ? "request body too large\n" : own);
}

/* What libmicrohttpd lets pass, or answers with two heads if it is told to be strict. */
static const char *head_fault(const struct http_request *req)
{
	const char *coding = http_request_header(req, MHD_HTTP_HEADER_TRANSFER_ENCODING);

	if (http_request_header(req, MHD_HTTP_HEADER_HOST) == NULL &&
	        strcmp(req->version, MHD_HTTP_VERSION_1_1) == 0) {
		return "no Host\n";
	}
	if (strchr(req->path, ' ') != NULL || strchr(req->query, ' ') != NULL) {
		return "space in the path\n";
	}
	if (coding != NULL && strcasecmp(coding, "chunked") != 0) {
		return "unknown transfer encoding\n";
	}
	/* Two lengths are how one request is smuggled inside another (RFC 9112, 6.1). */
	if (coding != NULL &&
	        http_request_header(req, MHD_HTTP_HEADER_CONTENT_LENGTH) != NULL) {
		return "two lengths\n";
	}
	return NULL;
}

static void limit_body(struct http_request *req)
{
	const struct http_server *server = req->server;
	size_t max_bytes = server->body_limit ? server->body_limit(req, server->arg)
	                                      : server->max_body_bytes;

	http_body_limit(&req->body, max_bytes, server->spool_over_bytes);
}

/* The headers are there: is a body acceptable, and of which length? */
static enum MHD_Result begin_body(struct http_request *req)
{
	const char *fault = head_fault(req);
	const char *length = http_request_header(req, MHD_HTTP_HEADER_CONTENT_LENGTH);
	int64_t bytes = 0;

	if (req->conn->ending) {
		return MHD_NO;
	}
	req->state = REQUEST_ARRIVING;
	if (fault != NULL) {
		return answer_now(req, MHD_HTTP_BAD_REQUEST, "text/plain", fault);
	}
	if (length != NULL && !str_to_int64(str_from(length), 0, INT64_MAX, &bytes)) {
		bytes = INT64_MAX;
	}
	limit_body(req);
	if ((uint64_t)bytes > req->body.max_bytes) {
		req->too_large = true;
		if (bytes > MAX_DISCARD_BYTES ||
		        http_request_header(req, MHD_HTTP_HEADER_EXPECT) != NULL) {
			return answer_too_large(req);
		}
	}
	if (http_request_header(req, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL) {
		req->chunked = true;
		req->server->chunked_count++;
	}
	http_conn_restart_idle(req->conn, false);
	return MHD_YES;
}

static enum MHD_Result take_body(struct http_request *req, struct str part)
{
	req->stuck = false;
	if (!req->too_large && !http_body_add(&req->body, part)) {
		req->too_large = true;
		req->discarded_bytes = req->body.bytes;
	}
	if (req->too_large) {
		http_body_finish(&req->body);
		req->discarded_bytes += part.n;
		if (req->discarded_bytes > MAX_DISCARD_BYTES) {
			return MHD_NO;
		}
	}
	http_conn_restart_idle(req->conn, false);
	return MHD_YES;
}

static enum MHD_Result end_body(struct http_request *req)
{
	http_request_arrived(req);
	if (req->too_large || !http_body_end(&req->body)) {
		return answer_too_large(req);
	}
	req->state = REQUEST_WHOLE;
	list_del(&req->link);
	list_add_tail(&req->server->due, &req->link);
	timer_stop(&req->conn->idle);
	MHD_suspend_connection(req->connection);
	return MHD_YES;
}

static enum MHD_Result hand_over_answer(struct http_request *req)
{
	if (req->response == NULL) {
		return MHD_NO;
	}
	return MHD_queue_response(req->connection, (unsigned)req->status, req->response);
}

enum MHD_Result http_handle_access(void *cls, struct MHD_Connection *connection,
        const char *url, const char *method, const char *version, const char *data,
        size_t *data_bytes, void **con_cls)
{
	struct http_server *server = cls;
	struct http_request *req = *con_cls;
	struct str part = {data, *data_bytes};

	(void)connection;
	(void)url;
	server->progress++;
	switch (req->state) {
	case REQUEST_NEW:
		req->method = method;
		req->version = version;
		return begin_body(req);
	case REQUEST_ARRIVING:
		*data_bytes = 0;
		return part.n > 0 ? take_body(req, part) : end_body(req);
	case REQUEST_ANSWERED:
		return hand_over_answer(req);
	case REQUEST_WHOLE:
	case REQUEST_OPEN:
	case REQUEST_UPGRADED:
	case REQUEST_LOST:
		break;
	}
	assert(false); /* suspended, yet run */
	return MHD_NO;
}

/* The answer has left, or the connection has broken. Before that a request that is with
 * its user cannot end here: its connection is suspended. */
void http_handle_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
        enum MHD_RequestTerminationCode code)
{
	struct http_server *server = cls;
	struct http_request *req = *con_cls;

	(void)connection;
	(void)code;
	server->progress++;
	if (req == NULL) {
		return;
	}
	*con_cls = NULL;
	http_conn_restart_idle(req->conn, false);
	if (req->end_after) {
		req->conn->ending = true;
		shutdown(req->conn->fd, SHUT_RDWR);
	}
	if (req->ready != NULL && req->state != REQUEST_UPGRADED) {
		req->state = REQUEST_LOST;
		list_del(&req->link);
		list_add_tail(&server->due, &req->link);
		return;
	}
	http_request_destroy(req);
}
