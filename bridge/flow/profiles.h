/* profiles: names and pictures of people on Matrix, remembered for a while: asking the
 * homeserver for each message would double what it costs.
 *
 * Whoever writes in a portal is in its room, so a change of a profile comes as an event
 * of membership, and what was remembered is forgotten. For servers that tell of changes
 * late or not at all it is forgotten by time, too. */
#ifndef BRIDGE_FLOW_PROFILES_H
#define BRIDGE_FLOW_PROFILES_H

#include "lib/loop.h"

struct profiles;

struct profile { /* either may be NULL: there is none */
	char *name, *avatar_url;
};

struct profiles *profiles_create(struct loop *loop);
void profiles_destroy(struct profiles **profiles); /* *profiles may be NULL */

/* NULL: it has to be asked for. Borrowed until the next call of any kind. */
const struct profile *profiles_find(struct profiles *profiles, const char *mxid);
void profiles_keep(struct profiles *profiles, const char *mxid, const char *name,
        const char *avatar_url);
void profiles_forget(struct profiles *profiles, const char *mxid);

#endif
