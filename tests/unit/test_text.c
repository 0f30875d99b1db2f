/* proves: MSG-01 */
#include "bridge/convert/text.h"
#include "lib/mem.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *slack, *plain;
} from_slack[] = {
        {"", ""},
        {"hello", "hello"},
        {"a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"},
        {"&quot;", "&quot;"},
        {"see <https://x.y/a?b=1&amp;c=2>", "see https://x.y/a?b=1&c=2"},
        {"<https://x.y|the page>", "the page (https://x.y)"},
        {"<https://x.y|https://x.y>", "https://x.y"},
        {"<@U123> and <@U123|carol>", "@U123 and @carol"},
        {"<#C1|general> <#C1|> <#C1>", "#general #C1 #C1"},
        {"<!here> <!channel> <!here|@here>", "@here @channel @here"},
        {"<!subteam^S1|@ops>", "@ops"},
        {"<!date^1700000000^{date}|Nov 14>", "Nov 14"},
        {"1 < 2", "1 < 2"},
        {"<", "<"},
        {"<>", "<>"},
        {"<|>", "<|>"},
        {"<|label>", "<|label>"},
        {"<> <@U1>", "<> @U1"},
        {"<@>", "@"},
        {"<unclosed", "<unclosed"},
};

static void slack_text_becomes_readable(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(from_slack) / sizeof(from_slack[0]); i++) {
		autofree char *plain = text_from_slack(from_slack[i].slack);
		assert_string_equal(plain, from_slack[i].plain);
	}
}

static void every_prefix_is_survived(void **state)
{
	static const char text[] = "a<@U1|b>&lt;&amp<!date^1^x|y><https://x|z>";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		autofree char *prefix = xstrndup(text, n);
		autofree char *plain = text_from_slack(prefix);
		assert_non_null(plain);
	}
}

/* Openings without an end stand for themselves, however many there are. */
static void a_text_of_brackets_stays_as_it_is(void **state)
{
	enum { MANY = 500 * 1000 };
	char *text = xmalloc(MANY + 1);

	(void)state;
	memset(text, '<', MANY);
	text[MANY] = '\0';
	autofree char *plain = text_from_slack(text);
	assert_int_equal(strlen(plain), MANY);
	free(text);
}

/* Nothing a Matrix user writes may become a mention or a command on Slack. */
static void matrix_text_cannot_command_slack(void **state)
{
	(void)state;
	autofree char *text = text_to_slack("<!channel> <@U1> & \"x\"");
	assert_string_equal(text, "&lt;!channel&gt; &lt;@U1&gt; &amp; \"x\"");
	autofree char *back = text_from_slack(text);
	assert_string_equal(back, "<!channel> <@U1> & \"x\"");
}

static const struct {
	const char *text;
	size_t max;
	const char *pieces; /* with | between */
} pieces[] = {
        {"", 12, ""},
        {"short", 12, "short"},
        {"twelve bytes", 12, "twelve bytes"},
        {"a line\nand another", 12, "a line|and another"},
        {"one\ntwo\nthree four", 12, "one\ntwo|three four"},
        {"no break in this", 12, "no break in|this"},
        {"withoutanyspacesatall", 12, "withoutanysp|acesatall"},
        {"early notagaintilltheend", 12, "early notaga|intilltheend"},
        {"\"\"\"\"\"\"\"", 12, "\"\"\"\"\"\"|\""},
        {"\x01\x02\x03", 12, "\x01\x02|\x03"},
        {"x\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 12,
                "x\xF0\x9F\x98\x80\xF0\x9F\x98\x80|\xF0\x9F\x98\x80"},
        {"\n\n\n\n\n\n\n\n", 12, "\n\n\n\n\n|\n\n"},
        {"ends in a break\n", 12, "ends in a|break\n"},
};

static void long_texts_are_cut_where_it_hurts_least(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		char all[200] = "";
		const char *rest = pieces[i].text;
		do {
			autofree char *piece = text_piece(rest, pieces[i].max, &rest);
			strncat(all, piece, sizeof(all) - strlen(all) - 1);
			if (*rest != '\0') {
				strncat(all, "|", sizeof(all) - strlen(all) - 1);
			}
		} while (*rest != '\0');
		assert_string_equal(all, pieces[i].pieces);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(slack_text_becomes_readable),
	        cmocka_unit_test(every_prefix_is_survived),
	        cmocka_unit_test(a_text_of_brackets_stays_as_it_is),
	        cmocka_unit_test(long_texts_are_cut_where_it_hurts_least),
	        cmocka_unit_test(matrix_text_cannot_command_slack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
