/* The bytes of files over HTTP: the upload URL, and the addresses in file objects
 * (section 3.6). */
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/faults.h"
#include "sim-slack/files/store.h"
#include "sim-slack/multipart.h"
#include "sim-slack/oauth/oauth.h"
#include "sim-slack/picture.h"
#include "sim-slack/scopes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char upload_path[] = "/upload/v1/";
static const char private_path[] = "/files-pri/";
static const char thumb_path[] = "/files-tmb/";
static const char public_path[] = "/files-pub/";

/* A transfer whose answer a fault holds back. */
struct held_reply {
	struct list link; /* files::replies */
	struct files *files;
	struct http_request *req;
	struct timer timer;
	struct answer answer;
	bool faulted;
};

bool files_is_path(const char *path)
{
	return str_starts(path, upload_path) || str_starts(path, private_path) ||
	       str_starts(path, thumb_path) || str_starts(path, public_path) ||
	       str_equal(path, "/login");
}

static const char *transfer_name(const struct http_request *req)
{
	return str_starts(http_request_path(req), upload_path) ? "upload" : "download";
}

static void report(struct held_reply *held, struct file *file, const char *answered,
        int status, int64_t bytes)
{
	cJSON *record = sim_record(transfer_name(held->req), NULL);

	if (file) {
		json_set_str(record, "file", file->name);
		json_set_str(record, "file_id", file->id);
	}
	json_set_str(record, "answered", answered);
	json_set_int(record, "status", status);
	json_set_int(record, "bytes", bytes);
	json_set_str(record, "range", http_request_header(held->req, "Range"));
	if (held->answer.cut_at >= 0 || held->answer.lost != LOST_NOT) {
		json_set_bool(record, "lost", true);
	}
	sim_report(held->files->sim, record);
}

static void reply_text(struct held_reply *held, int status, const char *text)
{
	if (held->answer.lost == LOST_AFTER) {
		http_request_drop(held->req, HTTP_DROP_RESET);
	} else {
		http_request_reply(
		        held->req, status, "text/plain; charset=utf-8", str_from(text));
	}
}

/* ---- uploading ---- */

/* The bytes meant: the body itself, or the first part of a form. False: neither. */
static bool uploaded(const struct http_request *req, struct str *out)
{
	const char *type = http_request_header(req, "Content-Type");
	struct multipart multipart;
	struct part part;

	*out = http_request_body(req);
	if (!type || strncasecmp(type, "multipart/form-data", 19) != 0) {
		return true;
	}
	if (!multipart_begin(&multipart, type, *out) ||
	        !multipart_next(&multipart, &part)) {
		return false;
	}
	*out = part.data;
	return true;
}

static void refuse_upload(struct held_reply *held, struct file *file, int status,
        const char *why, int64_t bytes)
{
	report(held, file, why, status, bytes);
	reply_text(held, status, why);
}

static void take_upload(struct held_reply *held)
{
	struct sim_slack *sim = held->files->sim;
	const char *secret = http_request_path(held->req) + strlen(upload_path);
	struct file *file = file_by_secret(sim, secret);
	autofree char *text = NULL;
	struct err err = ERR_INIT;
	struct blob blob = {0};
	struct str bytes;

	if (!str_equal(http_request_method(held->req), "POST")) {
		refuse_upload(held, file, 405, "method not allowed", 0);
	} else if (!file || file->state > FILE_UPLOADED ||
	           (file->state == FILE_UPLOADED && !sim->knobs.upload_again)) {
		refuse_upload(held, file, 404, "no such upload", 0);
	} else if (!uploaded(held->req, &bytes)) {
		refuse_upload(held, file, 400, "malformed form", 0);
	} else if (sim->knobs.upload_strict && (int64_t)bytes.n != file->awaited_bytes) {
		refuse_upload(held, file, 400, "wrong length", (int64_t)bytes.n);
	} else if (!files_store(held->files, bytes, &blob, &err)) {
		refuse_upload(held, file, 500, "no room", (int64_t)bytes.n);
	} else {
		file_fill(sim, file, &blob);
		text = xasprintf("OK - %zu", bytes.n);
		report(held, file, "ok", 200, (int64_t)bytes.n);
		reply_text(held, 200, text);
	}
}

/* ---- downloading ---- */

/* Without a good token Slack shows its login page, and says so with no status of its own.
 */
