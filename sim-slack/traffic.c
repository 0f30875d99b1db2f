#include "sim-slack/traffic.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	REQUESTS_KEPT = 2000,
	FRAMES_KEPT = 20000,
	AN_ANSWER = 1000,
	HEADERS_MAX_BYTES = 16 * 1024,
	TOKEN_KIND_MAX = 12, /* "xoxe.xoxb-1-" */
};

struct request_entry {
	int64_t seq; /* 0: not used yet */
	int64_t wall_ms;
	int status;
	size_t body_bytes, answer_bytes;
	char method[16];
	char *path, *query;
	char *headers; /* "Name: value" lines */
};

struct frame_entry {
	int64_t seq;
	int64_t wall_ms;
	unsigned conn;
	bool from_slack;
	uint8_t opcode;
	size_t bytes;
};

struct traffic {
	struct sim_slack *sim;
	struct request_entry requests[REQUESTS_KEPT]; /* by seq % REQUESTS_KEPT */
	struct frame_entry frames[FRAMES_KEPT];
	int64_t last_request, last_frame;
};

struct traffic *traffic_create(struct sim_slack *sim)
{
	struct traffic *traffic = xcalloc(1, sizeof(*traffic));

	traffic->sim = sim;
	return traffic;
}

static void entry_finish(struct request_entry *entry)
{
	free(entry->path);
	free(entry->query);
	free(entry->headers);
}

void traffic_destroy(struct traffic **traffic)
{
	if (!*traffic) {
		return;
	}
	for (size_t i = 0; i < REQUESTS_KEPT; i++) {
		entry_finish(&(*traffic)->requests[i]);
	}
	free(*traffic);
	*traffic = NULL;
}

/* ---- what must not be kept ---- */

/* "Bearer xoxb-1-2-abc" becomes "Bearer xoxb-...": which kind of token it was. */
static void add_authorization(struct buf *out, const char *value)
{
	size_t scheme = strcspn(value, " ");
	const char *token = value + scheme + strspn(value + scheme, " ");
	size_t kind = strcspn(token, "-");

	buf_add(out, value, scheme);
	buf_puts(out, " ");
	if (token[kind] == '-' && kind < TOKEN_KIND_MAX) {
		buf_add(out, token, kind + 1);
	}
	buf_puts(out, "...");
}

static void add_header(const char *name, const char *value, void *arg)
{
	struct buf *out = arg;

	buf_puts(out, name);
	buf_puts(out, ": ");
	if (strcasecmp(name, "Authorization") == 0) {
		add_authorization(out, value);
	} else if (strcasecmp(name, "Cookie") == 0) {
		buf_puts(out, "...");
	} else {
		buf_puts(out, value);
	}
	buf_puts(out, "\n");
}

static bool is_secret(struct str name)
{
	return str_is(name, "token") || str_is(name, "ticket") ||
	       str_is(name, "client_secret") || str_is(name, "refresh_token");
}

static char *safe_query(const char *query)
{
	struct buf out;

	buf_init(&out, strlen(query) * 2 + 16);
	while (*query) {
		size_t n = strcspn(query, "&");
		size_t name = strcspn(query, "=&");
		bool secret = is_secret((struct str){query, name}) && name < n;

		buf_printf(&out, "%s%.*s%s", out.len ? "&" : "", (int)(secret ? name : n),
		        query, secret ? "=..." : "");
		query += n + (query[n] == '&');
	}
	return out.len ? buf_take(&out) : xstrdup("");
}

/* Paths whose last part opens something. */
static char *safe_path(const char *path)
{
	return str_starts(path, "/response/") ? xstrdup("/response/...") : xstrdup(path);
}

/* ---- taking down ---- */

