#include "lib/http_req.h"

#include "lib/mem.h"
#include <assert.h>
#include <string.h>
#include <strings.h>

enum {
	/* Less than most servers allow an idle connection, so that a request seldom
	 * crosses the server's closing of it. */
	MAX_IDLE_S = 30,
};

/* ------------------------------------------------------------ sending once */

/* libcurl counts bytes that the system took or, under TLS, records that it took whole; an
 * incomplete record tells a server nothing. */
bool http_transfer_may_have_been_sent(const struct http_req *req)
{
	long bytes = 0;
	curl_off_t uploaded = 0;

	if (!req->handed_over) {
		return false;
	}
	curl_easy_getinfo(req->easy, CURLINFO_REQUEST_SIZE, &bytes);
	curl_easy_getinfo(req->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
	return bytes > req->sent_before || uploaded > 0;
}

static bool is_repeatable(const struct http_req *req)
{
	return str_equal(req->method, "GET") || str_equal(req->method, "HEAD");
}

/* Called when libcurl has a connection and is about to send.
 *
 * What makes this necessary: when a kept connection turns out to be closed and nothing
 * has come back on it, libcurl (7.88, Curl_retry_request) sends the request once more on
 * a new one, without a word and whatever the method. But the server may have worked on
 * the first and died before it answered: a second chat.postMessage is a second message.
 *
 *  - A connection that the server closed before this moment is not used at all. Nothing
 * was sent; the request starts again on a new one. (libcurl's own check before reuse
 * peeks for an end of file. It misses it behind unread bytes, and every close over TLS
 * leaves some: the close_notify.)
 *  - What remains is a close that crosses our request on its way. Nobody can tell it from
 * a server that died at work. There the second sending is stopped and the caller learns
 *    ERR_UNSURE, unless sending twice is harmless (GET, HEAD) or nothing went out the
 * first time. MAX_IDLE_S keeps this case rare. */
static int before_sending(
        void *arg, char *peer_ip, char *local_ip, int peer_port, int local_port)
{
	struct http_req *req = arg;
	long new_connections = 0;

	(void)local_ip;
	if (http_transfer_may_have_been_sent(req) && !is_repeatable(req)) {
		req->lost = true;
		return CURL_PREREQFUNC_ABORT;
	}
	curl_easy_getinfo(req->easy, CURLINFO_NUM_CONNECTS, &new_connections);
	if (new_connections == 0 && http_curl_peer_gone(req->client->curl, peer_ip,
	                                    peer_port, local_port, req->tls)) {
		req->stale = true;
		curl_easy_setopt(req->easy, CURLOPT_FORBID_REUSE, 1L); /* close it */
		return CURL_PREREQFUNC_ABORT;
	}
	if (!req->handed_over) {
		req->handed_over = true;
		curl_easy_getinfo(req->easy, CURLINFO_REQUEST_SIZE, &req->sent_before);
	}
	return CURL_PREREQFUNC_OK;
}

void http_transfer_again(struct http_req *req)
{
	req->stale = false;
	curl_easy_setopt(req->easy, CURLOPT_FORBID_REUSE, 0L);
	curl_easy_setopt(req->easy, CURLOPT_FRESH_CONNECT, 1L);
	http_curl_add(req->client->curl, req->easy);
}

/* ------------------------------------------------------------ receiving */

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
	struct http_req *req = arg;
	size_t n = size * count;
	curl_off_t announced = -1;

	if (req->pieces != NULL) {
		return http_pieces_take(req, data, n);
	}
	curl_easy_getinfo(req->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	if (announced > (curl_off_t)req->reply.cap || !buf_add(&req->reply, data, n)) {
		req->too_large = true;
		return 0;
	}
	return n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void keep_header(struct http_req *req, struct str line)
{
	while (line.n > 0 && is_blank(line.p[line.n - 1])) {
		line.n--;
	}
	buf_add_str(&req->head, line);
	buf_add(&req->head, "", 1);
}

static size_t take_header(char *data, size_t size, size_t count, void *arg)
{
	struct http_req *req = arg;
	size_t n = size * count;
	struct str line = {data, n};

	req->header_bytes += n;
	if (req->header_bytes > HTTP_MAX_HEAD_BYTES) {
		req->too_large = true;
		return 0;
	}
	if (n >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		req->whole_head = false;
		buf_clear(&req->head);
	} else if (str_is(line, "\r\n") || str_is(line, "\n")) {
		req->whole_head = true;
		if (req->pieces != NULL) {
			http_pieces_tell(req);
		}
	} else if (!req->whole_head) { /* what follows the body is no header */
		keep_header(req, line);
	}
	return n;
}

/* ------------------------------------------------------------ options */

static bool is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || str_ends(host, ".localhost") ||
	       str_starts(host, "127.") || str_equal(host, "[::1]");
}

static void set_method(struct http_req *req)
{
	CURL *easy = req->easy;

	if (req->pieces != NULL && req->pieces->body_bytes > 0) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		        (curl_off_t)req->pieces->body_bytes);
		/* POST and PUT without a body need a Content-Length: 0 (RFC 9110, 8.6).
		 */
	} else if (req->body != NULL || str_equal(req->method, "POST") ||
	           str_equal(req->method, "PUT")) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(
		        easy, CURLOPT_POSTFIELDS, req->body != NULL ? req->body : "");
		curl_easy_setopt(
		        easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_bytes);
	} else if (str_equal(req->method, "HEAD")) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, req->method);
}

