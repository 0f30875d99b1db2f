/* client: typed calls of the Matrix client-server API, as an application service acts:
 * with the as_token and ?user_id= of the user it acts for.
 *
 * Request contract as http_client's. Errors: ERR_RETRY (M_LIMIT_EXCEEDED with
 * retry_after_ms, 5xx and refused connections, M_UNKNOWN_TOKEN: the registration may come
 * back), ERR_UNSURE (left, no usable answer, and for createRoom and invite 5xx; harmless
 * to repeat for all but those two), ERR_PERMANENT (err.name is the errcode). What only
 * reads is never unsure. What comes after a 429 waits too (limits.h). Callbacks always
 * get an err; its kind is ERR_NONE on success, and only then a value. */
#ifndef BRIDGE_MATRIX_CLIENT_H
#define BRIDGE_MATRIX_CLIENT_H

#include "lib/err.h"
#include "lib/http_client.h"
#include "lib/json.h"

struct matrix;
struct matrix_call;

/* Borrows http; copies the rest. address: "http://127.0.0.1:6167". */
struct matrix *matrix_create(struct loop *loop, struct http_client *http,
        const char *address, const char *domain, const char *as_token,
        const char *bot_localpart);
/* Of each request that was sent and answered, or had no answer. */
struct matrix_observed {
	const char *what;   /* "send" */
	const char *result; /* "ok", an errcode, "http_502" or "no_answer" */
	int64_t took_ms;
};
typedef void matrix_observer_fn(const struct matrix_observed *call, void *arg);
/* NULL: none. Called before the request's done(); borrowed for the call. */
void matrix_set_observer(struct matrix *matrix, matrix_observer_fn *observer, void *arg);
void matrix_destroy(struct matrix **matrix); /* all calls finished or cancelled first */
void matrix_call_cancel(struct matrix_call **call);
/* It waits for a rate limit of the homeserver's: costs nothing but its memory. */
bool matrix_call_waits(const struct matrix_call *call);

/* "@localpart:domain". Caller frees. */
char *matrix_mxid(const struct matrix *matrix, const char *localpart);
const char *matrix_bot_mxid(const struct matrix *matrix);
const char *matrix_domain(const struct matrix *matrix);

/* `as`: whose behalf (a Matrix user ID); NULL: the bot. */
typedef void matrix_ok_fn(const struct err *err, void *arg);
typedef void matrix_text_fn(const char *value, const struct err *err, void *arg);
typedef void matrix_json_fn(const cJSON *value, const struct err *err, void *arg);

/* GET /_matrix/client/versions */
struct matrix_call *matrix_versions(
        struct matrix *matrix, matrix_json_fn *done, void *arg);
/* GET account/whoami of the bot: its user ID. */
struct matrix_call *matrix_whoami(struct matrix *matrix, matrix_text_fn *done, void *arg);
/* POST v1/appservice/{id}/ping */
struct matrix_call *matrix_ping(
        struct matrix *matrix, const char *appservice_id, matrix_ok_fn *done, void *arg);
/* POST register with m.login.application_service; M_USER_IN_USE counts as success. */
struct matrix_call *matrix_register(
        struct matrix *matrix, const char *localpart, matrix_ok_fn *done, void *arg);
struct matrix_call *matrix_set_displayname(struct matrix *matrix, const char *as,
        const char *name, matrix_ok_fn *done, void *arg);
struct matrix_call *matrix_set_avatar(struct matrix *matrix, const char *as,
        const char *mxc, matrix_ok_fn *done, void *arg);
/* POST media/v3/upload: the mxc URI. body is copied. */
struct matrix_call *matrix_upload(struct matrix *matrix, const char *as,
        const char *content_type, struct str body, matrix_text_fn *done, void *arg);

/* GET v1/media/download of an mxc URI as the bot, or media/v3/download where that is not
 * known. Over max_bytes, not a well-formed mxc URI or not there: ERR_PERMANENT. Both
 * values are valid only during done(); content_type is "" if the answer had none, and
 * what it says is as trustworthy as whoever uploaded it. */