static void ask_to_log_in(struct held_reply *held, struct file *file)
{
	struct sim_slack *sim = held->files->sim;
	autofree char *where =
	        xasprintf("%s/login?redir=%s", sim->url, http_request_path(held->req));
	bool redirect = str_equal(sim->knobs.login_answer, "redirect");

	report(held, file, "login", redirect ? 302 : 200, 0);
	if (redirect) {
		http_request_add_header(held->req, "Location", where);
	}
	http_request_reply(held->req, redirect ? 302 : 200, "text/html; charset=utf-8",
	        str_from("<!DOCTYPE html>\n<html lang=\"en-US\"><head>"
	                 "<title>Login | Slack</title></head>\n"
	                 "<body><form>Sign in to Sim Team</form></body></html>\n"));
}

/* The file of "<team>-<file>..." after a prefix; the prefixes are of one length. */
static struct file *named_file(const struct sim_slack *sim, const char *path)
{
	const char *p = strchr(path + strlen(private_path), '-');
	autofree char *id = p ? xstrndup(p + 1, strcspn(p + 1, "-/")) : NULL;

	return id ? file_find(sim, id) : NULL;
}

static bool may_download(
        const struct sim_slack *sim, struct http_request *req, const struct file *file)
{
	struct credential who;

	credential_read(sim, req, http_request_bearer(req), &who);
	return who.kind >= 0 && who.kind != TOKEN_APP && !*who.error &&
	       (who.kind == TOKEN_CLIENT || scopes_have(who.scopes, "files:read")) &&
	       file_seen_by(sim, file, who.user);
}

/* "bytes=a-b", "a-" or "-n" of one range. False: none, or one that is to be overlooked;
 * *bytes is 0 if it cannot be satisfied. */
static bool read_range(const char *header, uint64_t size, uint64_t *from, uint64_t *bytes)
{
	int64_t first = -1, last = -1;
	const char *dash;

	if (!header || !str_starts(header, "bytes=") || strchr(header, ',') ||
	        !(dash = strchr(header, '-'))) {
		return false;
	}
	header += 6;
	if ((dash > header && !str_to_int64((struct str){header, (size_t)(dash - header)},
	                              0, INT64_MAX, &first)) ||
	        (dash[1] && !str_to_int64(str_from(dash + 1), 0, INT64_MAX, &last)) ||
	        (first < 0 && last < 0) || (first >= 0 && last >= 0 && last < first)) {
		return false;
	}
	if (first < 0) { /* the last n */
		*bytes = (uint64_t)last < size ? (uint64_t)last : size;
		*from = size - *bytes;
		return true;
	}
	*from = (uint64_t)first;
	*bytes = *from >= size ? 0 : size - *from;
	if (last >= 0 && *bytes > (uint64_t)(last - first) + 1) {
		*bytes = (uint64_t)(last - first) + 1;
	}
	return true;
}

static void send_cut(struct held_reply *held, const char *type, const struct blob *blob)
{
	size_t n;
	autofree char *part =
	        files_read(held->files, blob, (size_t)held->answer.cut_at, &n);

	/* Only what is sent is read; the length announced is the whole one's. */
	http_request_reply_cut(
	        held->req, 200, type, (struct str){part, (size_t)blob->bytes}, n);
}

static void send_file(struct held_reply *held, struct file *file)
{
	const char *type = file->mimetype ? file->mimetype : file->kind->mimetype;
	uint64_t from = 0, bytes = file->blob.bytes, size = bytes;
	autofree char *range = NULL;
	int status = 200;

	http_request_add_header(held->req, "Accept-Ranges", "bytes");
	if (read_range(http_request_header(held->req, "Range"), size, &from, &bytes)) {
		status = bytes ? 206 : 416;
		range = bytes ? xasprintf("bytes %llu-%llu/%llu",
		                        (unsigned long long)from,
		                        (unsigned long long)(from + bytes - 1),
		                        (unsigned long long)size)
		              : xasprintf("bytes */%llu", (unsigned long long)size);
		http_request_add_header(held->req, "Content-Range", range);
	}
	if (strstr(http_request_path(held->req), "/download/")) {
		http_request_add_header(held->req, "Content-Disposition", "attachment");
	}
	report(held, file, "ok", status, (int64_t)bytes);
	if (held->answer.lost == LOST_AFTER) {
		http_request_drop(held->req, HTTP_DROP_RESET);
	} else if (held->answer.cut_at >= 0) {
		send_cut(held, type, &file->blob);
	} else {
		files_reply(
		        held->files, held->req, status, type, &file->blob, from, bytes);
	}
}

