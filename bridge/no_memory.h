/* no_memory: what libraries do when memory is out: the same as we do ourselves.
 *
 * cJSON and libxml2 answer "no value" then, as they do for a text that is none: a message
 * would be taken for garbage, and given up, because a parser found no room. So they
 * abort, like lib/mem.h; the inbox has the message, and the next start delivers it. */
#ifndef BRIDGE_NO_MEMORY_H
#define BRIDGE_NO_MEMORY_H

/* Once, before anything else is done. */
void no_memory_aborts(void);

#endif
