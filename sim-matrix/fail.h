/* fail: every way in which a request can be refused, with status, errcode and text as
 * each homeserver words it. One table, so that texts can be held against the real
 * servers'. */
#ifndef SIM_MATRIX_FAIL_H
#define SIM_MATRIX_FAIL_H

#include "sim-matrix/profile.h"
#include <stdbool.h>

enum fail_id {
	FAIL_NONE,
	/* transport */
	FAIL_UNRECOGNIZED,
	FAIL_METHOD,
	FAIL_TOO_LARGE_BODY,
	FAIL_NOT_JSON,
	FAIL_BAD_JSON,      /* arg: what is wrong */
	FAIL_MISSING_PARAM, /* arg: its name */
	FAIL_INVALID_PARAM, /* arg: what is wrong */
	FAIL_NO_DEVICE,
	FAIL_RATE_LIMITED,
	/* identity */
	FAIL_MISSING_TOKEN,
	FAIL_UNKNOWN_TOKEN,
	FAIL_NOT_APPSERVICE_TOKEN,
	FAIL_USER_ID_SYNTAX,
	FAIL_NOT_IN_NAMESPACE, /* arg: user */
	FAIL_NOT_REGISTERED,   /* arg: user */
	FAIL_WHOAMI_UNKNOWN,   /* arg: user */
	FAIL_APPSERVICES_ONLY,
	FAIL_WRONG_APPSERVICE,
	FAIL_URL_NOT_SET,
	FAIL_PING_STATUS,
	FAIL_PING_REFUSED,
	FAIL_PING_TIMEOUT,
	/* accounts */
	FAIL_USER_IN_USE,
	FAIL_USERNAME,           /* arg: username */
	FAIL_REGISTER_NAMESPACE, /* arg: user */
	FAIL_REGISTER_RESERVED,
	FAIL_MISSING_AS_TOKEN,
	FAIL_GUESTS,
	FAIL_LOGIN_TYPE,
	FAIL_LOGIN_PASSWORD,
	FAIL_LOGIN_NAMESPACE,
	FAIL_LOGIN_DEACTIVATED,
	FAIL_LOGIN_OTHER_SERVER,
	FAIL_LOGIN_TOKEN,
	FAIL_UIA_SESSION,
	FAIL_OPENID_OTHER,
	FAIL_OPENID_UNKNOWN,
	FAIL_UNKNOWN_DEVICE, /* arg: device */
	FAIL_KEYS_USER,
	FAIL_KEYS_DEVICE,
	FAIL_KEYS_NO_DEVICE,
	FAIL_KEYS_TAKEN, /* arg: key ID */
	FAIL_NO_BACKUP,
	FAIL_NO_PROFILE,
	FAIL_PROFILE_OF_OTHER,
	FAIL_PRESENCE_OTHER,
	FAIL_NO_ACCOUNT_DATA,
	FAIL_ACCOUNT_DATA_TYPE,
	FAIL_ACCOUNT_DATA_OTHER,
	FAIL_NO_FILTER,
	FAIL_NO_DEVICE_FOUND,
	FAIL_NO_PUSH_RULE,
	FAIL_PUSH_RULE_DEFAULT,
	FAIL_PUSH_RULE_DATA,
	/* rooms */
	FAIL_ROOM_UNKNOWN,   /* arg: room */
	FAIL_ROOM_NO_SERVER, /* join of a room on another server */
	FAIL_ROOM_VERSION,
	FAIL_OVERRIDE, /* arg: user */
	FAIL_ROOM_ID_IN_USE,
	FAIL_NOT_AUTHORIZED, /* arg: why, for those who say it */
	FAIL_NOT_IN_ROOM,    /* arg: user */
	FAIL_STATE_FORBIDDEN,
	FAIL_STATE_GET_FORBIDDEN,
	FAIL_STATE_MISSING,
	FAIL_MEMBERS_FORBIDDEN,
	FAIL_BANNED,
	FAIL_GUEST_JOIN,
	FAIL_INVITER_NOT_JOINED,
	FAIL_INVITE_BANNED,
	FAIL_INVITE_JOINED, /* arg: user */
	FAIL_INVITE_REMOTE,
	FAIL_KICK_ABSENT, /* arg: membership */
	FAIL_BAN_SELF,
	FAIL_UNBAN, /* arg: membership */
	FAIL_FORGET_IN_ROOM,
	FAIL_FORGET_NEVER,
	FAIL_CREATE_EVENT,
	FAIL_MEMBER_KEY,
	FAIL_MEMBER_BODY,
	FAIL_ALIAS_UNRESOLVED, /* arg: alias */
	FAIL_ALIAS_OTHER_ROOM, /* arg: alias */
	FAIL_ACL,
	FAIL_JOIN_VIA, /* arg: what is wrong */
	/* events */
	FAIL_NOT_CANONICAL,
	FAIL_EVENT_TOO_LARGE,
	FAIL_TXN_ELSEWHERE,
	FAIL_REDACT,
	FAIL_REDACT_CREATE,
	FAIL_REDACT_MISSING,
	FAIL_EVENT_MISSING, /* arg: event */
	FAIL_EVENT_FORBIDDEN,
	FAIL_RELATION, /* arg: what is wrong */
	FAIL_DUPLICATE_ANNOTATION,
	FAIL_MESSAGES_ROOM,
	FAIL_RECEIPT_EVENT,
	FAIL_RECEIPT_TYPE,
	FAIL_RECEIPT_THREAD,
	FAIL_TYPING_OTHER,
	FAIL_TYPING_ABSENT,
	FAIL_ADMIN_ROOM, /* arg: what is refused */
	/* aliases, directory */
	FAIL_ALIAS_SYNTAX, /* arg: what is wrong */
	FAIL_ALIAS_IN_USE,
	FAIL_ALIAS_EXISTS,
	FAIL_ALIAS_NAMESPACE,
	FAIL_ALIAS_RESERVED,
	FAIL_ALIAS_FOREIGN,
	FAIL_ALIAS_MISSING,
	FAIL_ALIAS_REMOVE,
	FAIL_HIERARCHY_MISSING,
	FAIL_HIERARCHY_FORBIDDEN,
	FAIL_SUMMARY_MISSING,
	FAIL_REPORT_EVENT,
	FAIL_REPORT_ROOM,
	FAIL_NO_PROTOCOL,
	FAIL_DIRECTORY_ROOM,
	FAIL_DIRECTORY_PUBLISH,
	/* media */
	FAIL_MEDIA_MISSING,
	FAIL_MEDIA_REMOTE,
	FAIL_MEDIA_FULL,
	FAIL_MEDIA_PREVIEW,
	FAIL_COUNT
};

struct fail {
	enum fail_id id;
	char arg[256]; /* for the text; cut if longer */
};

struct fail_text {
	int status;
	const char *errcode;
	char text[640];
};

/* Returns false, so that callers can return it. arg may be NULL. */
bool fail_set(struct fail *fail, enum fail_id id, const char *arg);
void fail_describe(
        const struct profile *profile, const struct fail *fail, struct fail_text *out);

#endif
