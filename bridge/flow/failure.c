#include "bridge/flow/failure.h"

#include "bridge/flow/app.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/retry.h"
#include "bridge/flow/slack_channel.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	/* How long Slack may still be at work on a request whose answer is lost. */
	LOOK_AFTER_MS = 3000,
};

/* Sources: Slack protocol reference, 3.4 and 5.1 (errors by method, and of all). */
const struct failure failures[] = {
        {"ratelimited", "pudarf", FAILURE_WAITS, ""},
        {"rate_limited", "pudarf", FAILURE_WAITS, ""},
        {"service_unavailable", "pudarf", FAILURE_WAITS, ""},
        {"request_timeout", "pudarf", FAILURE_WAITS, ""},
        {"team_added_to_org", "pudarf", FAILURE_WAITS, ""},
        {"org_login_required", "pudarf", FAILURE_WAITS, ""},
        {"fatal_error", "pudarf", FAILURE_WAITS, ""},
        {"internal_error", "pudarf", FAILURE_WAITS, ""},
        {"account_inactive", "pudarf", FAILURE_WAITS, ""},
        {"invalid_auth", "pudarf", FAILURE_WAITS, ""},
        {"not_authed", "pudarf", FAILURE_WAITS, ""},
        {"token_expired", "pudarf", FAILURE_WAITS, ""},
        {"token_revoked", "pudarf", FAILURE_WAITS, ""},
        {"team_disabled", "pudarf", FAILURE_WAITS, ""},
        {"user_removed_from_team", "pudarf", FAILURE_WAITS, ""},
        {"already_reacted", "a", FAILURE_FINE, ""},
        {"no_reaction", "r", FAILURE_FINE, ""},
        {"message_not_found", "udar", FAILURE_FINE, ""},
        {"is_archived", "paf", FAILURE_ASKS,
                "the Slack channel is archived; it can be unarchived on Slack"},
        {"is_inactive", "u", FAILURE_ASKS,
                "the Slack channel is archived or frozen; it can be unarchived on Slack"},
        {"not_in_channel", "pudarf", FAILURE_ASKS,
                "the Slack bot is not in the channel; invite it there"},
        {"channel_not_found", "pudarf", FAILURE_ASKS,
                "the Slack channel does not exist, or the bot cannot see it; invite it there"},
        {"missing_scope", "pudarf", FAILURE_ASKS,
                "the Slack app lacks a permission for this; add it and install the app again"},
        {"no_permission", "pudarf", FAILURE_ASKS,
                "the Slack app lacks a permission for this; add it and install the app again"},
        {"not_allowed_token_type", "pudarf", FAILURE_ASKS,
                "this needs another kind of token; log in again"},
        {"access_denied", "pudarf", FAILURE_ASKS,
                "the workspace does not let the app do this; its administrators can"},
        {"app_access_restricted", "p", FAILURE_ASKS,
                "the workspace restricts the app; its administrators can allow it"},
        {"restricted_action", "p", FAILURE_ASKS,
                "the workspace does not allow posting there; its administrators can"},
        {"restricted_action_read_only_channel", "p", FAILURE_ASKS,
                "only some people may post in this Slack channel; its managers can allow the app"},
        {"restricted_action_thread_only_channel", "p", FAILURE_ASKS,
                "in this Slack channel only threads may be written in; answer in one"},
        {"restricted_action_non_threadable_channel", "p", FAILURE_ASKS,
                "this Slack channel has no threads; write outside of one"},
        {"restricted_action_thread_locked", "p", FAILURE_ASKS,
                "the thread is locked on Slack; write outside of it"},
        {"thread_locked", "ar", FAILURE_ASKS, "the thread is locked on Slack"},
        {"message_limit_exceeded", "pu", FAILURE_ASKS,
                "the workspace has reached its limit of messages; its administrators can change the plan"},
        {"msg_too_long", "pu", FAILURE_ASKS,
                "it is too long for Slack; send it in parts"},
        {"msg_blocks_too_long", "pu", FAILURE_ASKS,
                "it is too long for Slack; send it in parts"},
        {"no_text", "pu", FAILURE_ASKS, "there is nothing in it that Slack can show"},
        {"edit_window_closed", "u", FAILURE_ASKS,
                "the workspace does not allow edits of a message this old; send a new one"},
        {"invalid_name", "ar", FAILURE_ASKS, "Slack has no such emoji; use another one"},
        {"too_many_emoji", "a", FAILURE_ASKS,
                "the message has as many different reactions on Slack as it can have; use one of those"},
        {"too_many_reactions", "a", FAILURE_ASKS,
                "the bridge has reacted to the message as often as Slack allows; use a reaction that is there"},
        {"messages_tab_disabled", "p", FAILURE_ASKS,
                "the app takes no messages; switch its messages tab on"},
        {"cannot_reply_to_message", "p", FAILURE_ASKS,
                "Slack does not allow replies to that message; write outside of its thread"},
        {"file_uploads_disabled", "f", FAILURE_ASKS,
                "the workspace does not allow files; its administrators can"},
        {"file_uploads_except_images_disabled", "f", FAILURE_ASKS,
                "the workspace allows no files but images; its administrators can"},
        {"file_type_not_allowed", "f", FAILURE_ASKS,
                "the workspace does not allow files of this type"},
        {"blocked_file_type", "uf", FAILURE_ASKS,
                "the workspace does not allow files of this type"},
        {"file_upload_size_restricted", "f", FAILURE_ASKS,
                "the file is larger than Slack allows; send a link to it"},
        {"snippet_too_large", "f", FAILURE_ASKS,
                "the file is larger than Slack allows; send a link to it"},
        {"storage_limit_reached", "f", FAILURE_ASKS,
                "the workspace's storage is full; its administrators can change that"},
        {"posting_to_channel_denied", "uf", FAILURE_ASKS,
                "the workspace does not allow posting there; its administrators can"},
        {"channels_limit_exceeded", "f", FAILURE_ASKS,
                "the file is shared in too many places"},
        {"slack_connect_file_upload_sharing_blocked", "uf", FAILURE_ASKS,
                "files may not be shared with the other organisation"},
        {"slack_connect_file_link_sharing_blocked", "pu", FAILURE_ASKS,
                "links to files may not be shared with the other organisation"},
        {"slack_connect_canvas_sharing_blocked", "puf", FAILURE_ASKS,
                "canvases may not be shared with the other organisation"},
        {"slack_connect_clip_sharing_blocked", "u", FAILURE_ASKS,
                "clips may not be shared with the other organisation"},
        {"slack_connect_lists_sharing_blocked", "p", FAILURE_ASKS,
                "lists may not be shared with the other organisation"},
        {"slack_connect_blocked_file_type", "u", FAILURE_ASKS,
                "files of this type may not be shared with the other organisation"},
        {"external_channel_migrating", "uar", FAILURE_ASKS,
                "the Slack channel is being moved; try again later"},
        {"unable_to_share_files", "u", FAILURE_ASKS,
                "Slack could not share the files; send them again"},
        {"max_file_sharing_exceeded", "u", FAILURE_ASKS,
                "there are too many files in it; send fewer"},
        {"file_share_limit_reached", "u", FAILURE_ASKS,
                "the file is shared in too many places"},
        {"cant_update_message", "u", FAILURE_ENDS,
                "Slack lets the bridge edit its own messages only"},
        {"cant_delete_message", "d", FAILURE_ENDS,
                "Slack lets the bridge delete its own messages only"},
        {"cant_broadcast_message", "u", FAILURE_ENDS,
                "Slack does not show this reply in the channel"},
        {"no_dual_broadcast_content_update", "u", FAILURE_ENDS,
                "Slack does not take both changes at once"},
        {"streaming_state_conflict", "u", FAILURE_ENDS,
                "the message is still being written on Slack"},
        {"update_failed", "u", FAILURE_ENDS, "Slack could not change the message"},
        {"file_deleted", "uf", FAILURE_ENDS, "the file was deleted on Slack"},
        {"file_is_deleted", "u", FAILURE_ENDS, "the file was deleted on Slack"},
        {"file_not_found", "urf", FAILURE_ENDS, "the file is not on Slack any more"},
        {"file_comment_not_found", "r", FAILURE_ENDS,
                "the comment is not on Slack any more"},
        {"not_reactable", "a", FAILURE_ENDS, "Slack allows no reactions to this message"},
        {"no_access", "ar", FAILURE_ENDS,
                "Slack does not let the bridge see that message"},
        {"bad_timestamp", "ar", FAILURE_ENDS, "Slack does not know that message"},
        {"no_item_specified", "ar", FAILURE_ENDS, "Slack does not know that message"},
        {"team_not_found", "pu", FAILURE_ENDS, "Slack does not know the workspace"},
        {"ekm_access_denied", "pudarf", FAILURE_ENDS,
                "the workspace's key management refuses access"},
        {"enterprise_is_restricted", "pudarf", FAILURE_ENDS,
                "the organisation does not allow this call"},
        {"method_deprecated", "pudarf", FAILURE_ENDS,
                "Slack has switched this call off; the bridge is too old"},
        {"deprecated_endpoint", "pudarf", FAILURE_ENDS,
                "Slack has switched this call off; the bridge is too old"},
        {"unknown_method", "pudarf", FAILURE_ENDS,
                "Slack has switched this call off; the bridge is too old"},
        {"upgrade_required", "pudarf", FAILURE_ENDS,
                "Slack has switched this call off; the bridge is too old"},
        {"accesslimited", "pudarf", FAILURE_ASKS,
                "the workspace does not allow access from the bridge's network; its administrators can"},
        {"team_access_not_granted", "pudarf", FAILURE_ASKS,
                "the organisation has not given the app access to this workspace; its administrators can"},
        {"file_deleting_disabled", "f", FAILURE_ASKS,
                "the workspace does not allow files to be deleted; its administrators can"},
        {"cant_delete_file", "f", FAILURE_ENDS,
                "Slack does not let the bridge delete this file"},
        {"delete_not_allowed", "f", FAILURE_ENDS,
                "Slack does not let the bridge delete this file"},
        {"two_factor_setup_required", "pudarf", FAILURE_ASKS,
                "the workspace asks for two-factor authentication to be set up"},
        {"as_user_not_supported", "pu", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"send_on_behalf_not_allowed", "p", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"invalid_arguments", "pudarf", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"invalid_arg_name", "pudarf", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"invalid_array_arg", "pudarf", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"invalid_charset", "pudarf", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"invalid_form_data", "pudarf", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"invalid_json", "pudarf", FAILURE_ENDS, "Slack refused the form of the request"},
        {"invalid_post_type", "pudarf", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"missing_post_type", "pudarf", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"json_not_object", "pudarf", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"missing_argument", "pudarf", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"is_bot", "pudarf", FAILURE_ENDS, "Slack refused the form of the request"},
        {"invalid_blocks", "puf", FAILURE_ENDS, "Slack refused the form of the message"},
        {"invalid_blocks_format", "pu", FAILURE_ENDS,
                "Slack refused the form of the message"},
        {"block_mismatch", "u", FAILURE_ENDS, "Slack refused the form of the message"},
        {"invalid_attachments", "u", FAILURE_ENDS,
                "Slack refused the form of the message"},
        {"too_many_attachments", "pu", FAILURE_ENDS,
                "Slack refused the form of the message"},
        {"attachment_payload_limit_exceeded", "p", FAILURE_ENDS,
                "Slack refused the form of the message"},
        {"too_many_contact_cards", "p", FAILURE_ENDS,
                "Slack refused the form of the message"},
        {"markdown_text_conflict", "pu", FAILURE_ENDS,
                "Slack refused the form of the message"},
        {"missing_file_data", "p", FAILURE_ENDS, "Slack refused the form of the message"},
        {"invalid_metadata_format", "pu", FAILURE_ENDS,
                "Slack refused the bridge's mark on the message"},
        {"invalid_metadata_schema", "pu", FAILURE_ENDS,
                "Slack refused the bridge's mark on the message"},
        {"metadata_too_large", "pu", FAILURE_ENDS,
                "Slack refused the bridge's mark on the message"},
        {"metadata_must_be_sent_from_app", "pu", FAILURE_ENDS,
                "Slack refused the bridge's mark on the message"},
        {"duplicate_channel_not_found", "p", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"duplicate_message_not_found", "p", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"draft_already_deleted", "p", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"draft_already_sent", "p", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"draft_has_conflict", "p", FAILURE_ENDS,
                "Slack refused the form of the request"},
        {"draft_not_found", "p", FAILURE_ENDS, "Slack refused the form of the request"},
        {"file_update_failed", "f", FAILURE_ENDS, "Slack could not take the file"},
        {"invalid_channel", "f", FAILURE_ENDS, "Slack does not know the channel"},
        {"alt_txt_too_large", "f", FAILURE_ENDS,
                "the description of the file is too long for Slack"},
        {"unknown_snippet_type", "f", FAILURE_ENDS, "Slack refused the form of the file"},
        {"unknown_subtype", "f", FAILURE_ENDS, "Slack refused the form of the file"},
        {"too_many_pages", "pu", FAILURE_ENDS,
                "it may be there: it could not be found out among so many messages"},
        {NULL, "", FAILURE_ENDS, ""},
};

