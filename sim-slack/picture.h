/* picture: a PNG of one colour, for users' pictures, thumbnails and uploads. */
#ifndef SIM_SLACK_PICTURE_H
#define SIM_SLACK_PICTURE_H

#include "lib/buf.h"

enum { PICTURE_SIDE_MAX = 8192, PICTURE_MAX_BYTES = 16 * 1024 * 1024 };

/* Appends a picture of the size (sides 1 to PICTURE_SIDE_MAX) whose colour comes from the
 * hex digits of `hash`. */
void picture_png(struct buf *out, unsigned width, unsigned height, const char *hash);

#endif
