/* call: one client-server request from its path to its end; what the calls_*.c files
 * build on. Internal to matrix/. */
#ifndef BRIDGE_MATRIX_CALL_H
#define BRIDGE_MATRIX_CALL_H

#include "bridge/matrix/client.h"
#include "bridge/matrix/errors.h"
#include "lib/buf.h"
#include "lib/list.h"
#include "lib/map.h"
#include "lib/pace.h"

union matrix_done {
	matrix_ok_fn *ok;
	matrix_text_fn *text;
	matrix_json_fn *json;
	matrix_download_fn *download;
};

/* Turns the answer into the typed call of done. answer is NULL if err->kind is not
 * ERR_NONE, and if an error was forgiven. The call is over: nothing but itself may be
 * used afterwards, for done may have destroyed the rest. */
typedef void matrix_report_fn(
        struct matrix_call *call, const cJSON *answer, const struct err *err);

/* True: another request was started in the call's name. Otherwise it is over, with *err
 * as it is then. */
typedef bool matrix_again_fn(
        struct matrix_call *call, const cJSON *answer, struct err *err);

struct matrix {
	struct loop *loop;
	struct http_client *http;
	char *address; /* without a slash at its end */
	char *domain;
	char *authorization; /* the header's value */
	char *bot_mxid;
	uint64_t pings;     /* so far; numbers them */
	struct list calls;  /* matrix_call::link */
	struct map *limits; /* limits.h: what is refused for now -> struct pace */
	matrix_observer_fn *observer; /* NULL: none */
	void *observer_arg;
};

struct matrix_call {
	struct list link; /* matrix::calls */
	struct matrix *matrix;
	const char *what; /* for messages */
	enum matrix_effect effect;
	const char *method;
	struct buf url;
	char *content_type; /* NULL: no body */
	struct buf body;
	uint32_t deadline_ms;
	char *actor;       /* whose behalf; NULL: nobody's */
	struct pace *pace; /* what its turn is taken from; NULL: nothing */
	struct pace_turn turn;
	bool crowded;                 /* too many wait already */
	struct http_req *req;         /* NULL unless it is on its way */
	int64_t sent_ms;              /* and then: since when */
	struct timer refused;         /* reports a request that could not be made */
	const char *fault;            /* why it cannot; NULL: it is too long */
	size_t max_reply;             /* bytes; 0: as http_client has it */
	bool is_raw;                  /* the answer is no JSON if all is well */
	const struct http_reply *raw; /* that answer, during the report */
	const char *forgiven;         /* an errcode that counts as success; NULL: none */
	const char *path; /* of what the report hands on; NULL: the whole answer */
	cJSON_bool (*is_right)(const cJSON *value); /* asked of that; NULL: anything is */
	matrix_again_fn *again;                     /* NULL: never */
	matrix_report_fn *report;
	union matrix_done done;
	void *arg;
	char *server, *media_id; /* of matrix_download */
	/* of matrix_invite */
	char *as, *room_id, *user_id;
	struct err refusal; /* the invitation's own */
};

/* pattern: a path in which each "{}" stands for the next of `parts`, which are
 * percent-encoded. */
struct matrix_call *matrix_call_create(struct matrix *matrix, const char *what,
        enum matrix_effect effect, const char *method, const char *pattern,
        const char *const *parts);
#define MATRIX_PARTS(...) ((const char *const[]){__VA_ARGS__})

/* Sends it on behalf of a user; NULL: the bot. Without this it is sent as nobody. */
void matrix_call_as(struct matrix_call *call, const char *as);
void matrix_call_query(struct matrix_call *call, const char *name, const char *value);
/* NULL: {}. content is borrowed. */
void matrix_call_json(struct matrix_call *call, const cJSON *content);
void matrix_call_body(
        struct matrix_call *call, const char *content_type, struct str body);
void matrix_call_start(struct matrix_call *call, matrix_report_fn *report,
        union matrix_done done, void *arg);
/* For matrix_again_fn: makes another request of the call. */
void matrix_call_restart(struct matrix_call *call, enum matrix_effect effect,
        const char *method, const char *pattern, const char *const *parts,
        const char *as);

/* For limits.h: its turn has come. */
void matrix_call_leave(struct matrix_call *call);

/* Reports for done.ok, done.text (the text at call->path, which must be there) and
 * done.json (what is at call->path, likewise; NULL if forgiven). */
matrix_report_fn matrix_report_ok, matrix_report_text, matrix_report_json;

#endif
