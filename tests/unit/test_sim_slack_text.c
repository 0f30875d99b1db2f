#include "sim-slack/ids.h"
#include "sim-slack/scopes.h"
#include "sim-slack/text.h"
#include "tests/unit/sim_slack_fixture.h"

static void test_stored_text(void **state)
{
	static const struct {
		const char *raw, *stored;
	} cases[] = {
	        {"", ""},
	        {"plain", "plain"},
	        {"a & b", "a &amp; b"},
	        {"a &amp; b &lt; &gt;", "a &amp; b &lt; &gt;"},
	        {"&quot;", "&amp;quot;"},
	        {"1 < 2 > 0", "1 &lt; 2 &gt; 0"},
	        {"<@U1> <#C1|general> <!here>", "<@U1> <#C1|general> <!here>"},
	        {"<https://x.org|x>", "<https://x.org|x>"},
	        {"<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"},
	        {"<>", "&lt;&gt;"},
	        {"<@U1", "&lt;@U1"},
	        {"see https://x.org/?a=1&b=2.", "see <https://x.org/?a=1&amp;b=2>."},
	        {"(http://x.org)", "(<http://x.org>)"},
	        {"xhttps://x.org", "xhttps://x.org"},
	        {"https://", "https://"},
	        {"`https://x.org` https://y", "`https://x.org` <https://y>"},
	        {"g\xc3\xbc\xc3\x9f \xf0\x9f\x91\x8b", "g\xc3\xbc\xc3\x9f :wave:"},
	        {"\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbf.", ":+1::skin-tone-6:."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *stored = text_store(cases[i].raw);
		autofree char *twice = text_store(stored);

		assert_string_equal(stored, cases[i].stored);
		assert_string_equal(twice, stored);
	}
}

static void test_text_is_cut_at_40000(void **state)
{
	autofree char *long_text = xcalloc(1, 2 * 50000 + 1), *stored = NULL;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		memcpy(long_text + 2 * i, "\xc3\xbc", 2);
	}
	stored = text_store(long_text);
	assert_int_equal(text_length(stored), TEXT_MAX_CHARS);
	assert_true(str_is_utf8(str_from(stored)));
}

static void add_texts(struct buf *out, const cJSON *elements)
{
	const cJSON *element;

	buf_puts(out, "[");
	cJSON_ArrayForEach(element, elements)
	{
		buf_puts(out, json_str_or(element, "text", "?"));
	}
	buf_puts(out, "]");
}

/* "section[text]bullet0[item][item]". Caller frees. */
static char *shape_of(const cJSON *containers)
{
	const cJSON *one, *item;
	struct buf out;

	buf_init(&out, 10000);
	cJSON_ArrayForEach(one, containers)
	{
		const char *type = json_str(one, "type") + strlen("rich_text_");

		if (!str_equal(type, "list")) {
			buf_puts(&out, type);
			add_texts(&out, json_arr(one, "elements"));
			continue;
		}
		buf_printf(&out, "%s%d", json_str(one, "style"),
		        (int)json_int(one, "indent", 0));
		if (json_get(one, "offset")) {
			buf_printf(&out, "+%d", (int)json_int(one, "offset", 0));
		}
		cJSON_ArrayForEach(item, json_arr(one, "elements"))
		{
			add_texts(&out, json_arr(item, "elements"));
		}
	}
	return buf_take(&out);
}

static void test_blocks(void **state)
{
	static const struct {
		const char *text, *elements; /* NULL: no blocks */
	} cases[] = {
	        {"hi", "[{\"type\":\"text\",\"text\":\"hi\"}]"},
	        {"a &amp; b", "[{\"type\":\"text\",\"text\":\"a & b\"}]"},
	        {"*b* _i_",
	                "[{\"type\":\"text\",\"text\":\"b\",\"style\":{\"bold\":true}},"
	                "{\"type\":\"text\",\"text\":\" \"},"
	                "{\"type\":\"text\",\"text\":\"i\",\"style\":{\"italic\":true}}]"},
	        {"*_x_*", "[{\"type\":\"text\",\"text\":\"x\",\"style\":{\"bold\":true,"
	                  "\"italic\":true}}]"},
	        {"`*x*`",
	                "[{\"type\":\"text\",\"text\":\"*x*\",\"style\":{\"code\":true}}]"},
	        {"a*b*c", "[{\"type\":\"text\",\"text\":\"a*b*c\"}]"},
	        {"2 * 3 * 4", "[{\"type\":\"text\",\"text\":\"2 * 3 * 4\"}]"},
	        {"<@U1>", "[{\"type\":\"user\",\"user_id\":\"U1\"}]"},
	        {"<#C1|general>", "[{\"type\":\"channel\",\"channel_id\":\"C1\"}]"},
	        {"<!here>", "[{\"type\":\"broadcast\",\"range\":\"here\"}]"},
	        {"<https://x?a&amp;b|l>",
	                "[{\"type\":\"link\",\"url\":\"https://x?a&b\",\"text\":\"l\"}]"},
	        {":wave::skin-tone-3:",
	                "[{\"type\":\"emoji\",\"name\":\"wave\",\"unicode\":\"1f44b-1f3fc\","
	                "\"skin_tone\":3}]"},
	        {":nosuch:", "[{\"type\":\"text\",\"text\":\":nosuch:\"}]"},
	        {"<!date^17^{date}|then>",
	                "[{\"type\":\"date\",\"timestamp\":17,\"format\":\"{date}\","
	                "\"fallback\":\"then\"}]"},
	        {"<!odd|shown>", "[{\"type\":\"text\",\"text\":\"shown\"}]"},
	        {"10:30:15", "[{\"type\":\"text\",\"text\":\"10:30:15\"}]"},
	        {":100:",
	                "[{\"type\":\"emoji\",\"name\":\"100\",\"unicode\":\"1f4af\"}]"},
	        {"", NULL},
	};
	struct ids ids;

	(void)state;
	ids_init(&ids, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autojson cJSON *blocks = text_to_blocks(&ids, NULL, cases[i].text);
		const cJSON *section = blocks ? blocks->child : NULL;
		autofree char *got = NULL;

		if (!cases[i].elements) {
			assert_null(blocks);
			continue;
		}
		section = json_arr(section, "elements");
		got = json_print(json_arr(section->child, "elements"));
		assert_string_equal(got, cases[i].elements);
	}
}

