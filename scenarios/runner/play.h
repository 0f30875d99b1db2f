/* play: one story being played: the simulators, the daemon, the clock, and where the
 * story stands. Internal to the engine; its files are play.c (the stage), life.c (the
 * daemon on it), passing.c (time), steps.c and watch.c (what steps do), jobs.c (what goes
 * on in the background). */
#ifndef RUNNER_PLAY_H
#define RUNNER_PLAY_H

#include "lib/buf.h"
#include "lib/http_client.h"
#include "lib/list.h"
#include "lib/loop.h"

#include "scenarios/runner/daemon.h"
#include "scenarios/runner/database.h"
#include "scenarios/runner/debugger.h"
#include "scenarios/runner/engine.h"
#include "scenarios/runner/failure.h"
#include "scenarios/runner/match.h"
#include "scenarios/runner/setup.h"
#include "scenarios/runner/timeline.h"
#include "scenarios/runner/values.h"
#include "scenarios/runner/vtime.h"

#include "sim-matrix/sim_matrix.h"
#include "sim-slack/sim_slack.h"

enum { TAPS = TAP_RUNNER + 1 };

/* A kill -9 that waits for a record. */
struct kill_rule {
	struct match *match; /* NULL: none is armed */
	enum tap at;
	bool after_answer;
	bool fired; /* the record came; the kill follows when the simulators' turn ends */
};

struct play {
	const struct story *story;
	const struct engine_options *options;
	const struct story_step *step; /* being played; NULL before and after */
	int step_number;

	struct loop *loop;
	struct vtime *vtime;
	struct sim_slack *slack;
	struct sim_matrix *matrix;
	struct setup setup;
	bool has_setup;
	struct values *values;
	struct timeline *timeline;
	struct wire *wire; /* what the daemon said and heard */
	int64_t *step_us;  /* for each step that has come to its end, when */
	size_t steps_done;
	int64_t began_real_ms;
	int64_t last_work_us; /* the last record that was no beat and no chatter */

	struct daemon *daemon; /* NULL: not running */
	char *program;         /* of another bridge, as its adapter says; NULL: ours */
	char **daemon_args;    /* of the life that runs, or ran last; NULL-terminated */
	cJSON *around;       /* environment, limits, sandbox of that life; may be NULL */
	struct buf plain[2]; /* what this life wrote beside log lines */
	int log_fd;
	struct debugger *debugger; /* NULL: none is attached */
	cJSON *written;            /* names of files that steps put into its folder */
	int hole_fd;               /* where silenced connections lead; -1: none yet */
	bool has_stopped;          /* at the story's end, when asked to */
	bool end_is_asked;         /* a step asked this life to end */
	bool stop_is_armed;        /* the same of stop_at */
	bool torture_is_armed; /* kill_at is set by the command line: restart at once */
	struct record *end;    /* of the last life that ended; NULL: none has */
	struct kill_rule kill_rule;

	struct http_client *pages; /* NULL: none was asked for yet */
	struct http_req *page;     /* on its way */
	char *page_path;

	struct database *database;
	struct list jobs;    /* job::link */
	size_t ready;        /* index of the first record since then */
	size_t cursor[TAPS]; /* index behind the last record a single-event expect found
	                      */
	uint64_t durable_at_ready, durable_at_rest;
	uint64_t torture_calls;
	int64_t torture_since_us; /* when a lasting failure was first seen; -1: not yet */

	enum verdict verdict;
	char *failure;                        /* the first one; NULL: none */
	const struct story_step *failed_step; /* of that one; NULL: of none */
};

/* ---- play.c ---- */
struct play *play_create(const struct story *story, const struct engine_options *options);
void play_destroy(struct play **play);
struct record *play_report(struct play *play, enum tap at, const cJSON *fields);
/* {"kind":kind, kind:text} on the runner's own lane. */
void play_note(struct play *play, const char *kind, const char *text);
bool play_has_failed(const struct play *play);
/* What the simulators still have to do by themselves. Caller deletes. */
cJSON *play_pending(const struct play *play);
/* All tokens there are. Caller deletes. */
cJSON *play_secrets(struct play *play);
/* The story's folder under options->out_dir. Caller frees. */
char *play_out_dir(const struct engine_options *options, const struct story *story);

