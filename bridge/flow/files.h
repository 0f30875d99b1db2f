/* files: what all transfers of files share: their connections, their turns, the largest
 * size that is carried, and those who wait for one.
 *
 * A file is carried by a job of its own, in a lane of its own, as soon as its message is
 * in the inbox: so it is under way before the message's turn comes, and holds up no lane
 * but its own. What it came to is a row of the table `file`. The message's job, in its
 * conversation's lane, waits for that row: for a while, so that what was written later
 * does not overtake it; after that it goes on without the file, which follows. */
#ifndef BRIDGE_FLOW_FILES_H
#define BRIDGE_FLOW_FILES_H

#include "bridge/flow/app.h"
#include "bridge/flow/wait.h"
#include "lib/http_pipe.h"
#include "lib/spool.h"

enum {
	FILES_PATIENCE_MS = 20 * 1000, /* that a conversation waits for a file */
	FILES_STALL_MS = 60 * 1000,
	FILES_MAX_REFUSALS = 10, /* answers of a server that it cannot give it now */
};

/* file.reason of one whose event was redacted: a row that nothing changes any more. */
#define FILES_REDACTED "redacted"

struct files;

struct files *files_create(struct app *app);
/* All flows are gone already. */
void files_destroy(struct files **files);

/* Connections for nothing but bytes, so that messages find theirs free. */
struct http_client *files_http(const struct files *files);
struct spool *files_spool(const struct files *files);

/* STEP_DONE once it is known what the homeserver takes, or that it does not say. */
enum step_rc files_learn_limit(struct flow *flow);
/* The most bytes that a file may have: the configuration's word and the homeserver's. */
int64_t files_limit(const struct files *files);

/* ---- turns: only so many files are under way at once; one that takes long steps aside,
 * as far as there is room for that, and the next has its turn ---- */
struct files_turn { /* in a flow's state; all zero at first */
	struct files *files;
	bool held, aside;
	struct timer patience;
};
/* STEP_DONE once it is this flow's turn. */
enum step_rc files_take_turn(struct flow *flow, struct files_turn *turn);
/* Also for one that was never taken; to be called at the flow's end. */
void files_end_turn(struct files_turn *turn);

/* ---- what a transfer came to ---- */
enum file_state { FILE_UNDER_WAY, FILE_CARRIED, FILE_FAILED };

struct file_row { /* in a flow's state; all zero: not asked for yet */
	bool known;
	enum file_state state;
	char *result; /* from Slack: the event's content; from Matrix: the file's ID */
	char *reason; /* why it failed, for people */
	char *author; /* from Matrix: the Slack user whose token brought it; "": the bot's
	               */
	struct flow *flow;
};
/* Asks the database; the flow's step is called again and finds row->known. */
enum step_rc files_ask(struct flow *flow, struct file_row *row, const char *key);
/* The next step asks again. Also to be called at the flow's end. */
void files_forget(struct file_row *row);
/* Waits until somebody may have something new about that file, at most limit_ms (0: no
 * limit). */
enum step_rc files_wait(struct flow *flow, const char *key, int64_t limit_ms);

struct file_end {
	const char *key;
	const char *team_id, *channel_id,
	        *slack_ts; /* of its message on Slack, "" for a */
	unsigned part;     /* file from Matrix */
	const char *file_id;
	enum file_state state;
	const char *result, *reason; /* "" for none */
	const char *author;          /* NULL or "": the bot's token brought it */
};
/* Adds the row to a transaction; whoever waits is called once it is committed. */
void files_record(struct app *app, struct store_tx *tx, const struct file_end *end);

/* "1.5 MB", for people. Caller frees. */
char *files_size_text(int64_t bytes);

#endif
