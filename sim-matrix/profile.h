/* profile: in which points homeservers differ, as a table of facts.
 *
 * Code asks for a fact, never for a profile's name, so that a further homeserver is one
 * more row. Sources: conduwuit 0.5.0 (d8311a5f), Synapse (a58ad44), the Matrix
 * specification 1.17. */
#ifndef SIM_MATRIX_PROFILE_H
#define SIM_MATRIX_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum error_column { ERRORS_CONDUWUIT, ERRORS_SYNAPSE };

struct profile {
	const char *name;
	const char *software; /* User-Agent and version endpoints */
	const char *version;

	/* errors */
	enum error_column errors;
	bool error_prefix;  /* "M_FORBIDDEN: text" */
	bool exact_405;     /* a known path with a wrong method: 405, otherwise 404 */
	bool token_on_open; /* a bad token is refused on endpoints that need none */

	/* bodies */
	bool strict;       /* wrong types and broken parameters are refused: strict.h */
	bool lenient_post; /* a POST body that is no canonical JSON reads as {} */

	size_t upload_max; /* bytes of one upload, by default */

	/* identity */
	bool masquerade_needs_user; /* ?user_id= of an unregistered user is refused */
	bool device_calls_panic;    /* an as_token on a call that wants a device: 500 */
	bool masquerade_device;     /* ?device_id= is honoured */
	bool device_made_by_name;   /* MSC4190 as written */
	bool fallback_keys;
	bool profile_of_anyone; /* an appservice may set any local user's profile */
	bool as_users_look_deactivated;
	bool regex_anchored; /* namespaces match at the start only */

	/* sync */
	bool sync_filters; /* timeline and state filters count; lazy members always do */
	int64_t sync_hold_ms; /* how long without ?timeout= */

	bool newer_routes; /* timestamp_to_event, asynchronous uploads, look-ups of others
	                    */
	bool thirdparty;   /* asks appservices about their networks */
	bool asks_for_users; /* asks appservices for unknown users */

	/* events */
	bool old_fields; /* age and user_id at the top of events, for old clients */
	bool full_power_levels; /* a new room's levels say every default */
	bool sparse_sync;       /* /sync leaves out what is empty */
	bool bundles_edits;     /* unsigned.m.relations has m.replace; threads always */
	bool threads_by_newest; /* threads are listed by their newest event, not their
	                           first */
	bool txn_by_path;    /* idempotency key holds the path; otherwise user and device
	                        alone */
	int64_t txn_keep_ms; /* 0: for ever */
	bool redact_has_txn;
	bool redacts_moved; /* content.redacts counts in rooms before version 11 too */
	bool state_dedupes; /* a state event equal to the current one is not made again */
	bool receipt_threads; /* receipts know threads; otherwise the thread is dropped */
	bool annotation_once; /* M_DUPLICATE_ANNOTATION */
	bool members_by_event; /* joined_members from member events, not global profiles
	                        */

	/* appservice transactions */
	bool push_counts;      /* transaction IDs count; otherwise they hash the batch */
	bool push_by_room;     /* a backlog goes room by room */
	bool push_retry_timer; /* 2^n seconds; otherwise at the next event or start */
	bool push_query_token; /* ?access_token= beside the header */
	bool push_ephemeral; /* typing and receipts, where the registration asks for them
	                      */
	bool push_accepts;   /* Accept: application/json */
	bool push_invite_state;  /* unsigned.invite_room_state of invites */
	bool push_age;           /* unsigned.age */
	bool push_legacy_fields; /* user_id, age, prev_content ... at the top level too */
	bool push_txn_id;        /* unsigned.transaction_id, whoever sent the event */
	uint32_t push_batch;     /* events in one transaction, at most */
	uint32_t push_timeout_ms;
	bool ping_errors_by_spec; /* 502/504 with their errcodes; otherwise 500 M_UNKNOWN
	                           */
};

/* NULL gives the default; an unknown name NULL. Static. */
const struct profile *profile_find(const char *name);

#endif