typedef void matrix_download_fn(
        const char *content_type, struct str body, const struct err *err, void *arg);
struct matrix_call *matrix_download(struct matrix *matrix, const char *mxc,
        size_t max_bytes, matrix_download_fn *done, void *arg);

/* POST createRoom; body is borrowed: the room ID. Not repeatable: after ERR_UNSURE look
 * first. */
struct matrix_call *matrix_create_room(struct matrix *matrix, const char *as,
        const cJSON *body, matrix_text_fn *done, void *arg);
/* POST join/{room}; joined already counts as success. */
struct matrix_call *matrix_join(struct matrix *matrix, const char *as,
        const char *room_id, matrix_ok_fn *done, void *arg);
/* POST rooms/{room}/leave: leaves it, or refuses its invitation. reason may be NULL. */
struct matrix_call *matrix_leave(struct matrix *matrix, const char *as,
        const char *room_id, const char *reason, matrix_ok_fn *done, void *arg);
/* POST rooms/{room}/kick by the bot. */
struct matrix_call *matrix_kick(struct matrix *matrix, const char *room_id,
        const char *user_id, const char *reason, matrix_ok_fn *done, void *arg);
/* POST rooms/{room}/invite by `as`; a user who is there already counts as success (the
 * texts of conduwuit and Synapse differ: matrix-protocol notes, 3.8). */
struct matrix_call *matrix_invite(struct matrix *matrix, const char *as,
        const char *room_id, const char *user_id, matrix_ok_fn *done, void *arg);
/* GET joined_rooms: an array of room IDs. */
struct matrix_call *matrix_joined_rooms(
        struct matrix *matrix, const char *as, matrix_json_fn *done, void *arg);
/* By the bot. */
struct matrix_call *matrix_kick(struct matrix *matrix, const char *room_id,
        const char *user_id, const char *reason, matrix_ok_fn *done, void *arg);
/* GET rooms/{room}/joined_members: an object keyed by user ID. */
struct matrix_call *matrix_joined_members(struct matrix *matrix, const char *as,
        const char *room_id, matrix_json_fn *done, void *arg);
/* GET state/{type}/{key}: the content, or NULL with ERR_NONE if it is not there. */
struct matrix_call *matrix_get_state(struct matrix *matrix, const char *as,
        const char *room_id, const char *type, const char *key, matrix_json_fn *done,
        void *arg);
/* PUT state/{type}/{key}: the event ID. Each is a new event, however alike: look before
 * (matrix-protocol notes, 3.6). content is borrowed. */
struct matrix_call *matrix_put_state(struct matrix *matrix, const char *as,
        const char *room_id, const char *type, const char *key, const cJSON *content,
        matrix_text_fn *done, void *arg);
/* PUT send/{type}/{txn_id}: the event ID. The same txn_id again is the same request: it
 * must be unique over all rooms (conduwuit keys it by user alone). ts_ms 0: now. content
 * is borrowed. */
struct matrix_call *matrix_send(struct matrix *matrix, const char *as,
        const char *room_id, const char *type, const char *txn_id, const cJSON *content,
        int64_t ts_ms, matrix_text_fn *done, void *arg);
/* As matrix_send for m.room.redaction of `event_id` (idempotent in rooms of version 11).
 */
struct matrix_call *matrix_redact(struct matrix *matrix, const char *as,
        const char *room_id, const char *event_id, const char *txn_id, const char *reason,
        matrix_text_fn *done, void *arg);
/* GET profile/{user}: {"displayname":..., "avatar_url":...}, or {} */
struct matrix_call *matrix_profile(
        struct matrix *matrix, const char *user_id, matrix_json_fn *done, void *arg);

/* The parts of mxc://server/id, which the caller frees; false if it has another form or
 * is NULL. Letters and digits apart, a server has nothing but . - : [ ] (and no dot in
 * front), an ID nothing but - _ */
bool matrix_mxc_split(const char *mxc, char **server, char **media_id);

/* A transaction ID that depends on the parts alone; parts end with NULL. Caller frees. */
char *matrix_txn_id(const char *first, ...) __attribute__((sentinel));

#endif
