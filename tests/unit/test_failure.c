/* proves: MSG-14 */
/* Every error of Slack's is judged as the table says, and docs/errors.md is the table. */
#include "bridge/flow/failure.h"
#include "bridge/flow/refusal.h"

#include "bridge/matrix/errors.h"
#include "bridge/slack/errors.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	char letter;
	const char *name;
	enum slack_method method; /* of several one */
} calls[] = {
        {'p', "chat.postMessage", SLACK_CHAT_POST_MESSAGE},
        {'u', "chat.update", SLACK_CHAT_UPDATE},
        {'d', "chat.delete", SLACK_CHAT_DELETE},
        {'a', "reactions.add", SLACK_REACTIONS_ADD},
        {'r', "reactions.remove", SLACK_REACTIONS_REMOVE},
        {'f', "files", SLACK_CHAT_POST_MESSAGE},
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static struct err judged(const char *name, enum slack_method method)
{
	autofree char *body = xasprintf("{\"ok\":false,\"error\":\"%s\"}", name);
	const struct http_reply reply = {.status = 200, .body = str_from(body)};
	struct err err = ERR_INIT;
	cJSON *answer = NULL;

	assert_false(
	        slack_classify(slack_method_info(method), &reply, NULL, &answer, &err));
	return failure_judge(&err);
}

static void each_error_is_judged_as_the_table_says(void **state)
{
	(void)state;
	for (const struct failure *f = failures; f->name != NULL; f++) {
		for (size_t i = 0; i < CALLS; i++) {
			if (strchr(f->calls, calls[i].letter) == NULL ||
			        str_equal(f->name, "too_many_pages")) {
				continue;
			}
			struct err err = judged(f->name, calls[i].method);
			bool waits = err.kind == ERR_RETRY || err.kind == ERR_UNSURE;
			if (waits != (f->outcome == FAILURE_WAITS)) {
				fail_msg("%s of %s: %s", f->name, calls[i].name,
				        err_kind_to_str(err.kind));
			}
			assert_string_equal(err.name[0] == '\0' ? f->name : err.name,
			        str_equal(f->name, "rate_limited") ? "ratelimited"
			                                           : f->name);
		}
	}
}

static void words_are_there_where_somebody_is_told(void **state)
{
	(void)state;
	for (const struct failure *f = failures; f->name != NULL; f++) {
		bool tells = f->outcome == FAILURE_ASKS || f->outcome == FAILURE_ENDS;
		if (tells != (f->words[0] != '\0') || f->calls[0] == '\0') {
			fail_msg("%s", f->name);
		}
		assert_ptr_equal(failure_find(f->name), f);
	}
	assert_null(failure_find("never_heard_of"));
	assert_null(failure_find(""));
}

/* What may have been carried out is not looked for at once. */
static void doubt_waits_a_little(void **state)
{
	(void)state;
	struct err err = judged("fatal_error", SLACK_CHAT_POST_MESSAGE);

	assert_int_equal(err.kind, ERR_UNSURE);
	assert_int_equal(err.retry_after_ms, 3000);
}

static const struct {
	char letter;
	const char *method, *errors;
} reference[] = {
        {'p', "chat.postMessage",
                "app_access_restricted as_user_not_supported channel_not_found "
                "draft_already_deleted draft_already_sent draft_has_conflict "
                "draft_not_found duplicate_channel_not_found "
                "duplicate_message_not_found invalid_blocks invalid_blocks_format "
                "invalid_metadata_format invalid_metadata_schema is_archived "
                "markdown_text_conflict message_limit_exceeded messages_tab_disabled "
                "metadata_must_be_sent_from_app metadata_too_large "
                "msg_blocks_too_long no_text not_in_channel rate_limited "
                "restricted_action restricted_action_non_threadable_channel "
                "restricted_action_read_only_channel restricted_action_thread_locked "
                "restricted_action_thread_only_channel send_on_behalf_not_allowed "
                "slack_connect_canvas_sharing_blocked "
                "slack_connect_file_link_sharing_blocked "
                "slack_connect_lists_sharing_blocked team_not_found "
                "too_many_attachments too_many_contact_cards cannot_reply_to_message "
                "missing_file_data attachment_payload_limit_exceeded"},
        {'u', "chat.update",
                "as_user_not_supported blocked_file_type block_mismatch "
                "cant_broadcast_message cant_update_message channel_not_found "
                "edit_window_closed external_channel_migrating file_deleted "
                "file_is_deleted file_not_found file_share_limit_reached "
                "invalid_attachments invalid_blocks invalid_blocks_format "
                "invalid_metadata_format invalid_metadata_schema is_inactive "
                "markdown_text_conflict max_file_sharing_exceeded "
                "message_limit_exceeded message_not_found "
                "metadata_must_be_sent_from_app metadata_too_large msg_too_long "
                "no_dual_broadcast_content_update no_text posting_to_channel_denied "
                "slack_connect_blocked_file_type slack_connect_canvas_sharing_blocked "
                "slack_connect_clip_sharing_blocked "
                "slack_connect_file_link_sharing_blocked "
                "slack_connect_file_upload_sharing_blocked streaming_state_conflict "
                "team_not_found too_many_attachments unable_to_share_files "
                "update_failed"},
        {'d', "chat.delete", "cant_delete_message channel_not_found message_not_found"},
        {'a', "reactions.add",
                "already_reacted bad_timestamp channel_not_found "
                "external_channel_migrating invalid_name is_archived "
                "message_not_found no_item_specified not_reactable thread_locked "
                "too_many_emoji too_many_reactions no_access"},
        {'r', "reactions.remove",
                "bad_timestamp channel_not_found external_channel_migrating "
                "file_not_found file_comment_not_found invalid_name message_not_found "
                "no_item_specified no_access no_reaction thread_locked"},
        {'f', "files.getUploadURLExternal",
                "alt_txt_too_large file_upload_size_restricted file_uploads_disabled "
                "snippet_too_large storage_limit_reached unknown_snippet_type "
                "unknown_subtype file_type_not_allowed "
                "file_uploads_except_images_disabled"},
        {'f', "files.completeUploadExternal",
                "channel_not_found file_not_found file_update_failed invalid_blocks "
                "invalid_channel not_in_channel posting_to_channel_denied "
                "channels_limit_exceeded file_type_not_allowed "
                "file_uploads_except_images_disabled"},
        {'f', "files.delete",
                "cant_delete_file delete_not_allowed file_deleted "
                "file_deleting_disabled file_not_found"},
};

/* Of any method (5.1); those of connections and logins apart. */
static const char common_errors[] =
        "not_authed invalid_auth account_inactive token_revoked token_expired "
        "user_removed_from_team team_disabled no_permission missing_scope "
        "not_allowed_token_type org_login_required team_added_to_org ekm_access_denied "
        "team_access_not_granted accesslimited enterprise_is_restricted access_denied "
        "two_factor_setup_required is_bot method_deprecated deprecated_endpoint "
        "unknown_method upgrade_required invalid_arg_name invalid_array_arg "
        "invalid_arguments invalid_charset invalid_form_data invalid_post_type "
        "missing_post_type invalid_json json_not_object missing_argument request_timeout "
        "service_unavailable internal_error fatal_error ratelimited rate_limited";

static void check_listed(char letter, const char *method, const char *errors)
{
	for (const char *at = errors; *at != '\0';) {
		size_t n = strcspn(at, " ");
		autofree char *name = xstrndup(at, n);
		const struct failure *failure = failure_find(name);
		if (failure == NULL || strchr(failure->calls, letter) == NULL) {
			fail_msg("%s of %s is not in the table", name, method);
		}
		at += n + strspn(at + n, " ");
	}
}

/* Every error that Slack documents for what the bridge calls is in the table. */
static void the_table_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(reference) / sizeof(reference[0]); i++) {
		check_listed(
		        reference[i].letter, reference[i].method, reference[i].errors);
	}
	for (size_t i = 0; i < CALLS; i++) {
		check_listed(calls[i].letter, calls[i].name, common_errors);
	}
}

