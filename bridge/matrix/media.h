/* media: the content repository, for what is streamed and not held.
 *
 * The requests are made ready and not started: http_pipe takes them. */
#ifndef BRIDGE_MATRIX_MEDIA_H
#define BRIDGE_MATRIX_MEDIA_H

#include "bridge/matrix/client.h"

/* GET the bytes of an mxc URI as the bot; old_way: as before version 1.11 of the
 * specification. NULL if it is no well-formed mxc URI. */
struct http_req *matrix_media_fetch(
        struct matrix *matrix, struct http_client *http, const char *mxc, bool old_way);
/* Does this answer to a fetch mean that only the old way is known? */
bool matrix_media_wants_old_way(const struct http_reply *reply);
/* What any other answer to a fetch means that is no 2xx. */
void matrix_media_fetch_error(const struct http_reply *reply, struct err *err);

/* POST media/v3/upload as the bot. filename may be NULL. */
struct http_req *matrix_media_send(
        struct matrix *matrix, struct http_client *http, const char *filename);
/* What the answer came to: the mxc URI, which the caller frees, or NULL and *err. */
char *matrix_media_sent(const struct http_reply *reply, struct err *err);

/* GET v1/media/config: {"m.upload.size": n}; NULL with ERR_NONE from homeservers that do
 * not say. */
struct matrix_call *matrix_media_config(
        struct matrix *matrix, matrix_json_fn *done, void *arg);

#endif
