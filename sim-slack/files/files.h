/* files: the workspace's files as data, and the uploads on their way. All bytes lie in
 * one nameless file on the disk: files may be large, and there may be many. */
#ifndef SIM_SLACK_FILES_H
#define SIM_SLACK_FILES_H

#include "lib/http_server.h"
#include "sim-slack/files/kinds.h"
#include "sim-slack/sim.h"

enum { SHA256_HEX_SIZE = 65, FILE_PREVIEW_MAX = 1024 };
enum file_state {
	FILE_AWAITED,  /* an upload URL was given out */
	FILE_UPLOADED, /* its bytes are there */
	FILE_COMPLETE, /* and it is a file */
	FILE_DELETED,
	FILE_HIDDEN, /* beyond the free plan's limit */
};

/* Bytes in the store. */
struct blob {
	uint64_t at, bytes;
	char sha256[SHA256_HEX_SIZE];
};

struct file {
	char *id;
	char *name;
	char *title;
	char *alt_text;
	const struct user *user;
	enum file_state state;
	const struct kind *kind;
	char *mimetype;
	bool snippet;
	bool public_url;
	bool ever_public; /* file_public was sent */
	bool check_info;  /* messages show its ID alone, as in Slack Connect */
	int64_t voice_ms; /* recorded in a client, so long; 0: it was not */
	bool canvas;      /* to be read on Slack alone */
	char *external_url, *external_type; /* NULL: Slack holds the bytes */
	char *username, *icon_url, *icon_emoji;
	int64_t created_s;
	int64_t awaited_bytes;
	char secret[33]; /* in the upload URL */
	struct blob blob;
	unsigned width, height; /* 0: no picture */
	char preview[FILE_PREVIEW_MAX];
	int64_t lines;
	/* [{channel, ts, thread_ts}], oldest first */
	cJSON *shares;
};

/* As the verb upload describes it. NULL and *err. */
struct file *verb_make_file(struct sim_slack *sim, const cJSON *from,
        const struct user *user, struct err *err);

struct files *files_create(struct sim_slack *sim);
void files_destroy(struct files **files);
/* Adds a sentence for each share that is still to come. */
void files_pending(const struct files *files, cJSON *sentences);
/* False and *err: there is no room on the disk. */
bool files_store(
        struct files *files, struct str bytes, struct blob *out, struct err *err);
/* The same bytes for the same number. */
bool files_store_pattern(
        struct files *files, uint64_t bytes, struct blob *out, struct err *err);
/* At most max bytes from the blob's beginning. Caller frees. */
char *files_read(
        const struct files *files, const struct blob *blob, size_t max, size_t *n);
/* Answers with bytes of the blob. */
void files_reply(const struct files *files, struct http_request *req, int status,
        const char *type, const struct blob *blob, uint64_t from, uint64_t bytes);

/* A new one, FILE_AWAITED. name is copied. */
struct file *file_create(
        struct sim_slack *sim, const char *name, const struct user *user);
/* Gives it its bytes and what follows from them. */
void file_fill(struct sim_slack *sim, struct file *file, const struct blob *blob);
/* Gives the bytes' room back; the file stays as a tombstone. */
void file_drop_bytes(struct sim_slack *sim, struct file *file);
struct file *file_find(const struct sim_slack *sim, const char *id);
struct file *file_by_secret(const struct sim_slack *sim, const char *secret);
struct file *file_next(const struct sim_slack *sim, size_t *cursor);
bool file_in_channel(const struct file *file, const struct channel *channel);
/* It lies in a public channel. */
bool file_is_public(const struct sim_slack *sim, const struct file *file);
/* The user may have it: their own, public, or in a conversation they are in. */
bool file_seen_by(
        const struct sim_slack *sim, const struct file *file, const struct user *user);
void file_add_share(struct file *file, const struct message *message);
void file_remove_share(struct file *file, const struct message *message);

/* ---- view ---- */
cJSON *view_file(const struct sim_slack *sim, const struct file *file, bool shares);
/* As a message shows it. */
cJSON *view_message_file(const struct sim_slack *sim, const struct file *file);
/* Thumbnails of a picture: the k-th size (0: none any more). */
unsigned thumb_side(const struct file *file, unsigned k);
void thumb_size(
        const struct file *file, unsigned side, unsigned *width, unsigned *height);
/* Sets on a message's record what its files are. */
void record_files(cJSON *record, struct file *const *files, size_t count);

/* ---- acts ---- */
/* It is complete now: file_created, and the record. */
void act_file_created(struct sim_slack *sim, struct file *file);
/* What is said with files that are shared. Borrowed, as in struct post. */
struct sharing {
	struct channel *channel;
	const struct user *user;
	struct file **files;
	size_t count;
	const char *text; /* stored */
	const cJSON *blocks;
	const char *thread_ts;
	bool broadcast;
};
struct message *act_share(struct sim_slack *sim, const struct sharing *sharing,
        char event_id[EVENT_ID_SIZE]);
/* The same after the knob share_delay, if the channel can still be written to then. */
void act_share_later(struct sim_slack *sim, const struct sharing *sharing);
/* The file, and what messages show of it. */
void act_delete_file(struct sim_slack *sim, struct file *file, const struct user *user);
/* Changes it (name, title, state) and tells: file_change, and message_changed wherever it
 * is shown. */
typedef void file_change_fn(struct sim_slack *sim, struct file *file, const void *arg);
void act_change_file(struct sim_slack *sim, struct file *file, file_change_fn *change,
        const void *arg);
/* A message that had them is gone. */
void act_unshare(struct sim_slack *sim, const struct message *message);

/* ---- the Web API ---- */
struct api_call;
/* The file_ids argument: files of the caller's that are complete, at most max. False and
 * the call failed. */
bool api_file_ids(struct api_call *call, struct file **files, size_t max, size_t *count);

/* ---- HTTP ---- */
/* /upload/v1/, /files-pri/, /files-tmb/, /files-pub/ */
bool files_is_path(const char *path);
void files_handle_request(struct files *files, struct http_request *req);

#endif