const struct failure *failure_find(const char *name)
{
	for (const struct failure *failure = failures; failure->name != NULL; failure++) {
		if (str_equal(failure->name, name)) {
			return failure;
		}
	}
	return NULL;
}

/* What these words say of a channel may not be known yet. */
static void look_at_channel(struct flow *flow, struct store_tx *tx)
{
	static const char *const words[] = {"is_archived", "is_inactive",
	        "not_in_channel", "channel_not_found",
	        "restricted_action_read_only_channel", NULL};
	const struct portal *portal = payload_portal(flow);
	autofree char *key = xasprintf("look:%s:%u", flow->key, flow->attempts);

	for (const char *const *word = words; portal != NULL && *word != NULL; word++) {
		if (str_equal(*word, flow->err.name)) {
			slack_channel_look(
			        flow->app, tx, key, portal->team_id, portal->channel_id);
			return;
		}
	}
}

void failure_tell(struct flow *flow, struct store_tx *tx, const char *what,
        const char *event, const char *once)
{
	const struct failure *failure = failure_find(flow->err.name);
	bool has_words = failure != NULL && failure->words[0] != '\0';
	bool has_name = flow->err.name[0] != '\0';
	bool is_message = str_equal(what, "message") || str_equal(what, "file");
	/* One that is tried again may fail again: that is said again. */
	autofree char *job = xasprintf("%s:%u", flow->key, flow->attempts);
	autofree char *key = xasprintf("notice:%s", once == NULL ? job : once);
	autofree char *text =
	        xasprintf("\xE2\x9A\xA0 Your %s was not delivered to Slack: %s.%s%s%s%s",
	                what, has_words ? failure->words : flow->err.msg,
	                has_name ? " (" : "", flow->err.name, has_name ? ")" : "",
	                is_message ? " React to it with " RETRY_KEY " to try again."
	                           : " React to this with " RETRY_KEY " to try again.");

	const struct notice notice = {
	        .room_id = payload_text(flow, "room"),
	        .reply_to = event,
	        .text = text,
	        .about = flow->key,
	};
	REQ("MSG-14");
	notice_say(flow->app, tx, key, &notice);
	look_at_channel(flow, tx);
}

struct err failure_judge(const struct err *err)
{
	const struct failure *failure = failure_find(err->name);
	struct err judged = *err;

	if (err->kind == ERR_PERMANENT && failure != NULL &&
	        failure->outcome == FAILURE_WAITS) {
		judged.kind = ERR_RETRY;
	}

	if (judged.kind == ERR_UNSURE && judged.retry_after_ms < LOOK_AFTER_MS) {
		judged.retry_after_ms = LOOK_AFTER_MS;
	}
	return judged;
}
