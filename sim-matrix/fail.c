#include "sim-matrix/fail.h"

#include <stdio.h>
#include <string.h>

struct fail_words {
	int status;
	const char *errcode;
	const char *text; /* {} stands for the argument */
};

struct fail_row {
	struct fail_words conduwuit;
	struct fail_words synapse; /* status 0: as conduwuit */
};

static const char too_large[] = "Request body too large";

static const struct fail_row rows[FAIL_COUNT] = {
        [FAIL_UNRECOGNIZED] = {{404, "M_UNRECOGNIZED", "Not Found"},
                {404, "M_UNRECOGNIZED", "Unrecognized request"}},
        [FAIL_METHOD] = {{405, "M_UNRECOGNIZED", "Method Not Allowed"},
                {405, "M_UNRECOGNIZED", "Unrecognized request"}},
        [FAIL_TOO_LARGE_BODY] = {{413, "M_TOO_LARGE", too_large}, {0}},
        [FAIL_NOT_JSON] = {{400, "M_NOT_JSON", "JSON body is not valid"},
                {400, "M_NOT_JSON", "Content not JSON."}},
        [FAIL_BAD_JSON] = {{400, "M_BAD_JSON", "{}"}, {0}},
        [FAIL_MISSING_PARAM] = {{400, "M_BAD_JSON", "missing field `{}`"},
                {400, "M_MISSING_PARAM", "Missing params: ['{}']"}},
        [FAIL_INVALID_PARAM] = {{400, "M_INVALID_PARAM", "{}"}, {0}},
        [FAIL_NO_DEVICE] = {{500, "M_UNKNOWN",
                                    "M_UNKNOWN: Internal server error occurred"},
                {0}},
        [FAIL_RATE_LIMITED] = {{429, "M_LIMIT_EXCEEDED", "Too Many Requests"}, {0}},

        [FAIL_MISSING_TOKEN] = {{401, "M_MISSING_TOKEN", "Missing access token."},
                {401, "M_MISSING_TOKEN", "Missing access token"}},
        [FAIL_UNKNOWN_TOKEN] = {{401, "M_UNKNOWN_TOKEN", "Unknown access token."},
                {401, "M_UNKNOWN_TOKEN", "Invalid access token passed."}},
        [FAIL_NOT_APPSERVICE_TOKEN] =
                {{401, "M_UNAUTHORIZED",
                         "Only appservice access tokens should be used on this "
                         "endpoint."},
                        {403, "M_FORBIDDEN",
                                "Must be an application service to access this endpoint"}},
        [FAIL_USER_ID_SYNTAX] = {{400, "M_INVALID_USERNAME", "Username is invalid."},
                {403, "M_FORBIDDEN",
                        "Application service cannot masquerade as this user (None)."}},
        [FAIL_NOT_IN_NAMESPACE] = {{400, "M_EXCLUSIVE", "User is not in namespace."},
                {403, "M_FORBIDDEN",
                        "Application service cannot masquerade as this user ({})."}},
        [FAIL_NOT_REGISTERED] =
                {{403, "M_FORBIDDEN",
                         "Application service has not registered this user ({})"},
                        {0}},
        [FAIL_WHOAMI_UNKNOWN] = {{404, "M_NOT_FOUND", "User does not exist."},
                {403, "M_FORBIDDEN",
                        "Application service has not registered this user ({})"}},
        [FAIL_APPSERVICES_ONLY] =
                {{403, "M_FORBIDDEN", "This endpoint can only be called by appservices."},
                        {403, "M_FORBIDDEN",
                                "Must be an application service to access this endpoint"}},
        [FAIL_WRONG_APPSERVICE] =
                {{403, "M_FORBIDDEN",
                         "Appservices can only ping themselves (wrong appservice ID)."},
                        {403, "M_FORBIDDEN",
                                "Mismatching application service ID in path"}},
        [FAIL_URL_NOT_SET] =
                {{400, "M_URL_NOT_SET",
                         "Appservice does not have a URL set, there is nothing to ping."},
                        {400, "M_URL_NOT_SET",
                                "The application service does not have a URL set"}},
        [FAIL_PING_STATUS] = {{500, "M_UNKNOWN",
                                      "Appservice returned unsuccessful HTTP response"},
                {502, "M_BAD_STATUS", "HTTP request failed with status {}"}},
        [FAIL_PING_REFUSED] = {{500, "M_UNKNOWN", "Could not send request to appservice"},
                {502, "M_CONNECTION_FAILED",
                        "Connection to the application service failed"}},
        [FAIL_PING_TIMEOUT] = {{500, "M_UNKNOWN", "Could not send request to appservice"},
                {504, "M_CONNECTION_TIMEOUT",
                        "Connection to the application service timed out"}},

        [FAIL_USER_IN_USE] = {{400, "M_USER_IN_USE", "User ID is not available."},
                {400, "M_USER_IN_USE", "User ID already taken."}},
        [FAIL_USERNAME] = {{400, "M_INVALID_USERNAME",
                                   "Username {} contains disallowed characters or spaces"},
                {400, "M_INVALID_USERNAME",
                        "User ID can only contain characters a-z, 0-9, or '=_-./+'"}},
        [FAIL_REGISTER_NAMESPACE] =
                {{400, "M_EXCLUSIVE", "Username is not in an appservice namespace."},
                        {400, "M_EXCLUSIVE",
                                "Invalid user localpart for this application service."}},
        [FAIL_REGISTER_RESERVED] = {{400, "M_EXCLUSIVE",
                                            "Username is reserved by an appservice."},
                {400, "M_EXCLUSIVE",
                        "This user ID is reserved by an application service."}},
        [FAIL_MISSING_AS_TOKEN] = {{401, "M_MISSING_TOKEN", "Missing appservice token."},
                {401, "M_MISSING_TOKEN", "Missing access token"}},
        [FAIL_GUESTS] = {{403, "M_GUEST_ACCESS_FORBIDDEN",
                                 "Guest registration is disabled."},
                {403, "M_UNKNOWN", "Guest access is disabled"}},
        [FAIL_LOGIN_TYPE] = {{400, "M_UNKNOWN", "Invalid or unsupported login type"},
                {400, "M_INVALID_PARAM", "Invalid login submission"}},
        [FAIL_LOGIN_PASSWORD] = {{403, "M_FORBIDDEN", "Wrong username or password."},
                {403, "M_FORBIDDEN", "Invalid username or password"}},
        [FAIL_LOGIN_NAMESPACE] = {{400, "M_EXCLUSIVE",
                                          "Username is not in an appservice namespace."},
                {403, "M_FORBIDDEN", "Invalid access_token"}},
        [FAIL_LOGIN_DEACTIVATED] = {{403, "M_USER_DEACTIVATED",
                                            "The user has been deactivated"},
                {403, "M_FORBIDDEN", "Invalid username or password"}},
        [FAIL_LOGIN_TOKEN] = {{403, "M_FORBIDDEN",
                                      "Login token is unrecognised or has expired"},
                {403, "M_FORBIDDEN", "Invalid login token"}},
        [FAIL_UIA_SESSION] = {{403, "M_FORBIDDEN", "UIAA session does not exist."},
                {400, "M_UNKNOWN", "Unknown session ID"}},
        [FAIL_OPENID_OTHER] = {{400, "M_INVALID_PARAM",
                                       "Not allowed to request OpenID tokens on behalf "
                                       "of other users"},
                {403, "M_FORBIDDEN", "Cannot request tokens for other users."}},
        [FAIL_OPENID_UNKNOWN] = {{401, "M_UNAUTHORIZED", "OpenID token is unrecognised"},
                {401, "M_UNKNOWN_TOKEN", "Access Token unknown or expired"}},
        [FAIL_UNKNOWN_DEVICE] = {{400, "M_UNKNOWN_DEVICE", "Unknown device for user."},
                {400, "M_UNKNOWN_DEVICE",
                        "Application service trying to use a device that doesn't exist "
                        "({})"}},
        [FAIL_KEYS_USER] =
                {{400, "M_UNKNOWN",
                         "User ID in keys uploaded does not match your own user ID"},
                        {400, "M_INVALID_PARAM",
                                "Provided `user_id` in `device_keys` does not match that "
                                "of the authenticated user"}},
        [FAIL_KEYS_DEVICE] =
                {{400, "M_UNKNOWN",
                         "Device ID in keys uploaded does not match your own device ID"},
                        {400, "M_INVALID_PARAM",
                                "Provided `device_id` in `device_keys` does not match "
                                "that of the authenticated user device"}},
        [FAIL_KEYS_NO_DEVICE] =
                {{400, "M_UNKNOWN",
                         "To upload keys, you must pass device_id when authenticating"},
                        {0}},
        [FAIL_KEYS_TAKEN] = {{400, "M_UNKNOWN", "One time key {} already exists."}, {0}},
        [FAIL_NO_BACKUP] = {{404, "M_NOT_FOUND", "Key backup does not exist."},
                {404, "M_NOT_FOUND", "No current backup version"}},
        [FAIL_LOGIN_OTHER_SERVER] =
                {{400, "M_UNKNOWN", "User ID does not belong to this homeserver"},
                        {403, "M_FORBIDDEN", "Invalid username or password"}},
        [FAIL_NO_PROFILE] = {{404, "M_NOT_FOUND", "Profile was not found."},
                {404, "M_NOT_FOUND", "Profile was not found"}},
        [FAIL_PROFILE_OF_OTHER] =
                {{403, "M_FORBIDDEN", "You cannot update the profile of another user"},
                        {400, "M_FORBIDDEN", "Cannot set another user's displayname"}},
        [FAIL_PRESENCE_OTHER] = {{400, "M_INVALID_PARAM",
                                         "Not allowed to set presence of other users"},
                {403, "M_FORBIDDEN", "Can only set your own presence state"}},
        [FAIL_NO_ACCOUNT_DATA] = {{404, "M_NOT_FOUND", "Data not found."},
                {404, "M_NOT_FOUND", "Account data not found"}},
        [FAIL_ACCOUNT_DATA_TYPE] =
                {{400, "M_BAD_JSON",
                         "This endpoint cannot be used for marking a room as fully "
                         "read or for push rules"},
                        {405, "M_BAD_JSON", "Cannot set {} through this API"}},
        [FAIL_ACCOUNT_DATA_OTHER] =
                {{403, "M_FORBIDDEN", "You cannot set account data for other users."},
                        {403, "M_FORBIDDEN", "Cannot add account data for other users."}},
        [FAIL_NO_FILTER] = {{404, "M_NOT_FOUND", "Filter not found."},
                {404, "M_NOT_FOUND", "No such filter"}},
        [FAIL_NO_DEVICE_FOUND] = {{404, "M_NOT_FOUND", "Device not found."},
                {404, "M_NOT_FOUND", "No device found"}},

        [FAIL_NO_PUSH_RULE] = {{404, "M_NOT_FOUND", "Push rule not found."},
                {404, "M_NOT_FOUND", "Push rule not found"}},
        [FAIL_PUSH_RULE_DEFAULT] =
                {{400, "M_INVALID_PARAM",
                         "Rule IDs starting with a dot are reserved for server-default "
                         "rules."},
                        {400, "M_INVALID_PARAM",
                                "cannot add new rule_ids that start with '.'"}},
        [FAIL_PUSH_RULE_DATA] = {{400, "M_INVALID_PARAM", "Invalid data."},
                {400, "M_MISSING_PARAM", "Invalid rule"}},
        [FAIL_ROOM_UNKNOWN] = {{500, "M_UNKNOWN",
                                       "non-create event for room of unknown version in {}"},
                {404, "M_UNKNOWN",
                        "Can't join remote room because no servers that are in the room "
                        "have been provided."}},
        [FAIL_ROOM_NO_SERVER] = {{500, "M_UNKNOWN",
                                         "No server available to assist in joining."},
                {404, "M_UNKNOWN",
                        "Can't join remote room because no servers that are in the room "
                        "have been provided."}},
        [FAIL_ROOM_VERSION] = {{400, "M_UNSUPPORTED_ROOM_VERSION",
                                       "This server does not support that room version."},
                {400, "M_UNSUPPORTED_ROOM_VERSION",
                        "Your homeserver does not support this room version"}},
        [FAIL_OVERRIDE] = {{403, "M_FORBIDDEN", "Event is not authorized."},
                {400, "M_UNKNOWN",
                        "Not a valid power_level_content_override: 'users' did not "
                        "contain {}"}},
        [FAIL_ROOM_ID_IN_USE] = {{400, "M_ROOM_IN_USE",
                                         "Room with that custom room ID already exists"},
                {0}},
        [FAIL_NOT_AUTHORIZED] = {{403, "M_FORBIDDEN", "Event is not authorized."},
                {403, "M_FORBIDDEN", "{}"}},
        [FAIL_NOT_IN_ROOM] = {{403, "M_FORBIDDEN", "Event is not authorized."},
                {403, "M_FORBIDDEN", "User {} not in room"}},
        [FAIL_STATE_FORBIDDEN] =
                {{403, "M_FORBIDDEN",
                         "You don't have permission to view the room state."},
                        {403, "M_FORBIDDEN",
                                "User not in room, and room previews are disabled"}},
        [FAIL_STATE_GET_FORBIDDEN] =
                {{404, "M_NOT_FOUND",
                         "You don't have permission to view the room state."},
                        {403, "M_FORBIDDEN",
                                "User not in room, and room previews are disabled"}},
        [FAIL_STATE_MISSING] = {{404, "M_NOT_FOUND", "State event not found in room."},
                {404, "M_NOT_FOUND", "Event not found."}},
        [FAIL_MEMBERS_FORBIDDEN] =
                {{403, "M_FORBIDDEN", "You don't have permission to view this room."},
                        {403, "M_FORBIDDEN",
                                "User not in room, and room previews are disabled"}},
        [FAIL_BANNED] = {{403, "M_FORBIDDEN", "You are banned from the room."},
                {403, "M_BAD_STATE", "Cannot join user who was banned"}},
        [FAIL_GUEST_JOIN] = {{403, "M_FORBIDDEN",
                                     "Guests are not allowed to join this room"},
                {403, "M_FORBIDDEN", "Guest access not allowed"}},
        [FAIL_INVITER_NOT_JOINED] =
                {{403, "M_FORBIDDEN",
                         "You must be joined in the room you are trying to invite "
                         "from."},
                        {403, "M_FORBIDDEN", "User not in room"}},
        [FAIL_INVITE_BANNED] = {{403, "M_FORBIDDEN", "User is banned from this room."},
                {403, "M_BAD_STATE", "Cannot invite user who was banned"}},
        [FAIL_INVITE_JOINED] = {{403, "M_FORBIDDEN", "Event is not authorized."},
                {403, "M_FORBIDDEN", "{} is already in the room."}},
        [FAIL_INVITE_REMOTE] = {{500, "M_UNKNOWN",
                                        "Could not send request to remote server"},
                {502, "M_UNKNOWN", "Failed to send invite to remote server"}},
        [FAIL_KICK_ABSENT] =
                {{403, "M_FORBIDDEN",
                         "Cannot kick a user who is not apart of the room (current "
                         "membership: {})"},
                        {403, "M_FORBIDDEN", "The target user is not in the room"}},
        [FAIL_BAN_SELF] = {{403, "M_FORBIDDEN", "You cannot ban yourself."}, {0}},
        [FAIL_UNBAN] =
                {{403, "M_FORBIDDEN",
                         "Cannot unban a user who is not banned (current membership: {})"},
                        {403, "M_BAD_STATE", "Cannot unban user who was not banned"}},
        [FAIL_FORGET_IN_ROOM] = {{400, "M_UNKNOWN",
                                         "You must leave the room before forgetting it"},
                {400, "M_UNKNOWN", "User is still in room"}},
        [FAIL_FORGET_NEVER] =
                {{400, "M_UNKNOWN",
                         "No membership event was found, room was never joined"},
                        {400, "M_UNKNOWN", "User is not in room"}},
        [FAIL_CREATE_EVENT] =
                {{400, "M_BAD_JSON",
                         "You cannot update m.room.create after a room has been "
                         "created."},
                        {403, "M_FORBIDDEN", "Create event has prev events"}},
        [FAIL_MEMBER_KEY] =
                {{400, "M_BAD_JSON",
                         "Membership event has invalid or non-existent state key"},
                        {400, "M_BAD_JSON", "Invalid state key for m.room.member"}},
        [FAIL_MEMBER_BODY] =
                {{400, "M_BAD_JSON",
                         "Membership content must have a valid JSON body with at least a "
                         "valid membership state: missing field `membership`"},
                        {400, "M_BAD_JSON", "Content has no membership key"}},
        [FAIL_ALIAS_UNRESOLVED] =
                {{400, "M_UNKNOWN",
                         "Failed resolving alias \"{}\": M_NOT_FOUND: Room with alias "
                         "not found."},
                        {400, "M_BAD_ALIAS", "Room alias {} does not exist"}},
        [FAIL_ALIAS_OTHER_ROOM] = {{400, "M_BAD_ALIAS",
                                           "Room alias {} does not belong to this room"},
                {400, "M_BAD_ALIAS", "Room alias {} does not point to the room"}},
        [FAIL_ACL] = {{400, "M_BAD_JSON", "Room server ACL event is invalid"}, {0}},
        [FAIL_JOIN_VIA] = {{400, "M_BAD_JSON", "{}"}, {0}},

        [FAIL_NOT_CANONICAL] = {{400, "M_BAD_JSON",
                                        "Failed to convert PDU to canonical JSON"},
                {400, "M_BAD_JSON", "Bad JSON value: float"}},
        [FAIL_EVENT_TOO_LARGE] =
                {{413, "M_TOO_LARGE", "Message/PDU is too long (exceeds 65535 bytes)"},
                        {413, "M_TOO_LARGE", "event too large"}},
        [FAIL_TXN_ELSEWHERE] =
                {{400, "M_INVALID_PARAM",
                         "Tried to use txn id already used for an incompatible "
                         "endpoint."},
                        {0}},
        [FAIL_REDACT] = {{403, "M_FORBIDDEN", "User cannot redact this event."},
                {403, "M_FORBIDDEN", "You don't have permission to redact events"}},
        [FAIL_REDACT_CREATE] =
                {{403, "M_FORBIDDEN", "Redacting m.room.create is not safe, forbidding."},
                        {403, "M_FORBIDDEN", "Redacting create events is not permitted"}},
        [FAIL_REDACT_MISSING] = {{403, "M_FORBIDDEN", "User cannot redact this event."},
                {404, "M_NOT_FOUND", "Could not find event {}"}},
        [FAIL_EVENT_MISSING] = {{404, "M_NOT_FOUND", "Event {} not found."},
                {404, "M_NOT_FOUND", "Event not found."}},
        [FAIL_EVENT_FORBIDDEN] =
                {{403, "M_FORBIDDEN", "You don't have permission to view this event."},
                        {404, "M_NOT_FOUND", "Event not found."}},
        [FAIL_RELATION] = {{400, "M_UNKNOWN", "{}"}, {0}},
        [FAIL_DUPLICATE_ANNOTATION] = {{400, "M_DUPLICATE_ANNOTATION",
                                               "Can't send same reaction twice"},
                {0}},
        [FAIL_MESSAGES_ROOM] = {{403, "M_FORBIDDEN",
                                        "Room does not exist to this server"},
                {403, "M_FORBIDDEN", "User not in room, and room previews are disabled"}},
        [FAIL_RECEIPT_EVENT] = {{404, "M_NOT_FOUND", "Event not found."}, {0}},
        [FAIL_RECEIPT_TYPE] = {{400, "M_INVALID_PARAM",
                                       "Received unknown read receipt type: {}"},
                {400, "M_UNKNOWN",
                        "Receipt type must be one of 'm.read', 'm.read.private', "
                        "'m.fully_read'"}},
        [FAIL_RECEIPT_THREAD] = {{400, "M_INVALID_PARAM", "thread_id is not valid"},
                {400, "M_INVALID_PARAM", "thread_id field must be a non-empty string"}},
        [FAIL_TYPING_OTHER] = {{403, "M_FORBIDDEN",
                                       "You cannot update typing status of other users."},
                {400, "M_FORBIDDEN", "Cannot set another user's typing state"}},
        [FAIL_TYPING_ABSENT] = {{403, "M_FORBIDDEN", "You are not in this room."},
                {403, "M_FORBIDDEN", "User not in room"}},
        [FAIL_ADMIN_ROOM] = {{403, "M_FORBIDDEN", "{}"}, {0}},

        [FAIL_ALIAS_SYNTAX] = {{400, "M_INVALID_PARAM", "{}"}, {0}},
        [FAIL_ALIAS_IN_USE] = {{400, "M_ROOM_IN_USE", "Room alias already exists."},
                {400, "M_ROOM_IN_USE", "Room alias already taken"}},
        [FAIL_ALIAS_EXISTS] = {{409, "M_UNKNOWN", "Alias already exists."},
                {409, "M_UNKNOWN", "Room alias {} already exists"}},
        [FAIL_ALIAS_NAMESPACE] = {{400, "M_EXCLUSIVE", "Room alias is not in namespace."},
                {400, "M_EXCLUSIVE",
                        "This application service has not reserved this kind of alias."}},
        [FAIL_ALIAS_RESERVED] = {{400, "M_EXCLUSIVE",
                                         "Room alias reserved by appservice."},
                {400, "M_EXCLUSIVE",
                        "This room alias is reserved by an application service."}},
        [FAIL_ALIAS_FOREIGN] = {{400, "M_INVALID_PARAM", "Alias is from another server."},
                {400, "M_UNKNOWN", "Room alias must be local"}},
        [FAIL_ALIAS_MISSING] = {{404, "M_NOT_FOUND", "Room with alias not found."},
                {404, "M_NOT_FOUND", "Room alias {} not found"}},
        [FAIL_ALIAS_REMOVE] = {{403, "M_FORBIDDEN",
                                       "User is not permitted to remove this alias."},
                {403, "M_FORBIDDEN", "You don't have permission to delete the alias."}},
        [FAIL_HIERARCHY_MISSING] = {{403, "M_FORBIDDEN",
                                            "The requested room was not found"},
                {403, "M_FORBIDDEN", "User not in room, and room previews are disabled"}},
        [FAIL_HIERARCHY_FORBIDDEN] = {{403, "M_FORBIDDEN",
                                              "The requested room is inaccessible"},
                {403, "M_FORBIDDEN", "User not in room, and room previews are disabled"}},
        [FAIL_SUMMARY_MISSING] = {{404, "M_NOT_FOUND",
                                          "Room is unknown or not accessible"},
                {404, "M_NOT_FOUND", "Room not found or is not accessible"}},
        [FAIL_REPORT_EVENT] =
                {{404, "M_NOT_FOUND",
                         "Event ID is not known to us or Event ID is invalid"},
                        {404, "M_NOT_FOUND",
                                "Unable to report event: it does not exist or you aren't "
                                "able to see it."}},
        [FAIL_REPORT_ROOM] = {{404, "M_NOT_FOUND",
                                      "Event ID does not belong to the reported room"},
                {404, "M_NOT_FOUND", "Room not found"}},
        [FAIL_NO_PROTOCOL] = {{404, "M_NOT_FOUND", "Unknown protocol"}, {0}},
        [FAIL_DIRECTORY_ROOM] = {{404, "M_NOT_FOUND", "Room not found"},
                {404, "M_NOT_FOUND", "Unknown room"}},
        [FAIL_DIRECTORY_PUBLISH] = {{403, "M_FORBIDDEN",
                                            "User is not allowed to publish this room"},
                {403, "M_UNKNOWN", "Not allowed to publish room"}},

        [FAIL_MEDIA_MISSING] = {{404, "M_NOT_FOUND", "Local media not found."},
                {404, "M_NOT_FOUND", "Not found"}},
        [FAIL_MEDIA_REMOTE] = {{404, "M_NOT_FOUND", "Remote media not found."},
                {404, "M_NOT_FOUND", "Not found"}},
        [FAIL_MEDIA_FULL] = {{500, "M_UNKNOWN", "No space left on device"}, {0}},
        [FAIL_MEDIA_UNKNOWN] = {{404, "M_NOT_FOUND", "Unknown media ID"}, {0}},
        [FAIL_MEDIA_OWNER] =
                {{403, "M_FORBIDDEN",
                         "Only the creator of the media ID can upload to it"},
                        {0}},
        [FAIL_MEDIA_OVERWRITE] = {{409, "M_CANNOT_OVERWRITE_MEDIA",
                                          "Media ID already has content"},
                {0}},
        [FAIL_MEDIA_NOT_YET] = {{504, "M_NOT_YET_UPLOADED",
                                        "Media has not been uploaded yet"},
                {0}},
        [FAIL_MEDIA_PREVIEW] = {{403, "M_FORBIDDEN",
                                        "URL is not allowed to be previewed"},
                {0}},
};

