/* knobs: what nobody outside Slack knows for sure, or what a test wants otherwise, each
 * with the default that is hardest on a client or that recorded traffic shows. */
#ifndef SIM_SLACK_KNOBS_H
#define SIM_SLACK_KNOBS_H

#include "lib/err.h"
#include "lib/json.h"
#include <stdint.h>

struct knobs {
	/* rate limits */
	int64_t tiers, post_burst, post_per_minute, rate_prolongs;
	/* Socket Mode connections */
	int64_t socket_mode, ticket_ttl, ticket_status, max_sockets, connection_age,
	        warning_ahead, drop_after, close_code, leave_tcp_open, linger, leak,
	        ping_interval, pong_echo, pong, hello, hello_delay, upgrade_delay,
	        trigger_ttl, frame_limit;
	char drop_how[48], socket_mode_error[48];
	/* envelopes */
	int64_t event_delay, events_per_hour, ack_deadline, retry_1, retry_2, retry_3,
	        retry_new_envelope_id, ack_any_socket;
	/* events */
	int64_t event_metadata_payload, parent_changed, archive_member_events,
	        archive_event_first, own_left_events;
	/* files */
	int64_t share_delay, upload_max_bytes, upload_strict, upload_again;
	char login_answer[48], upload_archived[48];
	/* tokens */
	int64_t token_rotation, refresh_grace;
	/* Web API */
	int64_t cursor_ttl, reactions_per_person, emoji_per_message;
	char delete_archived[48], unreact_archived[48], pin_archived[48],
	        unpin_archived[48], unarchive_by_bot[48], unknown_thread[48];
};

void knobs_init(struct knobs *knobs);
/* Durations are texts such as "3s" or numbers of seconds. */
bool knobs_set(
        struct knobs *knobs, const char *name, const cJSON *value, struct err *err);
/* Array of {name, type, value, doc}. Caller deletes. */
cJSON *knobs_list(const struct knobs *knobs);

#endif