void traffic_add_request(struct traffic *traffic, const struct http_request *req,
        int status, size_t answer_bytes)
{
	struct request_entry *entry;
	struct buf headers;

	entry = &traffic->requests[++traffic->last_request % REQUESTS_KEPT];
	entry_finish(entry);
	buf_init(&headers, HEADERS_MAX_BYTES);
	http_request_each_header(req, add_header, &headers);
	*entry = (struct request_entry){.seq = traffic->last_request,
	        .wall_ms = loop_wall_ms(traffic->sim->loop),
	        .status = status,
	        .body_bytes = http_request_body(req).n,
	        .answer_bytes = answer_bytes};
	memccpy(entry->method, http_request_method(req), '\0', sizeof(entry->method) - 1);
	entry->path = safe_path(http_request_path(req));
	entry->query = safe_query(http_request_query(req));
	entry->headers = headers.len && !headers.failed ? buf_take(&headers) : NULL;
	buf_finish(&headers);
}

void traffic_add_frame(struct traffic *traffic, unsigned conn, bool from_slack,
        unsigned opcode, size_t bytes)
{
	struct frame_entry *entry = &traffic->frames[++traffic->last_frame % FRAMES_KEPT];

	*entry = (struct frame_entry){.seq = traffic->last_frame,
	        .wall_ms = loop_wall_ms(traffic->sim->loop),
	        .conn = conn,
	        .from_slack = from_slack,
	        .opcode = (uint8_t)opcode,
	        .bytes = bytes};
}

/* ---- asking ---- */

static void add_headers(cJSON *item, const char *lines)
{
	cJSON *headers = cJSON_CreateArray();

	while (lines && *lines) {
		size_t n = strcspn(lines, "\n");
		autofree char *line = xstrndup(lines, n);

		cJSON_AddItemToArray(headers, cJSON_CreateString(line));
		lines += n + (lines[n] == '\n');
	}
	json_set(item, "headers", headers);
}

static cJSON *request_json(const struct request_entry *entry)
{
	cJSON *item = json_set_int(json_new(), "seq", entry->seq);

	json_set_int(item, "wall_ms", entry->wall_ms);
	json_set_str(item, "method", entry->method);
	json_set_str(item, "path", entry->path);
	json_set_str(item, "query", entry->query);
	json_set_int(item, "status", entry->status);
	json_set_int(item, "body_bytes", (int64_t)entry->body_bytes);
	json_set_int(item, "answer_bytes", (int64_t)entry->answer_bytes);
	add_headers(item, entry->headers);
	return item;
}

static int64_t first_kept(int64_t last, int64_t kept, int64_t since)
{
	int64_t first = last > kept ? last - kept + 1 : 1;

	return since >= first ? since + 1 : first;
}

cJSON *traffic_requests(const struct traffic *traffic, int64_t since, const char *path)
{
	cJSON *list = cJSON_CreateArray();
	int count = 0;

	for (int64_t seq = first_kept(traffic->last_request, REQUESTS_KEPT, since);
	        seq <= traffic->last_request && count < AN_ANSWER; seq++) {
		const struct request_entry *entry =
		        &traffic->requests[seq % REQUESTS_KEPT];

		if (!path || str_starts(entry->path, path)) {
			cJSON_AddItemToArray(list, request_json(entry));
			count++;
		}
	}
	return list;
}

static cJSON *frame_json(const struct frame_entry *entry)
{
	static const char *const names[16] = {[0] = "continuation",
	        [1] = "text",
	        [2] = "binary",
	        [8] = "close",
	        [9] = "ping",
	        [10] = "pong"};
	const char *name = names[entry->opcode & 15];
	cJSON *item = json_set_int(json_new(), "seq", entry->seq);

	json_set_int(item, "wall_ms", entry->wall_ms);
	json_set_int(item, "conn", entry->conn);
	json_set_str(item, "from", entry->from_slack ? "slack" : "client");
	json_set_str(item, "opcode", name ? name : "raw");
	return json_set_int(item, "bytes", (int64_t)entry->bytes);
}

cJSON *traffic_frames(const struct traffic *traffic, int64_t since, unsigned conn)
{
	cJSON *list = cJSON_CreateArray();
	int count = 0;

	for (int64_t seq = first_kept(traffic->last_frame, FRAMES_KEPT, since);
	        seq <= traffic->last_frame && count < AN_ANSWER; seq++) {
		const struct frame_entry *entry = &traffic->frames[seq % FRAMES_KEPT];

		if (conn == 0 || entry->conn == conn) {
			cJSON_AddItemToArray(list, frame_json(entry));
			count++;
		}
	}
	return list;
}