bool fail_set(struct fail *fail, enum fail_id id, const char *arg)
{
	if (fail != NULL) {
		fail->id = id;
		snprintf(fail->arg, sizeof(fail->arg), "%s", arg != NULL ? arg : "");
	}
	return false;
}

static void expand(const char *pattern, const char *arg, char *out, size_t room)
{
	const char *hole = strstr(pattern, "{}");

	if (hole == NULL) {
		snprintf(out, room, "%s", pattern);
	} else {
		snprintf(out, room, "%.*s%s%s", (int)(hole - pattern), pattern, arg,
		        hole + 2);
	}
}

void fail_describe(
        const struct profile *profile, const struct fail *fail, struct fail_text *out)
{
	const struct fail_row *row = &rows[fail->id];
	const struct fail_words *words = &row->conduwuit;
	char text[512];

	if (profile->errors == ERRORS_SYNAPSE && row->synapse.status != 0) {
		words = &row->synapse;
	}
	out->status = words->status;
	out->errcode = words->errcode;
	expand(words->text, fail->arg, text, sizeof(text));
	/* Internal errors carry their text bare: only request errors show their errcode.
	 */
	if (profile->error_prefix && words->status != 500 && words->status != 409) {
		snprintf(out->text, sizeof(out->text), "%s: %s", words->errcode, text);
	} else {
		snprintf(out->text, sizeof(out->text), "%s", text);
	}
}
