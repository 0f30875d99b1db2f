/* pace: requests of one kind that leave in order, no more of them in a minute than is
 * allowed, and not before the wait that a refusal asked for is over.
 *
 * More urgent ones leave first, and the least urgent leave a fifth of the budget to the
 * others. After a park the first one goes alone, the rest once it was not refused again.
 * Requests that bear a key (a channel, say) are kept to about one a second for each key
 * besides, after a burst; one that waits for its key's turn keeps no other key's waiting.
 *
 * Nothing of it outlives the process: see pace_resume(). */
#ifndef LIB_PACE_H
#define LIB_PACE_H

#include "lib/list.h"
#include "lib/loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pace_urgency {
	PACE_MESSAGE, /* somebody's message waits for it */
	PACE_PROFILE, /* who somebody is, what a conversation is called */
	PACE_SYNC,    /* catching up, looking through lists */
	PACE_URGENCIES,
};

struct pace_turn {        /* embedded in a request; zero but for urgency and key */
	struct list link; /* pace::waiting while it waits, alone otherwise */
	enum pace_urgency urgency;
	const char *key; /* NULL: none. Borrowed until pace_ended() */
	bool waits;
};

/* It is this one's turn: send. Called from pace_enter() or later from the loop; it may
 * call back nothing but pace_park(). */
typedef void pace_leave_fn(struct pace_turn *turn);

struct pace_limits {
	unsigned per_minute; /* 0: no limit. A tenth below it is kept, so that uneven
	                        delays on the way cannot carry it over */
	unsigned burst;      /* of each key at once, before one a second; 0: keys do not
	                        matter */
};

struct pace {
	struct loop *loop;
	struct timer timer;
	struct list waiting[PACE_URGENCIES]; /* pace_turn::link */
	size_t waiting_count;
	int64_t parked_until_ms;
	bool was_parked;               /* nobody has left since */
	const struct pace_turn *probe; /* the first one after a park, until it ends */
	size_t limit;                  /* in any minute; 0: none */
	int64_t *left_ms; /* when the last `limit` of them left, a ring; NULL: none yet */
	size_t left_first, left_count;
	unsigned burst;
	struct map *keys;     /* key -> struct bucket, those not full; NULL: none yet */
	int64_t key_sweep_ms; /* when those that are full again are dropped */
	int64_t careful_until_ms; /* of pace_resume() */
	pace_leave_fn *leave;
};

void pace_init(struct pace *pace, struct loop *loop, struct pace_limits limits,
        pace_leave_fn *leave);
void pace_finish(struct pace *pace); /* nobody waits: asserted */

/* A process before this one may have used the budget a moment ago, and nobody knows how
 * much of it: half of it counts as used for a minute, and bursts begin with one. */
void pace_resume(struct pace *pace);

/* False: too many wait already, nothing has happened. */
bool pace_enter(struct pace *pace, struct pace_turn *turn);
/* A request that entered has ended or will not be sent. */
void pace_ended(struct pace *pace, struct pace_turn *turn);
/* Nobody leaves for so long, an hour at most. Never shortens a park. */
void pace_park(struct pace *pace, uint32_t park_ms);

/* Nobody waits or probes, and no park is on. */
bool pace_is_idle(const struct pace *pace);

#endif
