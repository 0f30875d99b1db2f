/* err: how a call failed, in the one form every layer passes on.
 *
 * A function that can fail returns bool and fills *err; its outputs are untouched on
 * failure. Callers branch on the kind alone; the text is for people. */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include <stdbool.h>
#include <stdint.h>

enum err_kind {
	ERR_NONE,
	ERR_RETRY,     /* not applied; try again, after retry_after_ms if that is set */
	ERR_UNSURE,    /* may have been applied (deadline, lost answer): look before
	                  repeating */
	ERR_PERMANENT, /* will never work as it stands */
	ERR_CANCELLED, /* we stopped it ourselves */
};

struct err { /* owns no memory: copy it, store it in a row, keep it on the stack */
	enum err_kind kind;
	int code; /* HTTP status, errno or the module's own number; for logs and tests */
	uint32_t retry_after_ms; /* 0: no wish */
	char name[48]; /* the remote side's error word, such as is_archived; "" if none */
	char msg[192];
};

#define ERR_INIT                                                                         \
	{                                                                                \
		.kind = ERR_NONE                                                         \
	}

/* Fills *err (which may be NULL) and returns false, so that callers can return it. The
 * texts are cut to their room and always valid UTF-8. */
bool err_set(struct err *err, enum err_kind kind, int code, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));

/* Puts "where: " before the message. Returns false. */
bool err_prefix(struct err *err, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));

void err_set_name(struct err *err, const char *name);
const char *err_kind_to_str(enum err_kind kind);

#endif
