/* emoji_images: the pictures of custom emoji on Matrix: each is fetched from Slack once,
 * uploaded once, and its mxc: URI kept in the table emoji_image. */
#ifndef BRIDGE_FLOW_EMOJI_IMAGES_H
#define BRIDGE_FLOW_EMOJI_IMAGES_H

#include "bridge/flow/logins.h"
#include "bridge/flow/wait.h"

enum {
	/* That a message waits for a picture; after that it is shown without it. */
	EMOJI_IMAGES_PATIENCE_MS = 10 * 1000,
	/* What could not be had is not tried again before this. */
	EMOJI_IMAGES_AGAIN_MS = 10 * 60 * 1000,
};

struct emoji_images;

struct emoji_images *emoji_images_create(struct app *app);
void emoji_images_destroy(struct emoji_images **images); /* all flows are gone already */

/* Begins to bring the picture over, unless that is under way or failed lately. */
void emoji_images_begin(
        struct emoji_images *images, const char *team_id, const char *url);
/* Calls (without an error) once that has ended in whatever way, or has taken so long that
 * nobody shall wait any more. NULL: nothing to wait for. */
struct waiter *emoji_images_wait(struct emoji_images *images, const char *team_id,
        const char *url, waiter_fn *done, void *arg);

#endif