/* ---------------------------------------------------------------- the homeserver's */

static struct err refused(int status, const char *errcode)
{
	autofree char *body = xasprintf("{\"errcode\":\"%s\",\"error\":\"x\"}", errcode);
	const struct http_reply reply = {.status = status, .body = str_from(body)};
	struct err err = ERR_INIT;
	cJSON *answer = NULL;

	assert_false(
	        matrix_classify(MATRIX_REPEATABLE, "send", &reply, NULL, &answer, &err));
	return err;
}

/* With the status that it comes with (matrix-protocol notes, 3.2). */
static int status_of(const char *errcode)
{
	static const struct {
		const char *errcode;
		int status;
	} statuses[] = {
	        {"M_LIMIT_EXCEEDED", 429},
	        {"M_UNKNOWN_TOKEN", 401},
	        {"M_MISSING_TOKEN", 401},
	        {"M_TOO_LARGE", 413},
	        {"M_NOT_FOUND", 404},
	        {"M_UNRECOGNIZED", 404},
	        {"M_FORBIDDEN", 403},
	        {"M_USER_DEACTIVATED", 403},
	        {"M_GUEST_ACCESS_FORBIDDEN", 403},
	};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (str_equal(statuses[i].errcode, errcode)) {
			return statuses[i].status;
		}
	}
	return 400;
}

