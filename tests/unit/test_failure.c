/* proves: MSG-14 */
/* Every error of Slack's is judged as the table says, and docs/errors.md is the table. */
#include "bridge/flow/failure.h"

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
	                "\xF0\x9F\x94\x81, or when its sender edits it."},
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
	        cmocka_unit_test(the_document_is_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
