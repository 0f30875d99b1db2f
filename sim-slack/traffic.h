/* traffic: the last requests and frames as they were on the wire, for the verb log: what
 * the records (what happened, in Slack's words) do not say. Never a token. */
#ifndef SIM_SLACK_TRAFFIC_H
#define SIM_SLACK_TRAFFIC_H

#include "sim-slack/sim.h"

struct traffic *traffic_create(struct sim_slack *sim);
void traffic_destroy(struct traffic **traffic);

/* status 0: the connection was ended instead of an answer. */
void traffic_add_request(struct traffic *traffic, const struct http_request *req,
        int status, size_t answer_bytes);
/* One frame, or from the client one whole message. conn: see socket.h. */
void traffic_add_frame(struct traffic *traffic, unsigned conn, bool from_slack,
        unsigned opcode, size_t bytes);

/* Arrays of what came after number `since`, oldest first, at most 1000; path: only
 * requests whose path begins so (NULL: all); conn: only that connection's frames (0:
 * all). Each has a `seq`. Caller deletes. */
cJSON *traffic_requests(const struct traffic *traffic, int64_t since, const char *path);
cJSON *traffic_frames(const struct traffic *traffic, int64_t since, unsigned conn);

#endif
