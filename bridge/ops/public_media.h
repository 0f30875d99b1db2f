/* public_media: pictures of Matrix users at addresses where Slack can fetch them.
 *
 * Slack takes a message's picture as a URL that it fetches itself, and homeservers give
 * media to their users alone. So the bridge hands out links that it has signed, and
 * serves what they stand for: pictures alone, of a bounded size and number at a time. Of
 * a link that it has not signed it says nothing but "not found". */
#ifndef BRIDGE_OPS_PUBLIC_MEDIA_H
#define BRIDGE_OPS_PUBLIC_MEDIA_H

#include "bridge/config/config.h"
#include "bridge/matrix/client.h"

struct http_request;
struct public_media; /* the serving part; one per bridge */

enum {
	PUBLIC_MEDIA_MAX_FETCHES = 8, /* at a time; above that requests get 503 */
	PUBLIC_MEDIA_MAX_BYTES = 4 * 1024 * 1024,
};

/* public_address + path_prefix + "/server/id/signature"; NULL if public_media is not
 * enabled, and if mxc is NULL or no well-formed mxc://server/id. The same mxc always has
 * the same URL: Slack caches by it. Caller frees. */
char *public_media_url(const struct config *config, const char *mxc);

/* Borrows both. */
struct public_media *public_media_create(
        struct matrix *matrix, const struct config *config);
/* Requests that wait are answered 503, and what they wait for is cancelled. *media may
 * be NULL. */
void public_media_destroy(struct public_media **media);
/* For appservice_handlers.other: takes every request below path_prefix. */
bool public_media_take(struct public_media *media, struct http_request *req);

#endif
