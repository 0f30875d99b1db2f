/* call: one request to the client-server API while it is being answered.
 *
 * The API core knows no HTTP server: call_start() takes a request and gives its answer to
 * a function, at once or later from the loop. The HTTP face and the unit tests both use
 * it. */
#ifndef SIM_MATRIX_CALL_H
#define SIM_MATRIX_CALL_H

#include "sim-matrix/fail.h"
#include "sim-matrix/faults.h"
#include "sim-matrix/state.h"

struct appservice;

struct call_request { /* borrowed until the answer was given */
	const char *method;
	const char *path;         /* raw: percent-encoded, no query */
	const char *query;        /* raw, "" if none */
	const char *bearer;       /* token of an Authorization header, or NULL */
	const char *content_type; /* or NULL */
	struct str body;
};

enum call_end {
	CALL_ANSWER,
	CALL_RESET, /* no answer: the connection is reset */
	CALL_CUT,   /* the answer ends after cut_at bytes */
};

enum { CALL_HEADERS_MAX = 8 };

struct call_header {
	const char *name; /* static */
	char *value;
};

struct call_answer { /* valid during answer() */
	enum call_end end;
	int status;
	const char *content_type;
	struct str body;
	int fd; /* >= 0: the body is in this file, body_bytes long; borrowed */
	size_t body_bytes;
	size_t cut_at;
	const struct call_header *headers;
	size_t header_count;
};

typedef void call_answer_fn(const struct call_answer *answer, void *arg);

/* answer() is called exactly once: during call_start(), or later from the loop, or with
 * CALL_RESET when the homeserver stops. */
void call_start(struct sim_matrix *sim, const struct call_request *request,
        call_answer_fn *answer, void *arg);
/* Resets all that wait. */
void calls_reset_all(struct sim_matrix *sim);
/* No call shall touch it any more. */
void calls_forget_appservice(struct sim_matrix *sim, const struct appservice *as);
/* Sentences for answers held back by a fault. */
void calls_pending(const struct sim_matrix *sim, cJSON *sentences);

/* ---- for handlers ---- */

enum { CALL_PARAMS_MAX = 5 };

struct call;
typedef void call_fn(struct call *call);

enum call_auth {
	AUTH_OPEN,       /* no token is looked at */
	AUTH_NONE,       /* a token is looked at, but none is needed */
	AUTH_USER,       /* an access token, or an as_token with ?user_id= */
	AUTH_DEVICE,     /* of a device: an as_token is not enough */
	AUTH_APPSERVICE, /* an as_token, judged by the handler */
};

enum {
	ROUTE_RAW = 1,   /* the body is bytes, not JSON */
	ROUTE_NEWER = 2, /* only where the profile has newer_routes */
};

struct route {
	const char *method;
	const char *path; /* "/_matrix/client/v3/rooms/{room}/send/{type}/{txn}"; v3
	                     stands for r0 too */
	const char *name; /* "PUT send": what records and faults call it */
	enum call_auth auth;
	unsigned flags;
	call_fn *run;
};

struct call {
	struct list link; /* sim->calls */
	struct sim_matrix *sim;
	struct call_request request;
	const struct route *route; /* NULL: none fits */
	struct {
		const char *name; /* in the route's path; not terminated, `name_length`
		                     long */
		size_t name_length;
		char *value; /* decoded */
	} params[CALL_PARAMS_MAX];
	size_t param_count;
	cJSON *body;    /* JSON; NULL: none or broken */
	bool canonical; /* its numbers are such as events may hold */

	/* who asks */
	struct appservice *as;
	struct device *device;
	char *user_id;     /* for whom; NULL: nobody */
	struct user *user; /* the same, if registered */

	/* for the record */
	char *room_id;
	char *txn;
	bool replayed;

	/* the answer */
	struct fault_effect effect;
	int status;
	char errcode[48];
	const char *content_type; /* static, or owned_type */
	char *owned_type;
	char *out;
	size_t out_bytes;
	int out_fd; /* of a file instead; -1 */
	struct call_header headers[CALL_HEADERS_MAX];
	size_t header_count;
	bool answered;                     /* call_reply() or call_fail() was called */
	bool parked;                       /* the handler answers later */
	void (*unpark)(struct call *call); /* lets go of what it waits for; may be NULL */
	void *waiting;                     /* the handler's own, while parked */
	struct timer timer; /* a delayed answer, or the handler's deadline */
	call_answer_fn *answer;
	void *answer_arg;
};

/* The decoded value of {name} in the route's path, or "" */
const char *call_param(const struct call *call, const char *name);
/* A decoded query parameter, or NULL. Caller frees. */
char *call_query(const struct call *call, const char *name);
int64_t call_query_int(const struct call *call, const char *name, int64_t otherwise);

/* Exactly one of these for each call. json is taken. */
void call_reply(struct call *call, int status, cJSON *json);
void call_reply_empty(struct call *call); /* 200 {} */
void call_reply_bytes(struct call *call, const char *content_type, struct str body);
/* 200 with a file's bytes; fd is borrowed until the homeserver ends. */
void call_reply_file(struct call *call, const char *content_type, int fd, size_t bytes);
void call_fail(struct call *call, enum fail_id id, const char *arg);
/* A refusal that one homeserver alone knows. text is for people. */
void call_fail_as(struct call *call, int status, const char *errcode, const char *text);
void call_fail_with(struct call *call, const struct fail *fail);
void call_add_header(struct call *call, const char *name, const char *value);

/* The handler returns without an answer and gives it later. unpark (may be NULL) is
 * called before the call ends, whichever way. */
void call_park(struct call *call, void *waiting, void (*unpark)(struct call *call));

/* The room named by {room}; NULL if unknown, with the room set for the record all the
 * same. */
struct room *call_room(struct call *call);
/* A text member of the body; false and answered if it is missing. */
bool call_need_str(struct call *call, const char *key, const char **out);
/* Whether it may write ?ts=: an appservice's privilege. 0: now. */
int64_t call_timestamp(const struct call *call);

/* All routes; the last has no method. */
extern const struct route api_routes[];

#endif
