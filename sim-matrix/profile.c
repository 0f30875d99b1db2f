#include "sim-matrix/profile.h"

#include <stddef.h>
#include <string.h>

static const struct profile profiles[] = {
        {
                .name = "conduwuit",
                .software = "conduwuit",
                .version = "0.5.0",
                .errors = ERRORS_CONDUWUIT,
                .upload_max = 20971520,
                .error_prefix = true,
                .exact_405 = true,
                .token_on_open = true,
                .lenient_post = true,
                .sync_hold_ms = 30000,
                .device_calls_panic = true,
                .profile_of_anyone = true,
                .as_users_look_deactivated = true,
                .push_by_room = true,
                .push_query_token = true,
                .push_txn_id = true,
                .push_batch = 48,
                .push_timeout_ms = 35000,
        },
        {
                .name = "synapse",
                .software = "Synapse",
                .version = "1.163.2",
                .errors = ERRORS_SYNAPSE,
                .upload_max = 50 * 1024 * 1024,
                .exact_405 = true,
                .strict = true,
                .old_fields = true,
                .full_power_levels = true,
                .sparse_sync = true,
                .masquerade_needs_user = true,
                .sync_filters = true,
                .newer_routes = true,
                .thirdparty = true,
                .bundles_edits = true,
                .threads_by_newest = true,
                .masquerade_device = true,
                .device_made_by_name = true,
                .fallback_keys = true,
                .regex_anchored = true,
                .txn_by_path = true,
                .txn_keep_ms = 30 * 60 * 1000,
                .redact_has_txn = true,
                .redacts_moved = true,
                .state_dedupes = true,
                .annotation_once = true,
                .receipt_threads = true,
                .members_by_event = true,
                .push_counts = true,
                .push_retry_timer = true,
                .push_ephemeral = true,
                .push_accepts = true,
                .push_invite_state = true,
                .push_age = true,
                .push_legacy_fields = true,
                .asks_for_users = true,
                .push_batch = 100,
                .push_timeout_ms = 60000,
                .ping_errors_by_spec = true,
        },
        {
                .name = "spec",
                .software = "spec",
                .version = "1.17",
                .errors = ERRORS_SYNAPSE,
                .upload_max = 50 * 1024 * 1024,
                .exact_405 = true,
                .masquerade_needs_user = true,
                .sync_filters = true,
                .newer_routes = true,
                .thirdparty = true,
                .bundles_edits = true,
                .threads_by_newest = true,
                .masquerade_device = true,
                .device_made_by_name = true,
                .fallback_keys = true,
                .regex_anchored = true,
                .txn_by_path = true,
                .redact_has_txn = true,
                .redacts_moved = true,
                .annotation_once = true,
                .receipt_threads = true,
                .members_by_event = true,
                .push_counts = true,
                .push_retry_timer = true,
                .push_ephemeral = true,
                .push_age = true,
                .push_batch = 100,
                .push_timeout_ms = 60000,
                .ping_errors_by_spec = true,
        },
};

const struct profile *profile_find(const char *name)
{
	if (name == NULL) {
		return &profiles[0];
	}
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(profiles[i].name, name) == 0) {
			return &profiles[i];
		}
	}
	return NULL;
}
