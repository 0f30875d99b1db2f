/* command: what can be said to the bot. One file per command, one table of them.
 *
 * A command is called like a step of a flow: again after each answer it waited for, until
 * it says STEP_DONE; what it stores goes into flow_tx(), together with its reply. */
#ifndef BRIDGE_COMMAND_COMMAND_H
#define BRIDGE_COMMAND_COMMAND_H

#include "bridge/flow/app.h"
#include "bridge/flow/logins.h"

struct command_call {
	struct flow *flow;
	struct app *app;
	const char *sender;
	const char *room_id;
	const char *args; /* what follows the command's name, trimmed; "" if nothing */
	const cJSON *dialogue; /* the sender's answer to an earlier question: what was
	                        * being asked; NULL at the beginning of a command */
	void *memory;          /* COMMAND_MEMORY_BYTES, zero at first; lost in a crash */
};

enum { COMMAND_MEMORY_BYTES = 512 };

struct command {
	const char *name; /* one or two words; NULL ends the table */
	const char *help; /* one line */
	enum permission needs;
	bool is_private; /* asks for secrets: in the management room alone */
	enum step_rc (*run)(struct command_call *call);
	/* Frees what memory holds; may be NULL. */
	void (*finish)(void *memory);
};

extern const struct command commands[];

/* The reply, as plain text with Markdown-like marks. Said once the command's commit is
 * done. */
void command_reply(struct command_call *call, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));
/* The next message of this person in this room is the answer to this command; takes
 * dialogue, whose "command" and "room" are set here. NULL: the dialogue is over. */
void command_ask(struct command_call *call, const char *command, cJSON *dialogue);
/* The message held a secret: it is redacted after the command. What looks like a token is
 * redacted without being asked for. */
void command_redact(struct command_call *call);

/* ---- one per file ---- */
enum step_rc command_help(struct command_call *call);
enum step_rc command_version(struct command_call *call);
enum step_rc command_status(struct command_call *call);
enum step_rc command_quarantine(struct command_call *call);
enum step_rc command_retry(struct command_call *call);
enum step_rc command_kept(struct command_call *call);
enum step_rc command_list_logins(struct command_call *call);
enum step_rc command_logout(struct command_call *call);
enum step_rc command_open(struct command_call *call);
enum step_rc command_bridge(struct command_call *call);
enum step_rc command_sync(struct command_call *call);
enum step_rc command_unbridge(struct command_call *call);
enum step_rc command_delete_portal(struct command_call *call);
enum step_rc command_delete_all_portals(struct command_call *call);
enum step_rc command_cancel(struct command_call *call);
enum step_rc command_login_app(struct command_call *call);
void command_login_app_finish(void *memory);
enum step_rc command_login_token(struct command_call *call);
void command_login_token_finish(void *memory);

#endif
