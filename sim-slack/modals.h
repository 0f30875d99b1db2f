/* modals: trigger IDs, each good once and for three seconds, and the views that apps open
 * with them (Slack's documentation, "Modals"; views.open, push, update, publish). */
#ifndef SIM_SLACK_MODALS_H
#define SIM_SLACK_MODALS_H

#include "sim-slack/sim.h"

struct modals *modals_create(struct sim_slack *sim);
void modals_destroy(struct modals **modals);

/* ---- triggers ---- */

/* A fresh one for what the user just did. Caller frees. */
char *modals_trigger(struct modals *modals, const struct user *user);
/* NULL and the user in *user_id (borrowed until the next trigger); otherwise an error
 * word. It is used up then. */
const char *modals_use_trigger(
        struct modals *modals, const char *trigger_id, const char **user_id);

/* ---- views ---- */

struct modal {
	struct list link; /* modals::all, oldest first */
	char *id, *hash;
	char *user_id;
	char *root_id, *previous_id; /* previous NULL: the lowest of its stack */
	cJSON *body;                 /* as the app gave it */
	cJSON *state;                /* what was filled in; NULL: nothing yet */
	bool home;
};

/* body is copied; previous NULL: a new stack. */
struct modal *modals_open(struct modals *modals, const char *user_id,
        const struct modal *previous, const cJSON *body);
/* Its body from now on, with a new hash. */
void modals_change(struct modals *modals, struct modal *modal, const cJSON *body);
void modals_close(struct modals *modals, struct modal *modal);
/* All views of its stack. */
void modals_clear(struct modals *modals, struct modal *modal);
/* By ID, external_id or callback_id; name NULL: the user's last one (user_id NULL:
 * anybody's). NULL: there is none. */
struct modal *modals_find(
        const struct modals *modals, const char *name, const char *user_id);
/* The user's home tab, or NULL. */
struct modal *modals_home(const struct modals *modals, const char *user_id);
unsigned modals_depth(const struct modals *modals, const struct modal *modal);
/* In Slack's shape. Caller deletes. */
cJSON *modals_view(const struct modals *modals, const struct modal *modal);

#endif
