/* lane: one conversation's jobs in one direction, of which the first is in memory.
 * Internal to queue/. */
#ifndef BRIDGE_QUEUE_LANE_H
#define BRIDGE_QUEUE_LANE_H

#include "bridge/queue/queue.h"
#include "lib/list.h"
#include "lib/map.h"
#include "lib/rand.h"

enum {
	LANE_KINDS = 32, /* by the first letter of a lane's name */
	/* A clock that was wrong, or a server's odd wish, must not hold a lane for ever.
	 */
	LONGEST_PARK_MS = 60 * 60 * 1000,
};

struct queue {
	struct loop *loop;
	struct store *store;
	const struct flow_def *const *defs;
	void *app;
	struct map *lanes; /* name -> struct lane; all that have work */
	struct lane_kind {
		struct list ready; /* lane::link; waiting for a turn */
		unsigned active;   /* lanes past lane_begin() */
	} kinds[LANE_KINDS];
	struct rand rand;
	struct timer pump;
	struct timer load; /* after a failed read */
	struct purge *purge;
	struct store_tx *loading;
	int64_t hold_ms;
	queue_observer_fn *observer; /* NULL: none */
	void *observer_arg;
	bool started;
	bool draining;
	struct timer drained;
	void (*drain_done)(void *arg); /* NULL: nobody waits, or has been told */
	void *drain_arg;
};

enum lane_state {
	LANE_READY,   /* on its kind's list */
	LANE_LOADING, /* its first job is being read */
	LANE_RUNNING, /* a step runs or waits for an answer */
	LANE_SAVING,  /* facts, a retry or the end are being committed */
	LANE_PARKED,  /* until `due` fires */
};

struct job {              /* a flow and what only the driver may see */
	struct flow flow; /* first: a flow is its job */
	struct lane *lane;
	int64_t id;
	unsigned step; /* index into def->steps */
	unsigned runs; /* steps called in this life */
	char *key;
	cJSON *payload;
	cJSON *facts;
	bool facts_changed;
	bool aside;          /* its lane is not counted among the active ones */
	struct store_tx *tx; /* being gathered by the current step; NULL: nothing yet */
	void *pending;       /* what the step waits for */
	void (*cancel)(void *handle);
	char *to_lane; /* of flow_move(); NULL: none */
};

struct lane {
	struct list link; /* lane_kind::ready, or alone */
	struct queue *queue;
	struct lane_kind *kind;
	char *name;
	int64_t since_ms; /* when it was made: it lasts as long as it has work */
	enum lane_state state;
	bool more; /* something was added since the first job was read */
	struct job *job;
	struct store_tx *busy; /* the transaction of LOADING and SAVING */
	size_t head_index;     /* which of its results is the next job */
	int64_t ending_id;     /* the job whose end `busy` commits; 0: none */
	int64_t parked_id;     /* the job that `due` is about: when that fires it is due,
	                          whatever the wall clock says by then */
	struct timer due;
	int64_t park_ms; /* how long `due` shall run once the parking is committed */
};

void queue_pump(struct queue *queue);
/* That lane has one more job once tx is committed. */
void queue_wake_on_commit(struct queue *queue, struct store_tx *tx, const char *lane);

struct lane *lane_create(struct queue *queue, const char *name);
void lane_destroy(struct lane *lane); /* not removed from the map */
void lane_begin(struct lane *lane);

/* flow.c: the driver */
void job_run(struct job *job);
void job_free(struct job *job);

/* A lane that is working does not count for a while, and counts again. */
void lane_step_aside(struct lane *lane);
void lane_step_back(struct lane *lane);

/* The job's end, or its parking, as a transaction that also reads the next one. */
void lane_finish_job(struct lane *lane, struct store_tx *tx);
void lane_park_job(struct lane *lane, struct store_tx *tx, int64_t delay_ms);
/* Nothing of the last step could be committed: its facts and statements are gone, as
 * after a crash. The job is read again, and goes on where its row says. */
void lane_restart_job(struct lane *lane);

#endif
