#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/play.h"

#include <stdlib.h>
#include <string.h>

/* A simulator's verb that is to be done several times. */
struct job {
	struct list link; /* play::jobs */
	struct play *play;
	const struct story_step *step;
	cJSON *args;
	int64_t done, count, every_ms;
	struct timer timer;
};

static void free_job(struct job *job)
{
	timer_stop(&job->timer);
	list_del(&job->link);
	cJSON_Delete(job->args);
	free(job);
}

static bool fail_verb(
        struct play *play, const struct story_step *step, const struct err *err)
{
	struct failure failure = {
	        .step = step, .expected = "that it can be done", .observed = err->msg};
	return play_fail(play, VERDICT_FAIL, &failure);
}

static bool do_verb(struct play *play, const struct story_step *step, const cJSON *args)
{
	bool is_slack = str_starts(step->verb, "slack.");
	const char *name = strchr(step->verb, '.') + 1;
	struct err err = ERR_INIT;
	cJSON *result = NULL;

	bool ok = verb_run(is_slack ? sim_slack_verbs : sim_matrix_verbs, name,
	        is_slack ? (void *)play->slack : (void *)play->matrix, args, &result,
	        &err);
	if (ok && step->save != NULL) {
		values_set(play->values, step->save, result);
		result = NULL;
	}
	cJSON_Delete(result);
	return ok || fail_verb(play, step, &err);
}

/* Does it once more; all at once if no time is to pass between two. */
static void continue_job(void *arg)
{
	struct job *job = arg;

	do {
		autojson cJSON *args = values_count_in(job->args, ++job->done);
		if (!do_verb(job->play, job->step, args)) {
			vtime_interrupt(job->play->vtime);
			free_job(job);
			return;
		}
	} while (job->done < job->count && job->every_ms == 0);
	if (job->done < job->count) {
		timer_start(&job->timer, job->every_ms);
	} else {
		free_job(job);
	}
}

bool job_start(struct play *play, const struct story_step *step, const cJSON *args)
{
	const cJSON *count = json_get(args, "count");
	const char *every = json_str(args, "every");
	struct job *job = xcalloc(1, sizeof(*job));
	int64_t every_ms = 0;

	job->play = play;
	job->step = step;
	job->args = cJSON_Duplicate(args, true);
	job->count = json_int(args, "count", 1);
	if (every != NULL) {
		duration_parse(every, &every_ms);
	} else {
		every_ms = json_int(args, "every", 0) * 1000;
	}
	job->every_ms = every_ms;
	timer_init(&job->timer, play->loop, continue_job, job);
	list_add_tail(&play->jobs, &job->link);
	cJSON_DeleteItemFromObjectCaseSensitive(job->args, "every");
	if (count != NULL) {
		cJSON_DeleteItemFromObjectCaseSensitive(job->args, "count");
		continue_job(job);
	} else {
		do_verb(play, step, job->args); /* {i} means itself */
		free_job(job);
	}
	vtime_wake(play->vtime);
	return !play_has_failed(play);
}

bool jobs_are_done(const struct play *play)
{
	return list_empty(&play->jobs);
}

void jobs_cancel(struct play *play)
{
	list_for_each(it, &play->jobs)
	{
		free_job(container_of(it, struct job, link));
	}
}
