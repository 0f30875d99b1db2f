/* Bodies in pieces: libcurl's callbacks fill and empty the windows, and its transfer is
 * paused while one of them is full or empty. Nothing of a user runs inside a callback of
 * libcurl: moved() comes from a timer. */
#include "lib/http_req.h"

#include "lib/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_OTHER_BYTES = 64 * 1024, /* of an answer that is not read in pieces */
};

/* ------------------------------------------------------------ telling */

static bool is_read_in_pieces(const struct http_req *req)
{
	long status = 0;

	if (req->pieces->unwritten >= 0) {
		return false;
	}
	curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status <= 299;
}

static void handle_tell(void *arg)
{
	struct http_req *req = arg;
	struct http_pieces *pieces = req->pieces;

	if (pieces->over && pieces->in.len == 0) {
		http_req_end_held(req);
		return;
	}
	pieces->moved(pieces->arg);
}

void http_pieces_tell(struct http_req *req)
{
	if (!timer_active(&req->pieces->tell)) {
		timer_start(&req->pieces->tell, 0);
	}
}

/* ------------------------------------------------------------ from libcurl */

size_t http_pieces_take(struct http_req *req, const char *data, size_t n)
{
	struct http_pieces *pieces = req->pieces;

	if (!is_read_in_pieces(req)) {
		size_t room = MAX_OTHER_BYTES - req->reply.len;
		buf_add(&req->reply, data, n < room ? n : room);
		return n;
	}
	if (pieces->in.len > 0 && pieces->in.len + n > HTTP_WINDOW_BYTES) {
		pieces->in_paused = true;
		pieces->held = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (!buf_add(&pieces->in, data, n)) {
		return 0;
	}
	http_pieces_tell(req);
	return n;
}

static size_t give_body(char *data, size_t size, size_t count, void *arg)
{
	struct http_req *req = arg;
	struct http_pieces *pieces = req->pieces;
	size_t n = size * count;

	if (pieces->out.len == 0 && pieces->unwritten > 0) {
		pieces->out_paused = true;
		pieces->held = true;
		return CURL_READFUNC_PAUSE;
	}
	n = n < pieces->out.len ? n : pieces->out.len;
	if (n > 0) {
		memcpy(data, pieces->out.data, n);
		buf_consume(&pieces->out, n);
	}
	if (pieces->unwritten > 0) {
		http_pieces_tell(req);
	}
	return n;
}

void http_pieces_begin(struct http_req *req)
{
	struct http_pieces *pieces = req->pieces;

	if (pieces->body_bytes == 0) {
		return;
	}
	curl_easy_setopt(req->easy, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(req->easy, CURLOPT_READDATA, req);
	/* A body that cannot be given a second time shall not meet a connection that has
	 * gone stale. */
	curl_easy_setopt(req->easy, CURLOPT_FRESH_CONNECT, 1L);
}

bool http_pieces_hold_end(struct http_req *req, CURLcode result)
{
	struct http_pieces *pieces = req->pieces;

	if (result != CURLE_OK || pieces->in.len == 0) {
		return false;
	}
	pieces->over = true;
	pieces->result = result;
	pieces->held = true;
	http_pieces_tell(req);
	return true;
}

bool http_pieces_moves(struct http_req *req)
{
	struct http_pieces *pieces = req->pieces;
	curl_off_t down = 0, up = 0;

	curl_easy_getinfo(req->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	curl_easy_getinfo(req->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	bool moves = pieces->held || down + up >= pieces->moved_bytes + HTTP_LEAST_BYTES;
	pieces->moved_bytes = down + up;
	pieces->held = pieces->in_paused || pieces->out_paused || pieces->over;
	return moves;
}

/* ------------------------------------------------------------ the owner's side */

void http_pieces_free(struct http_pieces *pieces)
{
	if (pieces == NULL) {
		return;
	}
	buf_finish(&pieces->in);
	buf_finish(&pieces->out);
	free(pieces);
}

void http_req_in_pieces(
        struct http_req *req, uint32_t stall_ms, http_moved_fn *moved, void *arg)
{
	struct http_pieces *pieces = xcalloc(1, sizeof(*pieces));

	assert(req->state == REQ_NEW && req->pieces == NULL);
	req->pieces = pieces;
	req->deadline_ms = stall_ms;
	pieces->moved = moved;
	pieces->arg = arg;
	pieces->unwritten = -1;
	timer_init(&pieces->tell, req->client->loop, handle_tell, req);
	buf_init(&pieces->in, 2 * HTTP_WINDOW_BYTES);
	buf_init(&pieces->out, HTTP_WINDOW_BYTES);
}

void http_req_set_body_length(
        struct http_req *req, const char *content_type, int64_t length_bytes)
{
	assert(req->state == REQ_NEW && req->pieces != NULL && length_bytes >= 0);
	req->pieces->unwritten = length_bytes;
	req->pieces->body_bytes = length_bytes;
	http_req_set_header(req, "Content-Type", content_type);
}

static void unpause(struct http_req *req)
{
	struct http_pieces *pieces = req->pieces;
	int bits = (pieces->in_paused ? CURLPAUSE_RECV : 0) |
	           (pieces->out_paused ? CURLPAUSE_SEND : 0);

	if (req->state == REQ_ACTIVE && !pieces->over) {
		curl_easy_pause(req->easy, bits);
	}
}

size_t http_req_write(struct http_req *req, struct str data)
{
	struct http_pieces *pieces = req->pieces;
	size_t room = HTTP_WINDOW_BYTES - pieces->out.len;
	size_t n = data.n < room ? data.n : room;

	if (pieces->unwritten < 0 || req->state == REQ_ENDING) {
		return 0;
	}
	n = (int64_t)n < pieces->unwritten ? n : (size_t)pieces->unwritten;
	if (n == 0) {
		return 0;
	}
	buf_add(&pieces->out, data.p, n);
	pieces->unwritten -= (int64_t)n;
	if (pieces->out_paused) {
		pieces->out_paused = false;
		unpause(req);
	}
	return n;
}

int64_t http_req_unwritten(const struct http_req *req)
{
	return req->pieces->unwritten;
}

bool http_req_head(
        const struct http_req *req, struct http_reply *head, int64_t *length_bytes)
{
	long status = 0;
	curl_off_t announced = -1;

	if (req->state != REQ_ACTIVE || !req->whole_head) {
		return false;
	}
	curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200) {
		return false;
	}
	curl_easy_getinfo(req->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	http_transfer_reply(req, head);
	head->body = (struct str){0};
	*length_bytes = announced;
	return true;
}

struct str http_req_peek(const struct http_req *req)
{
	return buf_str(&req->pieces->in);
}

void http_req_consume(struct http_req *req, size_t n)
{
	struct http_pieces *pieces = req->pieces;

	buf_consume(&pieces->in, n);
	if (pieces->over && pieces->in.len == 0) {
		http_pieces_tell(req);
	}
	if (pieces->in_paused && pieces->in.len < HTTP_WINDOW_BYTES / 2) {
		pieces->in_paused = false;
		unpause(req);
	}
}
