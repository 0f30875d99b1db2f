/* groups: user groups (@designers): who is in them, and the events of them. */
#ifndef SIM_SLACK_GROUPS_H
#define SIM_SLACK_GROUPS_H

#include "sim-slack/sim.h"

struct group {
	char *id;
	char *handle; /* without "@" */
	char *name;
	char *description;
	struct map *members; /* user ID -> struct user */
	const struct user *creator, *updater;
	int64_t created_s, updated_s, deleted_s; /* deleted_s 0: active */
};

void group_free(void *group); /* for workspace_finish() */
struct group *group_find(const struct sim_slack *sim, const char *id);
struct group *group_by_handle(const struct sim_slack *sim, const char *handle);

struct group *act_group_create(struct sim_slack *sim, const char *handle,
        const char *name, const char *description, const struct user *by);
/* NULL keeps. */
struct group_change {
	const char *handle, *name, *description;
	const bool *disabled;
};
void act_group_change(struct sim_slack *sim, struct group *group,
        const struct group_change *change, const struct user *by);
/* users: an array of IDs that are all there. */
void act_group_members(struct sim_slack *sim, struct group *group, const cJSON *users,
        const struct user *by);

cJSON *view_group(
        const struct sim_slack *sim, const struct group *group, bool users, bool count);

#endif
