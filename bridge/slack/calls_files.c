/* files.info, files.getUploadURLExternal, files.completeUploadExternal, files.delete, and
 * the bytes themselves */
#include "bridge/slack/files.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/slack/call.h"
#include "bridge/slack/errors.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- calls */

static void report_file(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const cJSON *file = json_obj(answer, "file");
	struct err unusable;

	if (answer != NULL && file == NULL) {
		slack_unusable(slack_method_info(call->method), "file", &unusable);
		err = &unusable;
	}
	call->done.file(err->kind == ERR_NONE ? file : NULL, err, call->arg);
}

struct slack_call *slack_files_info(
        struct slack_api *api, const char *file_id, slack_file_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_FILES_INFO);

	slack_call_set(call, "file", file_id);
	slack_call_start(call, report_file, (union slack_done){.file = done}, arg);
	return call;
}

static void report_slot(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const char *url = json_str_or(answer, "upload_url", "");
	const char *file_id = json_str_or(answer, "file_id", "");
	struct err unusable;

	if (answer != NULL && (url[0] == '\0' || file_id[0] == '\0')) {
		slack_unusable(slack_method_info(call->method), "URL or file", &unusable);
		err = &unusable;
	}
	if (err->kind != ERR_NONE) {
		url = file_id = NULL;
	}
	call->done.slot(url, file_id, err, call->arg);
}

struct slack_call *slack_files_reserve(struct slack_api *api, const char *name,
        int64_t bytes, slack_slot_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_FILES_GET_UPLOAD_URL);
	autofree char *length = xasprintf("%lld", (long long)bytes);

	slack_call_set(call, "filename", name);
	slack_call_set(call, "length", length);
	slack_call_start(call, report_slot, (union slack_done){.slot = done}, arg);
	return call;
}

static void report_done(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	(void)answer;
	call->done.ok(err, call->arg);
}

struct slack_call *slack_files_complete(struct slack_api *api,
        const struct slack_share *share, slack_ok_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_FILES_COMPLETE_UPLOAD);
	autojson cJSON *files = cJSON_CreateArray();
	cJSON *file = json_set_str(json_new(), "id", share->file_id);

	json_set_str(file, "title", share->title);
	cJSON_AddItemToArray(files, file);
	autofree char *text = json_print(files);
	slack_call_set(call, "files", text);
	slack_call_set(call, "channel_id", share->channel_id);
	slack_call_set(call, "thread_ts", share->thread_ts);
	slack_call_set(call, "initial_comment", share->comment);
	slack_call_set(call, "username", share->username);
	slack_call_set(call, "icon_url", share->icon_url);
	slack_call_start(call, report_done, (union slack_done){.ok = done}, arg);
	return call;
}

static void report_deleted(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	struct err none = ERR_INIT;
	bool is_gone = err->kind == ERR_PERMANENT &&
	               (str_equal(err->name, "file_deleted") ||
	                       str_equal(err->name, "file_not_found"));

	(void)answer;
	call->done.ok(is_gone ? &none : err, call->arg);
}

struct slack_call *slack_files_delete(
        struct slack_api *api, const char *file_id, slack_ok_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_FILES_DELETE);

	slack_call_set(call, "file", file_id);
	slack_call_start(call, report_deleted, (union slack_done){.ok = done}, arg);
	return call;
}

/* ---------------------------------------------------------------- bytes */

static char *url_part(const char *text, CURLUPart part)
{
	CURLU *url = curl_url();
	char *value = NULL, *copy = NULL;

	if (url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
	        curl_url_get(url, part, &value, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		copy = xstrdup(value);
	}
	curl_free(value);
	curl_url_cleanup(url);
	return copy;
}

static bool is_below(const char *host, const char *domain)
{
	size_t n = strlen(host), m = strlen(domain);

	return str_equal(host, domain) ||
	       (n > m && host[n - m - 1] == '.' && str_equal(host + n - m, domain));
}

static bool is_slacks(const char *api_url, const char *url)
{
	autofree char *scheme = url_part(url, CURLUPART_SCHEME);
	autofree char *host = url_part(url, CURLUPART_HOST);
	autofree char *port = url_part(url, CURLUPART_PORT);
	autofree char *api_scheme = url_part(api_url, CURLUPART_SCHEME);
	autofree char *api_host = url_part(api_url, CURLUPART_HOST);
	autofree char *api_port = url_part(api_url, CURLUPART_PORT);

	if (host == NULL || scheme == NULL || port == NULL) {
		return false;
	}
	if (str_equal(scheme, api_scheme) && str_equal(host, api_host) &&
	        str_equal(port, api_port)) {
		return true;
	}
	return str_equal(scheme, "https") && str_equal(port, "443") &&
	       (is_below(host, "slack.com") || is_below(host, "slack-gov.com"));
}

struct http_req *slack_fetch_request(
        struct slack_api *api, struct http_client *http, const char *url)
{
	if (!is_slacks(slack_api_url(api), url)) {
		return NULL;
	}
	struct http_req *req = http_req_create(http, "GET", url);
	http_req_set_header(req, "Authorization", slack_api_authorization(api));
	if (slack_api_cookie(api) != NULL) {
		http_req_set_header(req, "Cookie", slack_api_cookie(api));
	}
	return req;
}

struct http_req *slack_send_request(
        struct slack_api *api, struct http_client *http, const char *url)
{
	return is_slacks(slack_api_url(api), url) ? http_req_create(http, "POST", url)
	                                          : NULL;
}

void slack_fetch_error(const struct http_reply *reply, struct err *err)
{
	int status = reply->status;

	if (status >= 300 && status <= 399) {
		err_set(err, ERR_RETRY, status, "Slack wants a log-in for it");
	} else if (status == 404 || status == 410) {
		err_set(err, ERR_PERMANENT, status, "it is not on Slack any more");
	} else if (status == 401 || status == 403) {
		err_set(err, ERR_PERMANENT, status, "the Slack app may not read it");
	} else if (status >= 500 || status == 429 || status == 408) {
		err_set(err, ERR_RETRY, status, "Slack answered %d", status);
		err->retry_after_ms = reply->retry_after_ms;
	} else {
		err_set(err, ERR_PERMANENT, status, "Slack answered %d", status);
	}
}
