/* purge: what is done goes, a little at a time, so that a daemon of years does not grow.
 *
 * An hour after the start and every hour it walks the old end of the inbox by ID, in
 * small pieces, so no statement is ever long. How long what is kept, and why:
 *
 *   done jobs      7 days: their keys are what makes a redelivery harmless. Slack
 * delivers again within minutes, with "Delayed Events" within 24 hours (Slack protocol
 * reference, 1.6); catching up compares the last 7 days failed jobs    30 days: so long a
 * reaction can still have them tried again, and what is kept for people can be looked at;
 * of the latter at most 1,000 transactions   1 day: the homeserver repeats its last; an
 * event in one that comes later still is known by its job's key files          30 days
 * what was carried, unless a job that old still waits; which event shows which file
 * stays, for its deletion reactions      7 days those that were taken back
 *
 * Waiting and quarantined jobs stay until somebody has dealt with them, and what stands
 * on both sides (messages, reactions, ghosts, portals) as long as it stands there.
 * Internal to queue/. */
#ifndef BRIDGE_QUEUE_PURGE_H
#define BRIDGE_QUEUE_PURGE_H

#include "bridge/store/store.h"

struct purge;

struct purge *purge_create(struct loop *loop, struct store *store);
void purge_start(struct purge *purge);
/* Nothing is deleted any more. *purge may be NULL. */
void purge_destroy(struct purge **purge);

#endif