static void each_refusal_is_judged_as_its_table_says(void **state)
{
	(void)state;
	for (const struct refusal *r = refusals; r->name != NULL; r++) {
		struct err err = refused(status_of(r->name), r->name);
		bool tells = r->outcome == FAILURE_ASKS || r->outcome == FAILURE_ENDS;
		assert_int_equal(err.kind,
		        r->outcome == FAILURE_WAITS ? ERR_RETRY : ERR_PERMANENT);
		assert_string_equal(err.name, r->name);
		if (tells != (r->words[0] != '\0')) {
			fail_msg("%s", r->name);
		}
		assert_ptr_equal(refusal_find(r->name), r);
	}
	assert_null(refusal_find("M_NEVER_HEARD_OF"));
}

static void add_refusals(struct buf *out)
{
	static const char *const outcomes[] = {
	        [FAILURE_WAITS] = "tried again",
	        [FAILURE_ASKS] = "given up; somebody can do something about it",
	        [FAILURE_ENDS] = "given up",
	        [FAILURE_FINE] = "no error: it is so already",
	};

	buf_puts(out,
	        "\n# What the homeserver refuses\n\n"
	        "What becomes of what came from Slack - a message, an edit, a deletion, a "
	        "reaction, a file - when the homeserver answers with an error. The table is "
	        "that of `bridge/flow/refusal.c`. Status 429, 408 and 5xx, lost answers, and "
	        "pages of a proxy's with status 401, 403, 404 or 405 are tried again, for "
	        "ever, in order; any other errcode is given up, and the room hears the "
	        "homeserver's own words.\n\n"
	        "Its author on Slack cannot be told. The room is: \"A message from Slack by "
	        "Alice was not delivered: \" and these words, of an edit, a deletion or a "
	        "reaction as an answer to the message. Where the bridge bot may not speak in "
	        "the room, the owner of the login is told in the management room. Whoever "
	        "may talk through the bridge tries it again by reacting to the notice with "
	        "\xF0\x9F\x94\x81, or with the command `retry`: in the conversation's room all "
	        "that was given up there, both ways; in the management room a list, "
	        "`retry <number>` and `retry all`.\n\n"
	        "| errcode | outcome | words |\n|---|---|---|\n");
	for (const struct refusal *r = refusals; r->name != NULL; r++) {
		buf_printf(out, "| `%s` | %s | %s |\n", r->name, outcomes[r->outcome],
		        r->words);
	}
}

