/* lane: one conversation's jobs in one direction, of which the first is in memory.
 * Internal to queue/. */
#ifndef BRIDGE_QUEUE_LANE_H
#define BRIDGE_QUEUE_LANE_H

#include "bridge/queue/queue.h"
#include "lib/list.h"
#include "lib/map.h"
#include "lib/rand.h"

struct queue {
	struct loop *loop;
	struct store *store;
	const struct flow_def *const *defs;
	void *app;
	struct map *lanes; /* name -> struct lane; all that have work */
	struct list ready; /* lane::link; waiting for a turn */
	unsigned active;   /* lanes past lane_begin() */
	struct rand rand;
	struct timer pump;
	struct timer purge;
	struct store_tx *loading;
	bool started;
};

enum lane_state {
	LANE_READY,   /* on queue->ready */
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
	struct store_tx *tx; /* being gathered by the current step; NULL: nothing yet */
	void *pending;       /* what the step waits for */
	void (*cancel)(void *handle);
};

struct lane {
	struct list link; /* queue->ready, or alone */
	struct queue *queue;
	char *name;
	enum lane_state state;
	bool more; /* something was added since the first job was read */
	struct job *job;
	struct store_tx *busy; /* the transaction of LOADING and SAVING */
	size_t head_index;     /* which of its results is the next job */
	struct timer due;
	int64_t park_ms; /* how long `due` shall run once the parking is committed */
};

void queue_pump(struct queue *queue);

struct lane *lane_create(struct queue *queue, const char *name);
void lane_destroy(struct lane *lane); /* not removed from the map */
void lane_begin(struct lane *lane);

/* flow.c: the driver */
void job_run(struct job *job);
void job_free(struct job *job);

/* The job's end, or its parking, as a transaction that also reads the next one. */
void lane_finish_job(struct lane *lane, struct store_tx *tx);
void lane_park_job(struct lane *lane, struct store_tx *tx, int64_t delay_ms);

#endif
