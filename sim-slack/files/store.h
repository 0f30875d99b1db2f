/* store: what files.c and its siblings share; for nobody else. */
#ifndef SIM_SLACK_FILES_STORE_H
#define SIM_SLACK_FILES_STORE_H

#include "lib/list.h"
#include "sim-slack/files/files.h"

struct files {
	struct sim_slack *sim;
	int fd; /* -1: nothing was stored yet */
	uint64_t end;
	struct map *all;     /* ID -> struct file */
	struct list shares;  /* struct share_job::link */
	struct list replies; /* struct held_reply::link */
};

/* ---- act_files.c ---- */
void share_jobs_finish(struct files *files);
/* ---- http_files.c ---- */
void held_replies_finish(struct files *files);

#endif
