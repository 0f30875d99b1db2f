/* The documents made from the table of keys are what is committed, and cover every key.
 */
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/config/config.h"
#include "bridge/config/keys.h"
#include "bridge/exit_codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef void writer_fn(FILE *out);

static char *written(writer_fn *writer)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	writer(out);
	fclose(out);
	return text;
}

static char *committed(const char *path)
{
	char *text = xcalloc(1, 1 << 20);
	FILE *file = fopen(path, "r");

	if (file == NULL) {
		fail_msg("%s: run from the top of the repository", path);
	}
	size_t n = fread(text, 1, (1 << 20) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static void test_committed_documents_are_fresh(void **state)
{
	(void)state;
	static const struct {
		const char *path, *flag;
		writer_fn *writer;
	} documents[] = {
	        {"docs/configuration.md", "--config-doc", config_write_doc},
	        {"docs/configuration.schema.json", "--config-schema",
	                config_write_schema},
	};

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		autofree char *now = written(documents[i].writer);
		autofree char *then = committed(documents[i].path);
		if (strcmp(now, then) != 0) {
			fail_msg("%s is stale; run: matrix-slack-bridge %s > %s",
			        documents[i].path, documents[i].flag, documents[i].path);
		}
	}
}

static void test_the_document_covers_all(void **state)
{
	(void)state;
	autofree char *text = written(config_write_doc);

	for (size_t i = 0; i < keys_count(); i++) {
		autofree char *row = xasprintf("`%s`", keys_at(i)->path);
		bool is_section = keys_at(i)->type == KEY_SECTION;
		assert_true(is_section || strstr(text, row) != NULL);
	}
#define EXIT_CODE_ROW(name, number, meaning)                                             \
	assert_non_null(strstr(text, "\n| " #number " | "));
	EXIT_CODES(EXIT_CODE_ROW)
#undef EXIT_CODE_ROW
}

static void test_the_schema_covers_all(void **state)
{
	(void)state;
	autofree char *text = written(config_write_schema);
	autojson cJSON *schema = json_parse(str_from(text), NULL);

	assert_non_null(schema);
	for (size_t i = 0; i < keys_count(); i++) {
		autofree char *left = xstrdup(keys_at(i)->path);
		const cJSON *at = schema;
		for (char *part = left, *dot; part != NULL; part = dot) {
			dot = strchr(part, '.');
			if (dot != NULL) {
				*dot++ = '\0';
			}
			at = cJSON_GetObjectItem(
			        cJSON_GetObjectItem(at, "properties"), part);
		}
		if (at == NULL || json_str(at, "description") == NULL) {
			fail_msg("%s is not in the schema", keys_at(i)->path);
		}
	}
	assert_int_equal(
	        json_int(json_get(schema, "properties.appservice.properties.port"),
	                "maximum", 0),
	        65535);
	assert_int_equal(cJSON_GetArraySize(json_arr(schema, "required")), 4);
}

/* The table itself: sections before their keys, each path once, older names lead
 * somewhere. */
static void test_the_table_is_sound(void **state)
{
	(void)state;
	const char *old, *now;

	for (size_t i = 0; i < keys_count(); i++) {
		const struct config_key *key = keys_at(i);
		assert_int_equal(keys_find(key->path), i);
		autofree char *section = xstrdup(key->path);
		char *dot = strrchr(section, '.');
		if (dot != NULL) {
			*dot = '\0';
			assert_true(keys_find(section) < i);
			assert_int_equal(keys_at(keys_find(section))->type, KEY_SECTION);
		}
		assert_true(key->field == 0 || key->apply == NULL);
		assert_true(!(key->flags & (KEY_OURS | KEY_LATER)) || key_lands(key));
		assert_null(keys_renamed(key->path));
	}
	for (size_t i = 0; keys_renamed_at(i, &old, &now); i++) {
		assert_true(now[0] == '\0' || keys_find(now) < keys_count());
		assert_int_equal(keys_find(old), keys_count());
		assert_string_equal(keys_renamed(old), now);
	}
}

/* Every key of mautrix-slack's own example (v26.08: mautrix-slack 15613b0, mautrix-go
 * bdb58f2), in its order. A file with any of them must load. */
/* clang-format off */
static const struct {
	const char *section, *names;
} theirs[] = {
	{"network",
		"displayname_template channel_name_template team_name_template "
		"custom_emoji_reactions workspace_avatar_in_rooms "
		"participant_sync_count participant_sync_only_on_create "
		"mute_channels_by_default dm_only"},
	{"network.backfill",
		"conversation_count"},
	{"bridge",
		"command_prefix personal_filtering_spaces private_chat_portal_meta "
		"async_events split_portals resend_bridge_info "
		"no_bridge_info_state_key bridge_status_notices "
		"transient_state_debounce unknown_error_auto_reconnect "
		"unknown_error_max_auto_reconnects bridge_matrix_leave "
		"bridge_notices tag_only_on_create only_bridge_tags "
		"mute_only_on_create deduplicate_matrix_messages cross_room_replies "
		"revert_failed_state_changes kick_matrix_users "
		"enable_send_state_requests phone_numbers_in_profile permissions"},
	{"bridge.cleanup_on_logout",
		"enabled"},
	{"bridge.cleanup_on_logout.manual",
		"private relayed shared_no_users shared_has_users"},
	{"bridge.cleanup_on_logout.bad_credentials",
		"private relayed shared_no_users shared_has_users"},
	{"bridge.relay",
		"enabled admin_only prefer_default allow_bridge default_relays "
		"user_distinguishers message_formats displayname_format"},
	{"bridge.portal_create_filter",
		"mode list always_deny_from_login"},
	{"database",
		"type uri max_open_conns max_idle_conns max_conn_idle_time "
		"max_conn_lifetime"},
	{"homeserver",
		"address domain software status_endpoint "
		"message_send_checkpoint_endpoint async_media websocket "
		"ping_interval_seconds retry_limit"},
	{"appservice",
		"address public_address hostname port id ephemeral_events "
		"async_transactions as_token hs_token username_template"},
	{"appservice.bot",
		"username displayname avatar"},
	{"matrix",
		"message_status_events delivery_receipts message_error_notices "
		"sync_direct_chat_list federate_rooms upload_file_threshold "
		"ghost_extra_profile_info"},
	{"analytics",
		"token url user_id"},
	{"provisioning",
		"shared_secret allow_matrix_auth debug_endpoints "
		"enable_session_transfers fail_on_webauthn request_id_header "
		"trust_incoming_request_id"},
	{"public_media",
		"enabled signing_key expiry hash_length path_prefix use_database"},
	{"direct_media",
		"enabled server_name well_known_response media_id_prefix "
		"allow_proxy server_key"},
	{"backfill",
		"enabled max_initial_messages max_catchup_messages "
		"unread_hours_threshold"},
	{"backfill.threads",
		"max_initial_messages"},
	{"backfill.queue",
		"enabled manual batch_size batch_delay max_batches "
		"max_batches_override"},
	{"double_puppet",
		"servers allow_discovery secrets"},
	{"encryption",
		"allow default require appservice msc4190 msc4392 self_sign "
		"allow_key_sharing plaintext_mentions pickle_key"},
	{"encryption.delete_keys",
		"delete_outbound_on_ack dont_store_outbound ratchet_on_decrypt "
		"delete_fully_used_on_decrypt delete_prev_on_new_session "
		"delete_on_device_delete periodically_delete_expired "
		"delete_outdated_inbound"},
	{"encryption.verification_levels",
		"receive send share"},
	{"encryption.rotation",
		"enable_custom milliseconds messages "
		"disable_device_change_key_rotation"},
	{"",
		"env_config_prefix"},
	{"logging",
		"min_level writers"},
};
/* clang-format on */

static void test_every_key_of_mautrix_slack_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
		size_t before = 0;
		for (const char *p = theirs[i].names; *p != '\0';) {
			size_t n = strcspn(p, " ");
			bool is_top = theirs[i].section[0] == '\0';
			autofree char *path = xasprintf("%s%s%.*s", theirs[i].section,
			        is_top ? "" : ".", (int)n, p);
			size_t index = keys_find(path);
			if (index == keys_count() || keys_at(index)->flags & KEY_HIDDEN) {
				fail_msg("%s is not in the example", path);
			}
			assert_true(index > before);
			before = index;
			p += n + strspn(p + n, " ");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_committed_documents_are_fresh),
	        cmocka_unit_test(test_the_document_covers_all),
	        cmocka_unit_test(test_the_schema_covers_all),
	        cmocka_unit_test(test_the_table_is_sound),
	        cmocka_unit_test(test_every_key_of_mautrix_slack_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
