/* matrix_file: a file sent in a portal becomes one on Slack.
 *
 *   matrix_file_carry  brings the bytes to Slack, in a lane of its own
 *   matrix_file        shows it, in its conversation's lane
 *   file_delete        deletes it when its event is redacted */
#ifndef BRIDGE_FLOW_MATRIX_FILE_H
#define BRIDGE_FLOW_MATRIX_FILE_H

#include "bridge/flow/app.h"
#include "lib/json.h"

struct matrix_file {          /* borrows from the content */
	const char *mxc;      /* "" if there is none */
	const char *mimetype; /* "" if not said */
	bool is_encrypted;
	bool is_voice;              /* MSC3245 */
	bool has_caption;           /* its body is one, and not its name */
	int64_t bytes, duration_ms; /* what its sender says; -1 if nothing */
};

/* Is this message (or sticker) a file? */
bool matrix_file_is(const char *msgtype, const cJSON *content);
void matrix_file_parse(const cJSON *content, struct matrix_file *out);
/* Its title for Slack: the name, and how long a voice message is, which Slack does not
 * find out itself. Caller frees. */
char *matrix_file_title(const cJSON *content);
/* Its name for Slack: never empty, no paths, of bounded length; type: what its bytes came
 * as, for a content that does not say; NULL: not known. Caller frees. */
char *matrix_file_name(const cJSON *content, const char *type);

/* Adds the job that carries it, for a message whose own job has that payload. */
void matrix_file_carry_add(struct app *app, struct store_tx *tx, const cJSON *payload);
/* The event was redacted: its file goes, too, if it has one. is_coming: it is one that
 * has not been shown yet, and never will be. */
void matrix_file_redacted(struct app *app, struct store_tx *tx, const char *room_id,
        const char *event_id, bool is_coming);

#endif