/* Switches off what libcurl adds by itself. */
static void set_headers(struct http_req *req)
{
	bool has_type = false;

	for (const struct curl_slist *it = req->headers; it != NULL; it = it->next) {
		has_type = has_type || strncasecmp(it->data, "Content-Type:", 13) == 0;
	}
	struct curl_slist *headers = curl_slist_append(req->headers, "Expect:");
	assert(headers != NULL);
	req->headers = headers;
	if (!has_type) {
		headers = curl_slist_append(headers, "Content-Type:");
		assert(headers != NULL);
	}
	curl_easy_setopt(req->easy, CURLOPT_HTTPHEADER, req->headers);
	curl_easy_setopt(req->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(req->easy, CURLOPT_USERAGENT, req->client->user_agent);
}

static void set_connection(struct http_req *req)
{
	CURL *easy = req->easy;
	const char *ca_file = req->client->ca_file;

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)MAX_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Without this, giving up a name look-up waits for getaddrinfo() to return. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	if (ca_file != NULL) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (is_loopback(req->host_name)) {
		curl_easy_setopt(
		        easy, CURLOPT_PROXY, ""); /* whatever the environment says */
	}
}

static void set_callbacks(struct http_req *req)
{
	CURL *easy = req->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, req);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, req->errbuf);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_sending);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, req);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, req);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, req);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

/* ------------------------------------------------------------ begin and end */

void http_transfer_begin(struct http_req *req)
{
	struct http_client *client = req->client;

	req->easy = client->spare_count > 0 ? client->spare[--client->spare_count]
	                                    : curl_easy_init();
	assert(req->easy != NULL);
	curl_easy_setopt(req->easy, CURLOPT_URL, req->url);
	curl_easy_setopt(req->easy, CURLOPT_PATH_AS_IS, 1L);
	set_method(req);
	set_headers(req);
	set_connection(req);
	set_callbacks(req);
	if (req->pieces != NULL) {
		http_pieces_begin(req);
	}
	http_curl_add(client->curl, req->easy);
}

void http_transfer_end(struct http_req *req, bool still_running)
{
	struct http_client *client = req->client;

	if (still_running) {
		http_curl_remove(client->curl, req->easy);
	}
	curl_easy_reset(req->easy);
	if (client->spare_count < HTTP_SPARE_HANDLES) {
		client->spare[client->spare_count++] = req->easy;
	} else {
		curl_easy_cleanup(req->easy);
	}
	req->easy = NULL;
}

