/* files: Slack's files: what their objects say, the calls about them, and the requests
 * that fetch and send their bytes (Slack protocol reference, 3.6).
 *
 * Request contract and error kinds as web_api.h's. */
#ifndef BRIDGE_SLACK_FILES_H
#define BRIDGE_SLACK_FILES_H

#include "bridge/slack/web_api.h"

enum slack_file_kind {
	SLACK_FILE_HOSTED, /* its bytes are Slack's: url */
	SLACK_FILE_ASK,    /* only files.info knows more: Slack Connect, or no URL yet */
	SLACK_FILE_EXTERNAL, /* elsewhere, e.g. in Google Drive: url is a page for people
	                      */
	SLACK_FILE_PAGE,     /* a canvas, a post, a list: something to be read on Slack */
	SLACK_FILE_DELETED,
	SLACK_FILE_HIDDEN, /* too old for the workspace's plan */
	SLACK_FILE_DENIED, /* we may not see it */
};

struct slack_picture { /* a smaller picture of the file; url "" if there is none */
	const char *url;
	int64_t width, height;
};

struct slack_file { /* borrows from the JSON; texts "" and numbers -1 if unknown */
	enum slack_file_kind kind;
	const char *id, *name, *title, *mimetype;
	const char *url;       /* of the bytes */
	const char *permalink; /* a page for people */
	const char *alt_text;
	int64_t bytes, width, height, duration_ms;
	bool is_voice; /* recorded in a client */
	struct slack_picture preview;
	const cJSON *waveform; /* of numbers from 0 to 100; NULL if there is none */
};

/* False: it has no usable ID. */
bool slack_file_parse(const cJSON *file, struct slack_file *out);
/* Where and when it was shared: the ts of the newest message with it in the channel, NULL
 * if there is none. */
const char *slack_file_share(const cJSON *file, const char *channel_id);

/* files.info: the file object. */
typedef void slack_file_fn(const cJSON *file, const struct err *err, void *arg);
struct slack_call *slack_files_info(
        struct slack_api *api, const char *file_id, slack_file_fn *done, void *arg);

/* files.getUploadURLExternal: a place for so many bytes; nobody sees it before it is
 * completed, so asking twice does no harm. */
typedef void slack_slot_fn(
        const char *url, const char *file_id, const struct err *err, void *arg);
struct slack_call *slack_files_reserve(struct slack_api *api, const char *name,
        int64_t bytes, slack_slot_fn *done, void *arg);

/* files.completeUploadExternal: shows it in the channel. Its message is made a little
 * later; look for it with files.info. */
struct slack_share {
	const char *file_id, *title, *channel_id;
	const char *thread_ts; /* NULL: none */
	const char *comment;   /* mrkdwn; NULL: none */
	const char *username;  /* NULL: the bot's own */
	const char *icon_url;  /* likewise */
};
struct slack_call *slack_files_complete(struct slack_api *api,
        const struct slack_share *share, slack_ok_fn *done, void *arg);

/* files.delete; deleted already counts as success. */
struct slack_call *slack_files_delete(
        struct slack_api *api, const char *file_id, slack_ok_fn *done, void *arg);

/* ---- bytes ----
 * Only Slack's own hosts are asked (slack.com and below, slack-gov.com and below, by
 * https) and the host of the Web API; NULL for any other URL. The token goes along to
 * fetch, never to send. The caller sets the rest up and starts the request. */
struct http_req *slack_fetch_request(
        struct slack_api *api, struct http_client *http, const char *url);
struct http_req *slack_send_request(
        struct slack_api *api, struct http_client *http, const char *url);

/* What an answer to a fetch means that is no 2xx, or a transport error. ERR_RETRY: may be
 * better later; ERR_PERMANENT otherwise. A redirect is Slack asking for a log-in: the
 * token may not see the file, or is being exchanged. */
void slack_fetch_error(const struct http_reply *reply, struct err *err);
/* Is this answer, though a 2xx, Slack's log-in page instead of the file? */
bool slack_is_login_page(
        const struct http_reply *head, struct str first, const char *mimetype);

#endif