/* ---------------------------------------------------------------- the document */

static void add_calls(struct buf *out, const char *letters)
{
	const char *before = "";

	for (size_t i = 0; i < CALLS; i++) {
		if (strchr(letters, calls[i].letter) != NULL) {
			buf_printf(out, "%s%s", before, calls[i].name);
			before = ", ";
		}
	}
}

static char *document(void)
{
	static const struct {
		enum failure_outcome outcome;
		const char *title, *text;
	} parts[] = {
	        {FAILURE_WAITS, "Tried again",
	                "The message waits, and what comes after it in its conversation with "
	                "it, until Slack takes it: after the time Slack names, otherwise "
	                "after 1 s to 5 min. Refused tokens are waited for until somebody "
	                "has logged in again. What may have been carried out is looked for "
	                "first. Likewise: HTTP status 429 and 5xx, lost answers and "
	                "connections."},
	        {FAILURE_ASKS, "Given up, with what can be done about it",
	                "The sender is told in the room, as an answer to the message: "
	                "\"Your message was not delivered to Slack: \" and these words. "
	                "For an edit, a deletion or a reaction it says so. A message that "
	                "was refused is tried again when anybody reacts to it with "
	                "\xF0\x9F\x94\x81, or when its sender edits it; anything else when "
	                "somebody reacts so to the notice. The command `retry`, said in the "
	                "room, tries all again that was given up there."},
	        {FAILURE_ENDS, "Given up", "The sender is told likewise."},
	        {FAILURE_FINE, "No errors",
	                "It is so already: nobody is told, and it counts as done."},
	};
	struct buf out;

	buf_init(&out, 1024 * 1024);
	buf_puts(&out,
	        "# What Slack refuses\n\n"
	        "What becomes of a message, an edit, a deletion, a reaction or a file that "
	        "Slack answers with an error. The table is that of "
	        "`bridge/flow/failure.c`; a test compares them. Any other word of Slack's "
	        "is told to the sender as it is.\n");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		buf_printf(&out, "\n## %s\n\n%s\n\n", parts[i].title, parts[i].text);
		buf_puts(&out, "| error | of | words |\n|---|---|---|\n");
		for (const struct failure *f = failures; f->name != NULL; f++) {
			if (f->outcome == parts[i].outcome) {
				buf_printf(&out, "| `%s` | ", f->name);
				add_calls(&out, f->calls);
				buf_printf(&out, " | %s |\n", f->words);
			}
		}
	}
	add_refusals(&out);
	return buf_take(&out);
}

static char *read_document(void)
{
	FILE *file = fopen("docs/errors.md", "r");
	struct buf text;
	char block[4096];
	size_t n;

	buf_init(&text, 1024 * 1024);
	while (file != NULL && (n = fread(block, 1, sizeof(block), file)) > 0) {
		buf_add(&text, block, n);
	}
	if (file != NULL) {
		fclose(file);
	}
	char *whole = buf_take(&text);
	return whole == NULL ? xstrdup("") : whole;
}

static void the_document_is_the_table(void **state)
{
	(void)state;
	autofree char *expected = document();
	autofree char *found = read_document();

	if (strcmp(expected, found) != 0) {
		FILE *file = fopen("out/errors.md", "w");
		if (file != NULL) {
			fputs(expected, file);
			fclose(file);
		}
		fail_msg("docs/errors.md is not the table: copy out/errors.md over it");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_error_is_judged_as_the_table_says),
	        cmocka_unit_test(words_are_there_where_somebody_is_told),
	        cmocka_unit_test(doubt_waits_a_little),
	        cmocka_unit_test(the_table_is_complete),
	        cmocka_unit_test(each_refusal_is_judged_as_its_table_says),
	        cmocka_unit_test(the_document_is_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
