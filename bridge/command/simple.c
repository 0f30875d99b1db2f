/* The commands that only answer: help, version, cancel. */
#include "bridge/command/command.h"

#include "lib/buf.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include <stdlib.h>

enum { MAX_REPLY_BYTES = 16 * 1024 };

enum step_rc command_help(struct command_call *call)
{
	enum permission level = config_permission(call->app->config, call->sender);
	struct buf text;

	buf_init(&text, MAX_REPLY_BYTES);
	buf_puts(&text, "Commands:\n");
	for (const struct command *command = commands; command->name != NULL; command++) {
		if (command->needs <= level) {
			buf_printf(&text, "`%s` - %s\n", command->name, command->help);
		}
	}
	buf_printf(&text, "Outside this management room each begins with `%s`.",
	        call->app->config->bridge.command_prefix);
	REQ("CMD-01");
	command_reply(call, "%s", buf_cstr(&text));
	buf_finish(&text);
	return STEP_DONE;
}

enum step_rc command_version(struct command_call *call)
{
	command_reply(call, "matrix-slack-bridge %s", VERSION);
	return STEP_DONE;
}

enum step_rc command_cancel(struct command_call *call)
{
	if (call->dialogue == NULL) {
		command_reply(call, "There is nothing to cancel.");
	} else {
		command_ask(call, NULL, NULL);
		command_reply(call, "Cancelled.");
	}
	return STEP_DONE;
}