static void test_containers(void **state)
{
	static const struct {
		const char *text, *shape;
	} cases[] = {
	        {"a\n&gt; b\n&gt;c\nd", "section[a\n]quote[b\nc]section[d]"},
	        {"&gt;&gt;&gt; all\nof it", "quote[all\nof it]"},
	        {"x ```a &amp; *b*\n c``` y",
	                "section[x ]preformatted[a & *b*\n c]section[ y]"},
	        {"```\ncode\n```\nafter", "preformatted[code]section[after]"},
	        {"```open", "section[```open]"},
	        {"\xe2\x80\xa2 one\n\xe2\x80\xa2 two\n    \xe2\x97\xa6 in\nend",
	                "bullet0[one][two]bullet1[in]section[end]"},
	        {"1. a\n2. b\n7. c", "ordered0[a][b]ordered0+6[c]"},
	        {"1.5 is no list", "section[1.5 is no list]"},
	        {"&gt;", "quote[]"},
	};
	struct ids ids;

	(void)state;
	ids_init(&ids, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autojson cJSON *blocks = text_to_blocks(&ids, NULL, cases[i].text);
		autofree char *got = shape_of(json_arr(blocks->child, "elements"));

		assert_string_equal(got, cases[i].shape);
	}
}

/* Whatever is cut off in the middle must still be stored and made into blocks. */
static void test_every_prefix(void **state)
{
	static const char text[] =
	        "*b _i ~s~_* `c` <@U1|x> <#C1> <!subteam^S1|@g> <mailto:a@b|a> "
	        "https://x.org/a?b&c :wave::skin-tone-2: &amp; <x> \xf0\x9f\x91\x8b";
	struct ids ids;

	(void)state;
	ids_init(&ids, 1);
	for (size_t n = 0; n <= strlen(text); n++) {
		autofree char *prefix = xstrndup(text, n);
		autofree char *stored = text_store(prefix);
		autojson cJSON *blocks = text_to_blocks(&ids, NULL, stored);

		assert_true(n == 0 || blocks != NULL);
	}
}

static void test_time_stamps(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t us;
	} cases[] = {{"1700000000.123009", true, 1700000000123009}, {"0", true, 0},
	        {"1700000000", true, 1700000000000000}, {"12.5", true, 12500000},
	        {"", false, 0}, {"x", false, 0}, {"1.2.3", false, 0}, {"-1", false, 0},
	        {"1.1234567", false, 0}, {"99999999999999999999", false, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t us = 0;

		assert_int_equal(ts_parse(cases[i].text, &us), cases[i].good);
		assert_true(us == cases[i].us);
	}
	char text[TS_SIZE];
	ts_format(ts_next(1700000000123, 0), text);
	assert_string_equal(text, "1700000000.123009");
	ts_format(ts_next(1700000000123, 1700000000123009), text);
	assert_string_equal(text, "1700000000.123019");
}

static void test_cursors(void **state)
{
	/* as recorded: "user:U0G9WFXNZ" */
	autofree char *made = cursor_make("user", "U0G9WFXNZ", 0, 0);
	autofree char *dated = cursor_make("user", "U1", 5000, 1000);
	autofree char *opened = cursor_open(made, "user", 0, 0);
	autofree char *young = cursor_open(dated, "user", 6000, 1000);
	autofree char *old = cursor_open(dated, "user", 6001, 1000);
	autofree char *other = cursor_open(made, "team", 0, 0);
	autofree char *garbage = cursor_open("!!!!", "user", 0, 0);

	(void)state;
	assert_string_equal(made, "dXNlcjpVMEc5V0ZYTlo=");
	assert_string_equal(opened, "U0G9WFXNZ");
	assert_string_equal(young, "U1");
	assert_null(old);
	assert_null(other);
	assert_null(garbage);
	for (size_t n = 0; n < strlen(made); n++) {
		autofree char *prefix = xstrndup(made, n);
		autofree char *value = cursor_open(prefix, "user", 0, 0);

		assert_true(!value || n % 4 == 0);
	}
}

static void test_scopes(void **state)
{
	autofree char *list = xstrdup("a:b,c:d");

	(void)state;
	assert_true(scopes_have("a:b,c:d", ""));
	assert_true(scopes_have("a:b,c:d", "x:y,c:d"));
	assert_false(scopes_have("a:b,c:d", "c"));
	assert_false(scopes_have("", "c:d"));
	scopes_change(&list, "e:f", true);
	scopes_change(&list, "a:b", false);
	assert_string_equal(list, "c:d,e:f");
	int count = 1;
	for (const char *p = scopes_default; *p; p++) {
		count += *p == ',';
	}
	assert_int_equal(count, 33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_stored_text),
	        cmocka_unit_test(test_text_is_cut_at_40000),
	        cmocka_unit_test(test_blocks),
	        cmocka_unit_test(test_containers),
	        cmocka_unit_test(test_every_prefix),
	        cmocka_unit_test(test_time_stamps),
	        cmocka_unit_test(test_cursors),
	        cmocka_unit_test(test_scopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
