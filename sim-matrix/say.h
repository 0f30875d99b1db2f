/* say: one message of a person on its way into a room: what the verbs that say something
 * have in common. */
#ifndef SIM_MATRIX_SAY_H
#define SIM_MATRIX_SAY_H

#include "sim-matrix/verbs.h"

struct saying { /* one message on its way; borrows all */
	struct sim_matrix *sim;
	const cJSON *args;
	struct user *user;
	struct room *room;
	struct event *about; /* the event named by `event`; NULL: none */
};

/* Who (as), where (in, room, or the room of the event) and about what (event). */
bool say_start(
        struct sim_matrix *sim, const cJSON *args, struct saying *out, struct err *err);
/* Sends, in an encrypted room as ciphertext. Takes content. The result has event_id. */
bool say_end(struct saying *s, const char *type, cJSON *content, cJSON **result,
        struct err *err);
/* As clients send m.room.message and its like: first adds the relations that `reply_to`
 * and `thread` name and the members of `content`. Takes content. */
bool say_end_related(struct saying *s, const char *type, cJSON *content, cJSON **result,
        struct err *err);

/* {"msgtype":..,"body":..,"formatted_body":..}; html NULL: none. */
cJSON *text_content(const char *msgtype, const char *text, const char *html);
/* {"rel_type":type,"event_id":..} */
cJSON *relation_to(const char *type, const struct event *about);
/* A place in the thread that `about` began or stands in. quotes: answers that very event,
 * NULL: follows the newest of the thread. */
cJSON *thread_relation(const struct event *about, const struct event *quotes);

#endif
