#include "bridge/command/command.h"

const struct command commands[] = {
        {"help", "show this list", PERM_COMMANDS, false, command_help, NULL},
        {"login app", "log in to a workspace with the tokens of a Slack app", PERM_USER,
                true, command_login_app, command_login_app_finish},
        {"login token",
                "be yourself on Slack: log in with the token and the cookie of your Slack "
                "client",
                PERM_USER, true, command_login_token, command_login_token_finish},
        {"logout", "forget the tokens of a login: `logout`, or `logout <name>`",
                PERM_USER, false, command_logout, NULL},
        {"list-logins", "list the workspaces you are logged in to", PERM_USER, false,
                command_list_logins, NULL},
        {"status", "show the workspaces, the state of their connections and what waits",
                PERM_COMMANDS, false, command_status, NULL},
        {"ping", "the same as `status`", PERM_COMMANDS, false, command_status, NULL},
        {"quarantine", "show what made the bridge crash; release <number>: try it again",
                PERM_ADMIN, false, command_quarantine, NULL},
        {"retry",
                "try again what was given up: in a conversation's room all of it, here "
                "a list, `retry <number>` or `retry all`",
                PERM_USER, false, command_retry, NULL},
        {"kept", "show what came from Slack and could not be made out", PERM_ADMIN, true,
                command_kept, NULL},
        {"cancel", "stop the command that is waiting for an answer", PERM_COMMANDS, false,
                command_cancel, NULL},
        {"version", "show the version of the bridge", PERM_COMMANDS, false,
                command_version, NULL},
        {0},
};
