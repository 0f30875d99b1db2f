/* app: the daemon's parts, as the flows and commands see them. */
#ifndef BRIDGE_FLOW_APP_H
#define BRIDGE_FLOW_APP_H

#include "bridge/config/config.h"
#include "bridge/matrix/client.h"
#include "bridge/queue/queue.h"
#include "bridge/slack/web_api.h"
#include "bridge/store/store.h"
#include "lib/http_client.h"
#include "lib/loop.h"
#include "lib/ws_client.h"

struct app { /* made and unmade by bridge.c; every pointer is set while flows run */
	struct loop *loop;
	const struct config *config;
	struct store *store;
	struct secrets *secrets;
	struct http_client *http;
	struct ws_context *ws;
	struct matrix *matrix;
	struct queue *queue;
	struct logins *logins;
	struct user_logins *users;
	struct portals *portals;
	struct ghosts *ghosts;
	struct members *members;
	struct power *power;
	struct profiles *profiles;
	struct files *files;
	struct emoji_images *emoji_images;
	/* Of the Web API clients to be made; NULL: none. */
	slack_observer_fn *slack_observer;
	void *slack_observer_arg;
	uint64_t seed;       /* of all jitter */
	struct map *unknown; /* types of events that were logged as unknown */
	struct waiting *waiting;
	cJSON *poison; /* events the doors leave out: see quarantine.h; NULL: none yet */
	char life[40]; /* differs from process to process */
};

/* Names of flows, as stored in the inbox: never changed. */
#define FLOW_SLACK_MESSAGE "slack_message"
#define FLOW_SLACK_EDIT "slack_edit"
#define FLOW_SLACK_DELETION "slack_deletion"
#define FLOW_SLACK_REACTION "slack_reaction"
#define FLOW_SLACK_FILE "slack_file"
#define FLOW_SLACK_FILE_CARRY "slack_file_carry"
#define FLOW_SLACK_FILE_GONE "slack_file_gone"
#define FLOW_CATCH_UP "catch_up"
#define FLOW_SLACK_LIMITED "slack_limited"
#define FLOW_OPEN_PORTAL "open_portal"
#define FLOW_INVITE_OWNER "invite_owner"
#define FLOW_LOGIN_SYNC "login_sync"
#define FLOW_LOGIN_LOOK "login_look"
#define FLOW_SLACK_CHANNEL "slack_channel"
#define FLOW_SLACK_MEMBER "slack_member"
#define FLOW_ROOM_END "room_end"
#define FLOW_SLACK_USER "slack_user"
#define FLOW_CHANNEL_MOVED "channel_moved"
#define FLOW_MATRIX_MESSAGE "matrix_message"
#define FLOW_MATRIX_EDIT "matrix_edit"
#define FLOW_MATRIX_REDACTION "matrix_redaction"
#define FLOW_MATRIX_REACTION "matrix_reaction"
#define FLOW_MATRIX_STATE "matrix_state"
#define FLOW_MATRIX_MEMBER "matrix_member"
#define FLOW_MATRIX_FILE "matrix_file"
#define FLOW_MATRIX_FILE_CARRY "matrix_file_carry"
#define FLOW_FILE_DELETE "file_delete"
#define FLOW_INVITE "invite"
#define FLOW_COMMAND "command"
#define FLOW_NOTICE "notice"
#define FLOW_TELL_OWNER "tell_owner"
#define FLOW_DECLARED_LOGIN "declared_login"
#define FLOW_LEFT_OUT "left_out"
#define FLOW_ROOM_CLEANUP "room_cleanup"
#define FLOW_EMOJI_LIST "emoji_list"
#define FLOW_GROUP_LIST "group_list"
#define FLOW_WAIT_MARK "wait_mark"
#define FLOW_WAIT_CLEAR "wait_clear"

extern const struct flow_def slack_message_flow, slack_edit_flow, slack_deletion_flow,
        slack_reaction_flow, catch_up_flow, open_portal_flow, invite_owner_flow,
        login_sync_flow, login_look_flow, slack_channel_flow, slack_member_flow,
        channel_moved_flow, matrix_message_flow, matrix_edit_flow, matrix_redaction_flow,
        matrix_reaction_flow, invite_flow, command_flow, notice_flow, slack_file_flow,
        slack_file_carry_flow, slack_file_gone_flow, matrix_file_flow,
        matrix_file_carry_flow, file_delete_flow, tell_owner_flow, declared_login_flow,
        room_cleanup_flow, left_out_flow, slack_limited_flow, emoji_list_flow,
        group_list_flow, wait_mark_flow, wait_clear_flow;
extern const struct flow_def matrix_state_flow, matrix_member_flow, room_end_flow;
extern const struct flow_def slack_user_flow;
/* All of them, ending with NULL. */
extern const struct flow_def *const all_flows[];

/* A client of Slack's Web API, audited if that is configured. workspace: its ID, "" if
 * not known yet. */
struct slack_api *app_slack_api(
        const struct app *app, const char *token, const char *workspace);

/* Lanes: a conversation in one direction. Caller frees. */
char *lane_from_slack(const char *team_id, const char *channel_id);
char *lane_from_matrix(const char *room_id);

/* What is said to the bot in a text that begins with the command prefix, as a word of its
 * own; NULL if it does not. Borrowed from body. */
const char *app_command_text(const struct app *app, const char *body);

/* Is this one of our own users: the bot or a ghost? */
bool app_is_own_user(const struct app *app, const char *mxid);

/* The Slack user of this workspace whose ghost it is, NULL if it is none. Caller frees.
 */
char *app_slack_user(const struct app *app, const char *team_id, const char *mxid);

#endif
