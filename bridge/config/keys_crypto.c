#include "bridge/config/keys.h"
#include "bridge/config/reading.h"

#define NO_CRYPTO "this version does not bridge encrypted rooms"

/* Encryption, and what stands after it in the example: mautrix-go bridgev2/bridgeconfig;
 * logging: go.mau.fi/zeroconfig. */
/* clang-format off */
static const struct config_key rows[] = {
	{.path = "encryption", .type = KEY_SECTION,
		.doc = "End-to-bridge encryption."},
	{.path = "encryption.allow", .type = KEY_BOOL, .value = "false",
		.doc = "Work in encrypted rooms.", .note = NO_CRYPTO},
	{.path = "encryption.default", .type = KEY_BOOL, .value = "false",
		.doc = "Encrypt the rooms the bridge makes.", .note = NO_CRYPTO},
	{.path = "encryption.require", .type = KEY_BOOL, .value = "false",
		.doc = "Drop messages that are not encrypted.", .note = NO_CRYPTO},
	{.path = "encryption.appservice", .type = KEY_BOOL, .value = "false",
		.doc = "Receive keys through the appservice (MSC3202).", .note = NO_CRYPTO},
	{.path = "encryption.msc4190", .type = KEY_BOOL, .value = "false",
		.doc = "Make devices as MSC4190 says.", .note = NO_CRYPTO},
	{.path = "encryption.msc4392", .type = KEY_BOOL, .value = "false",
		.doc = "Encrypt relations as MSC4392 says."},
	{.path = "encryption.self_sign", .type = KEY_BOOL, .value = "false",
		.doc = "Let the bot verify itself."},
	{.path = "encryption.allow_key_sharing", .type = KEY_BOOL, .value = "true",
		.doc = "Hand keys out to users of the room who ask."},
	{.path = "encryption.plaintext_mentions", .type = KEY_BOOL, .value = "false",
		.doc = "Leave mentions unencrypted."},
	{.path = "encryption.pickle_key", .type = KEY_TEXT, .value = "generate",
		.flags = KEY_SECRET | KEY_GENERATED,
		.doc = "Key that encrypts keys in the database."},
	{.path = "encryption.delete_keys", .type = KEY_SECTION,
		.doc = "When to delete keys of messages."},
	{.path = "encryption.delete_keys.delete_outbound_on_ack", .type = KEY_BOOL,
		.value = "false",
		.doc = "When the user's key backup has them."},
	{.path = "encryption.delete_keys.dont_store_outbound", .type = KEY_BOOL, .value = "false",
		.doc = "Do not keep those of sent messages."},
	{.path = "encryption.delete_keys.ratchet_on_decrypt", .type = KEY_BOOL, .value = "false",
		.doc = "Move them forward after use."},
	{.path = "encryption.delete_keys.delete_fully_used_on_decrypt", .type = KEY_BOOL,
		.value = "false",
		.doc = "When used up."},
	{.path = "encryption.delete_keys.delete_prev_on_new_session", .type = KEY_BOOL,
		.value = "false",
		.doc = "When the device sends newer ones."},
	{.path = "encryption.delete_keys.delete_on_device_delete", .type = KEY_BOOL,
		.value = "false",
		.doc = "When the device is deleted."},
	{.path = "encryption.delete_keys.periodically_delete_expired", .type = KEY_BOOL,
		.value = "false",
		.doc = "When twice their age has passed."},
	{.path = "encryption.delete_keys.delete_outdated_inbound", .type = KEY_BOOL,
		.value = "false",
		.doc = "When they have no date."},
	{.path = "encryption.verification_levels", .type = KEY_SECTION,
		.doc = "How far a device must be verified: unverified, cross-signed-untrusted,\n"
			"cross-signed-tofu, cross-signed-verified or verified."},
	{.path = "encryption.verification_levels.receive", .type = KEY_TEXT, .value = "unverified",
		.choices = "unverified cross-signed-untrusted cross-signed-tofu "
			"cross-signed-verified verified",
		.doc = "To be sent messages."},
	{.path = "encryption.verification_levels.send", .type = KEY_TEXT, .value = "unverified",
		.choices = "unverified cross-signed-untrusted cross-signed-tofu "
			"cross-signed-verified verified",
		.doc = "To have its messages taken."},
	{.path = "encryption.verification_levels.share", .type = KEY_TEXT,
		.value = "cross-signed-tofu",
		.choices = "unverified cross-signed-untrusted cross-signed-tofu "
			"cross-signed-verified verified",
		.doc = "To be handed keys."},
	{.path = "encryption.rotation", .type = KEY_SECTION,
		.doc = "When keys are renewed."},
	{.path = "encryption.rotation.enable_custom", .type = KEY_BOOL, .value = "false",
		.doc = "Use the values below."},
	{.path = "encryption.rotation.milliseconds", .type = KEY_INT, .value = "604800000",
		.doc = "After that time."},
	{.path = "encryption.rotation.messages", .type = KEY_INT, .value = "100",
		.doc = "After that many messages."},
	{.path = "encryption.rotation.disable_device_change_key_rotation", .type = KEY_BOOL,
		.value = "false",
		.doc = "Not when a user's devices change."},

	{.path = "env_config_prefix", .type = KEY_TEXT, .value = "null", .flags = KEY_BLANK,
		.field = TEXT_AT(env_config_prefix),
		.doc = "Prefix of environment variables that set keys: with BRIDGE_, the variable\n"
			"BRIDGE_APPSERVICE__AS_TOKEN sets appservice.as_token, and\n"
			"BRIDGE_APPSERVICE__AS_TOKEN_FILE names a file that holds its value, such as\n"
			"${CREDENTIALS_DIRECTORY}/as_token. They win over what is written here. Lists\n"
			"and mappings are written as YAML. An unknown name ends the start."},

	{.path = "logging", .type = KEY_SECTION,
		.doc = "What is logged, and where to."},
	{.path = "logging.min_level", .type = KEY_TEXT, .value = "debug",
		.apply = logging_level_apply,
		.doc = "trace, debug, info, warn, error or fatal."},
	{.path = "logging.writers", .type = KEY_LIST,
		.value = "\n"
			"- type: stdout\n"
			"  format: pretty-colored",
		.apply = logging_writers_apply,
		.doc = "Each has a type (stdout, stderr, file), a format (pretty, pretty-colored,\n"
			"json) and, if it likes, a min_level of its own; type file has a filename.\n"
			"Files are not rotated: leave that to logrotate (copytruncate)."},
	{.path = "logging.timestamps", .type = KEY_BOOL, .value = "true", .flags = KEY_HIDDEN,
		.doc = "Lines have a time. They always do.", .note = "lines always have a time"},
	{.path = "logging.caller", .type = KEY_BOOL, .value = "false", .flags = KEY_HIDDEN,
		.doc = "Lines name the place in the source."},
	{.path = "logging.metadata", .type = KEY_MAP, .value = "{}", .flags = KEY_HIDDEN,
		.doc = "Fields to add to each line."},

	{.path = "management_room_texts", .type = KEY_SECTION, .flags = KEY_HIDDEN,
		.doc = "What the bot says in a new management room."},
	{.path = "management_room_texts.welcome", .type = KEY_TEXT, .value = "null",
		.flags = KEY_HIDDEN, .doc = "To everybody."},
	{.path = "management_room_texts.welcome_connected", .type = KEY_TEXT, .value = "null",
		.flags = KEY_HIDDEN, .doc = "To those who are logged in."},
	{.path = "management_room_texts.welcome_unconnected", .type = KEY_TEXT, .value = "null",
		.flags = KEY_HIDDEN, .doc = "To the others."},
	{.path = "management_room_texts.additional_help", .type = KEY_TEXT, .value = "null",
		.flags = KEY_HIDDEN, .doc = "At the end of the help."},
};
/* clang-format on */

const struct key_group keys_crypto = {rows, sizeof(rows) / sizeof(rows[0])};
