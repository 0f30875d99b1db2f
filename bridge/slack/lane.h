/* lane: the calls of one Web API method with one token, leaving in order: not before a
 * 429's Retry-After is over, and no faster than the method's tier (docs.slack.dev "Rate
 * limits": counted per method, workspace and app).
 *
 * After a park the first call goes alone, the others once it was not refused again. */
#ifndef BRIDGE_SLACK_LANE_H
#define BRIDGE_SLACK_LANE_H

#include "lib/list.h"
#include "lib/loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lane_turn {        /* embedded in a call */
	struct list link; /* lane::waiting while it waits, alone otherwise */
	bool waits;
};

/* It is this one's turn: send. Called from lane_enter() or later from the loop. */
typedef void lane_leave_fn(struct lane_turn *turn);

struct lane {
	struct loop *loop;
	struct timer timer;
	struct list waiting; /* lane_turn::link */
	size_t waiting_count;
	int64_t parked_until_ms;
	bool was_parked;               /* nobody has left since */
	const struct lane_turn *probe; /* the first one after a park, until it ends */
	int64_t per_minute;            /* 0: no tier */
	int64_t credit;                /* in units of a 60,000th of a call */
	int64_t credited_ms;           /* up to when the credit is counted */
	lane_leave_fn *leave;
};

/* per_minute: the method's tier; 0: none. The lane keeps a tenth below it, so that uneven
 * delays on the way cannot carry it over. */
void lane_init(
        struct lane *lane, struct loop *loop, unsigned per_minute, lane_leave_fn *leave);
void lane_finish(struct lane *lane); /* nobody waits: asserted */

/* False: too many wait already, nothing has happened. */
bool lane_enter(struct lane *lane, struct lane_turn *turn);
/* A call that entered has ended or will not be sent. */
void lane_ended(struct lane *lane, struct lane_turn *turn);
/* Nobody leaves for so long. Never shortens a park. */
void lane_park(struct lane *lane, uint32_t park_ms);

#endif
