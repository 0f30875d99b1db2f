#include "sim-matrix/face.h"

#include "lib/http_server.h"
#include "lib/mem.h"

#include "sim-matrix/call.h"
#include "sim-matrix/control.h"
#include "sim-matrix/media.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, BODY_MAX_BYTES = 20971520 };

static const char control_prefix[] = "/_control/";

struct face {
	struct sim_matrix *sim;
	struct http_server *server; /* NULL while closed */
	struct control *control;    /* NULL: none is served */
	char *host;
	uint16_t port;
	int held_fd; /* keeps the port while closed; -1 */
};

/* ---- one request ---- */

static void add_headers(struct http_request *req, const struct call_answer *answer)
{
	http_request_add_header(req, "Access-Control-Allow-Origin", "*");
	http_request_add_header(req, "Access-Control-Allow-Methods",
	        "GET, HEAD, PATCH, POST, PUT, DELETE, OPTIONS");
	http_request_add_header(req, "Access-Control-Allow-Headers",
	        "origin, x-requested-with, content-type, accept, authorization");
	http_request_add_header(req, "Access-Control-Max-Age", "86400");
	for (size_t i = 0; i < answer->header_count; i++) {
		http_request_add_header(
		        req, answer->headers[i].name, answer->headers[i].value);
	}
}

/* A fault: the head of a whole file, and then not all of it. */
static void cut_file(struct http_request *req, const struct call_answer *answer)
{
	size_t bytes = answer->body_bytes;
	void *map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, answer->fd, 0);

	if (map == MAP_FAILED) {
		http_request_drop(req, HTTP_DROP_RESET);
		return;
	}
	http_request_reply_cut(req, answer->status, answer->content_type,
	        (struct str){map, bytes}, answer->cut_at);
	munmap(map, bytes);
}

static void handle_answer(const struct call_answer *answer, void *arg)
{
	struct http_request *req = arg;

	switch (answer->end) {
	case CALL_RESET:
		http_request_drop(req, HTTP_DROP_RESET);
		break;
	case CALL_CUT:
		add_headers(req, answer);
		if (answer->fd >= 0) {
			cut_file(req, answer);
			break;
		}
		http_request_reply_cut(req, answer->status, answer->content_type,
		        answer->body, answer->cut_at);
		break;
	case CALL_ANSWER:
		add_headers(req, answer);
		if (answer->fd >= 0) {
			http_request_reply_file(req, answer->status, answer->content_type,
			        fcntl(answer->fd, F_DUPFD_CLOEXEC, 0), 0,
			        answer->body_bytes);
			break;
		}
		http_request_reply(
		        req, answer->status, answer->content_type, answer->body);
		break;
	}
}

static void handle_request(struct http_request *req, void *arg)
{
	struct face *face = arg;
	struct call_request request = {
	        .method = http_request_method(req),
	        .path = http_request_path(req),
	        .query = http_request_query(req),
	        .bearer = http_request_bearer(req),
	        .content_type = http_request_header(req, "Content-Type"),
	        .body = http_request_body(req),
	};

	if (face->control != NULL && str_starts(request.path, control_prefix)) {
		control_request(
		        face->control, req, request.path + strlen(control_prefix));
		return;
	}
	call_start(face->sim, &request, handle_answer, req);
}

/* Only uploads may be as large as the homeserver says; the rest as conduwuit's
 * max_request_size. */
static size_t limit_body(const struct http_request *req, void *arg)
{
	const struct face *face = arg;
	const char *path = http_request_path(req);

	return strstr(path, "/media/") != NULL && strstr(path, "/upload") != NULL
	               ? face->sim->upload_max
	               : BODY_MAX_BYTES;
}

/* ---- listening ---- */

static bool start_server(struct face *face, int listen_fd, struct err *err)
{
	struct http_server_options options = {
	        .host = face->host,
	        .port = face->port,
	        .listen_fd = listen_fd,
	        .body_limit = limit_body,
	        .spool_over_bytes = MEDIA_HELD_BYTES,
	        .too_large_body =
	                "{\"errcode\":\"M_TOO_LARGE\",\"error\":\"M_TOO_LARGE: Request body "
	                "too large\"}",
	};

	face->server =
	        http_server_create(face->sim->loop, &options, handle_request, face, err);
	if (face->server == NULL) {
		return false;
	}
	face->port = http_server_port(face->server);
	return true;
}

struct face *face_create(
        struct sim_matrix *sim, const struct sim_matrix_options *opts, struct err *err)
{
	struct face *face = xcalloc(1, sizeof(*face));

	face->sim = sim;
	face->host = xstrdup(opts->host != NULL ? opts->host : "127.0.0.1");
	face->port = opts->port;
	face->held_fd = -1;
	if (!start_server(face, opts->listen_fd, err)) {
		face_destroy(&face);
		return NULL;
	}
	face->control = opts->control ? control_create(sim) : NULL;
	return face;
}

void face_destroy(struct face **face)
{
	if (*face == NULL) {
		return;
	}
	control_destroy(&(*face)->control);
	http_server_destroy(&(*face)->server);
	if ((*face)->held_fd >= 0) {
		close((*face)->held_fd);
	}
	free((*face)->host);
	free(*face);
	*face = NULL;
}

char *face_url(const struct face *face)
{
	const char *host = strcmp(face->host, "0.0.0.0") == 0 ? "127.0.0.1" : face->host;
	bool v6 = strchr(host, ':') != NULL;

	return xasprintf("http://%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "",
	        (unsigned)face->port);
}

/* ---- closed for a while ---- */

/* Bound but not listening: nobody else gets the port, and the kernel refuses connections.
 */
static int hold_port(const struct face *face)
{
	struct sockaddr_in address = {
	        .sin_family = AF_INET, .sin_port = htons(face->port)};
	const int on = 1;
	int fd;

	if (inet_pton(AF_INET, face->host, &address.sin_addr) != 1) {
		return -1;
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	        (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	                bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

bool face_close(struct face *face)
{
	if (face->control != NULL || face->server == NULL) {
		return false;
	}
	http_server_destroy(&face->server);
	face->held_fd = hold_port(face);
	return true;
}

bool face_open(struct face *face, struct err *err)
{
	int fd = face->held_fd;

	if (face->server != NULL) {
		return true;
	}
	if (fd >= 0 && listen(fd, BACKLOG) != 0) {
		return err_set(err, ERR_PERMANENT, errno, "listen: %s", strerror(errno));
	}
	face->held_fd = -1;
	return start_server(face, fd >= 0 ? fd : 0, err);
}