bool play_keeps_files(const struct play *play, bool has_failed);
/* "http://127.0.0.1:4010" -> 4010 */
uint16_t play_port_of(const char *url);

/* Ends the story, with the step being played as the place. Only the first call counts.
 * Returns false. */
bool play_fail(struct play *play, enum verdict verdict, struct failure *failure);
/* The same with formatted texts. */
bool play_fail_text(struct play *play, enum verdict verdict, const char *expected,
        const char *observed, ...) __attribute__((format(printf, 4, 5)));

/* ---- life.c ---- */
/* Runs the daemon with these arguments (copied); its end is then reported as a record. */
bool life_start(struct play *play, const char *const *args);
/* What shall be around the next life and those after it: see sandbox.h. Copied; NULL:
 * nothing. */
void life_set_around(struct play *play, const cJSON *around);
void life_end(struct play *play); /* after VTIME_ENDED */
void life_kill(struct play *play);
/* A simulator reported this: time to kill? */
void life_watch_record(struct play *play, const struct record *record);
/* The simulators' turn is over. */
void life_watch_turn(void *arg);

/* ---- adapted.c ---- */
/* Writes its files and starts it as options->adapter says. args: of bridge.start. False
 * and *err if that cannot be; whether it runs is for the caller to see. */
bool adapted_start(struct play *play, const cJSON *args, struct err *err);

/* ---- passing.c ---- */
enum passing {
	PASSING_DONE,  /* done() said so */
	PASSING_LATE,  /* the deadline came first */
	PASSING_FAILED /* the story has failed meanwhile */
};
/* Lets both sides work and time pass until done() (asked whenever all is quiet) or the
 * deadline. */
enum passing play_pass(struct play *play, bool (*done)(struct play *play, void *arg),
        void *arg, int64_t deadline_us);
/* To quiescence at this instant. False: the story has failed. */
bool play_quiet(struct play *play);
/* If the torture has stopped the database server it comes back; true then. */
bool play_restart_database(struct play *play);
int64_t play_now_us(const struct play *play);
/* Until nobody has anything left to do for span_ms. False: not by the deadline, or
 * failed. */
bool play_settle(struct play *play, int64_t span_ms, int64_t within_ms);

/* ---- steps.c, watch.c ---- */
bool play_step(struct play *play, const struct story_step *step);
bool play_watch(struct play *play, const struct story_step *step, const cJSON *args);

/* ---- jobs.c ---- */
/* Does a simulator's verb once, or count times, every so often. args: as the story has
 * them, references replaced. */
bool job_start(struct play *play, const struct story_step *step, const cJSON *args);
bool jobs_are_done(const struct play *play);
void jobs_cancel(struct play *play);

/* ---- props.c ---- */
bool props_fault(struct play *play, const struct story_step *step, const cJSON *args);
bool props_write(struct play *play, const struct story_step *step, const cJSON *args);
bool props_look(struct play *play, const struct story_step *step, const cJSON *args);

/* ---- trouble.c ---- */
bool trouble_pause(struct play *play, const struct story_step *step, const cJSON *args);
bool trouble_resume(struct play *play, const struct story_step *step, const cJSON *args);
bool trouble_deny(struct play *play, const struct story_step *step, const cJSON *args);
bool trouble_allow(struct play *play, const struct story_step *step, const cJSON *args);
bool trouble_step(struct play *play, const struct story_step *step, const cJSON *args);

/* ---- torture_point.c: what --torture does inside one run ---- */
void torture_arm(struct play *play);
void torture_lift(struct play *play);
/* Now and then: a lasting failure does not last for ever. */
void torture_look(struct play *play);
/* Whether the daemon may have ended by what was done to it: then it is started again. */
bool torture_excuses_end(const struct play *play, const struct daemon_end *end);
/* Whether an error in its log may come of it. */
bool torture_excuses_errors(const struct play *play);

/* ---- net.c ---- */
bool net_cut(struct play *play, const cJSON *args);
bool net_heal(struct play *play, const cJSON *args);

/* ---- looks.c ---- */
bool looks_get(struct play *play, const struct story_step *step, const cJSON *args);
bool looks_listeners(struct play *play, const struct story_step *step, const cJSON *args);
bool looks_rows(struct play *play, const struct story_step *step, const cJSON *args);
void looks_close(struct play *play);

#endif