/* ------------------------------------------------------------ the result */

const char *http_reply_header(const struct http_reply *reply, const char *name)
{
	size_t n = strlen(name);

	for (size_t at = 0; at < reply->head.n;) {
		const char *line = reply->head.p + at;
		if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
			const char *value = line + n + 1;
			return value + strspn(value, " \t");
		}
		at += strlen(line) + 1;
	}
	return NULL;
}

/* How many seconds from now, by the server's clock if it tells; -1: no date. */
static int64_t seconds_until(
        const struct http_req *req, const struct http_reply *reply, const char *date)
{
	const char *server = http_reply_header(reply, "Date");
	int64_t now_s = server == NULL ? -1 : (int64_t)curl_getdate(server, NULL);
	int64_t then_s = (int64_t)curl_getdate(date, NULL);

	if (then_s < 0) {
		return -1;
	}
	if (now_s < 0) {
		now_s = loop_wall_ms(req->client->loop) / 1000;
	}
	return then_s > now_s ? then_s - now_s : 0;
}

static uint32_t retry_after_ms(const struct http_req *req, const struct http_reply *reply)
{
	const char *text = http_reply_header(reply, "Retry-After");
	int64_t seconds = 0;

	if (text == NULL || text[0] == '\0') {
		return 0;
	}
	if (!str_to_int64(str_from(text), 0, INT64_MAX, &seconds)) {
		/* A date begins with its weekday: not so what is only nearly a number. */
		bool is_letter = (text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z';
		seconds = is_letter ? seconds_until(req, reply, text) : -1;
	}
	if (seconds <= 0) {
		return seconds == 0 ? 1 : 0;
	}
	return seconds > UINT32_MAX / 1000 ? UINT32_MAX : (uint32_t)seconds * 1000;
}

void http_transfer_reply(const struct http_req *req, struct http_reply *out)
{
	const struct http_reply head = {.head = buf_str(&req->head)};
	const char *type = http_reply_header(&head, "Content-Type");
	const char *id = http_reply_header(&head, "X-Slack-Req-Id");
	long status = 0;

	if (id == NULL) {
		id = http_reply_header(&head, "X-Request-Id");
	}
	curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);
	*out = (struct http_reply){
	        .status = (int)status,
	        .retry_after_ms = retry_after_ms(req, &head),
	        .body = buf_str(&req->reply),
	        .content_type = type != NULL ? type : "",
	        .request_id = id != NULL ? id : "",
	        .head = head.head,
	};
}

static enum err_kind error_kind(const struct http_req *req, CURLcode result)
{
	if (req->too_large) {
		return ERR_PERMANENT;
	}
	if (req->lost || http_transfer_may_have_been_sent(req)) {
		return ERR_UNSURE;
	}
	if (result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL) {
		return ERR_PERMANENT;
	}
	return ERR_RETRY;
}

/* Texts without the durations that libcurl likes to put in: equal runs shall log alike.
 */
void http_transfer_error(const struct http_req *req, CURLcode result, struct err *out)
{
	enum err_kind kind = error_kind(req, result);
	long os_errno = 0;

	if (req->too_large) {
		err_set(out, kind, CURLE_FILESIZE_EXCEEDED, "answer is too large");
	} else if (req->lost) {
		err_set(out, kind, CURLE_GOT_NOTHING,
		        "connection closed before an answer");
	} else if (result == CURLE_COULDNT_CONNECT) {
		curl_easy_getinfo(req->easy, CURLINFO_OS_ERRNO, &os_errno);
		err_set(out, kind, (int)result, "cannot connect to %s: %s",
		        req->host_name,
		        os_errno != 0 ? strerror((int)os_errno) : "no address answers");
	} else if (result == CURLE_OPERATION_TIMEDOUT || req->errbuf[0] == '\0') {
		err_set(out, kind, (int)result, "%s", curl_easy_strerror(result));
	} else {
		err_set(out, kind, (int)result, "%s", req->errbuf);
	}
}