static void send_thumb(struct held_reply *held, struct file *file)
{
	const char *mark = strrchr(http_request_path(held->req), '_');
	unsigned side = mark ? (unsigned)strtoul(mark + 1, NULL, 10) : 0;
	unsigned width, height, k = 0;
	struct buf png;

	while (thumb_side(file, k) && thumb_side(file, k) != side) {
		k++;
	}
	if (!thumb_side(file, k)) {
		report(held, file, "not_found", 404, 0);
		reply_text(held, 404, "no such thumbnail\n");
		return;
	}
	thumb_size(file, side, &width, &height);
	buf_init(&png, PICTURE_MAX_BYTES);
	picture_png(&png, width, height, file->blob.sha256);
	report(held, file, "ok", 200, (int64_t)png.len);
	http_request_reply(held->req, 200, "image/png", buf_str(&png));
	buf_finish(&png);
}

/* A page for people, which links to the bytes. */
static void send_public(struct held_reply *held, struct file *file)
{
	const char *path = http_request_path(held->req);
	autofree char *end = file ? xasprintf("-%.10s", file->secret) : NULL;

	if (!file || file->state != FILE_COMPLETE || !file->public_url ||
	        !str_ends(path, end)) {
		report(held, file, "not_found", 404, 0);
		reply_text(held, 404, "no such file\n");
		return;
	}
	send_file(held, file);
}

static void give_download(struct held_reply *held)
{
	const struct sim_slack *sim = held->files->sim;
	const char *path = http_request_path(held->req);
	struct file *file = named_file(sim, path);

	if (str_starts(path, public_path)) {
		send_public(held, file);
	} else if (!file || !may_download(sim, held->req, file)) {
		ask_to_log_in(held, file);
	} else if (file->state != FILE_COMPLETE || file->external_url) {
		report(held, file, "not_found", 404, 0);
		reply_text(held, 404, "no such file\n");
	} else if (str_starts(path, thumb_path)) {
		send_thumb(held, file);
	} else {
		send_file(held, file);
	}
}

/* ---- both ---- */

static void held_free(struct held_reply *held)
{
	timer_stop(&held->timer);
	list_del(&held->link);
	answer_finish(&held->answer);
	free(held);
}

/* True if the rule leaves nothing to do. */
static bool answer_instead(struct held_reply *held)
{
	const struct answer *answer = &held->answer;
	const char *text = answer->body ? answer->body : "";
	autofree char *word = xasprintf("http_%d", answer->status);

	if (answer->lost == LOST_BEFORE) {
		report(held, NULL, "lost", 0, 0);
		http_request_drop(held->req, HTTP_DROP_RESET);
		return true;
	}
	if (!answer->status && !answer->body) {
		return false;
	}
	if (answer->retry_after_s >= 0) {
		autofree char *after =
		        xasprintf("%lld", (long long)answer->retry_after_s);
		http_request_add_header(held->req, "Retry-After", after);
	}
	report(held, NULL, word, answer->status ? answer->status : 200, 0);
	http_request_reply(held->req, answer->status ? answer->status : 200,
	        "text/html; charset=utf-8", str_from(text));
	return true;
}

static void serve(void *arg)
{
	struct held_reply *held = arg;

	if (!(held->faulted && answer_instead(held))) {
		if (str_starts(http_request_path(held->req), upload_path)) {
			take_upload(held);
		} else {
			give_download(held);
		}
	}
	held_free(held);
}

void files_handle_request(struct files *files, struct http_request *req)
{
	struct held_reply *held = xcalloc(1, sizeof(*held));

	held->files = files;
	held->req = req;
	answer_init(&held->answer);
	timer_init(&held->timer, files->sim->loop, serve, held);
	list_add_tail(&files->replies, &held->link);
	held->faulted =
	        faults_match(files->sim->faults, transfer_name(req), NULL, &held->answer);
	if (held->answer.hold_ms + held->answer.delay_ms > 0) {
		timer_start(&held->timer, held->answer.hold_ms + held->answer.delay_ms);
	} else {
		serve(held);
	}
}

void held_replies_finish(struct files *files)
{
	list_for_each(link, &files->replies)
	{
		held_free(container_of(link, struct held_reply, link));
	}
}
