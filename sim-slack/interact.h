/* interact: what people do that an app answers at once: slash commands, buttons and
 * menus, shortcuts, modals. Each becomes one envelope that is not sent again; shapes
 * follow Slack's documentation ("Slash commands", "Interaction payloads") and recorded
 * payloads. */
#ifndef SIM_SLACK_INTERACT_H
#define SIM_SLACK_INTERACT_H

#include "sim-slack/modals.h"
#include "sim-slack/sim.h"

/* Each returns what the app can answer with, {trigger_id, response_url} as far as there
 * is such a thing, or {view}. Caller deletes. */
cJSON *interact_command(struct sim_slack *sim, const struct channel *channel,
        const struct user *user, const char *command, const char *text);
/* action: the element as in actions[], taken. */
cJSON *interact_click(struct sim_slack *sim, const struct message *message,
        const struct user *user, cJSON *action);
/* message NULL: a global shortcut. */
cJSON *interact_shortcut(struct sim_slack *sim, const struct message *message,
        const struct user *user, const char *callback_id);
cJSON *interact_submit(
        struct sim_slack *sim, struct modal *modal, const struct user *user);
/* view_closed, if the view asked for it; the view is gone then. */
void interact_close(struct sim_slack *sim, struct modal *modal, const struct user *user);
cJSON *interact_suggest(struct sim_slack *sim, const struct user *user,
        const char *block_id, const char *action_id, const char *value);

#endif
