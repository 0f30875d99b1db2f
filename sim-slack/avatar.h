/* avatar: a small picture of one colour, so that every user has one of their own. */
#ifndef SIM_SLACK_AVATAR_H
#define SIM_SLACK_AVATAR_H

#include "lib/buf.h"

/* Appends a 16x16 PNG whose colour comes from the hex digits of `hash`. */
void avatar_png(struct buf *out, const char *hash);

#endif
