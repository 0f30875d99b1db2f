/* Name templates: what they give, what they refuse. */
#include "lib/buf.h"
#include "lib/mem.h"

#include "bridge/config/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DISPLAYNAME                                                                      \
	"{{or .Profile.DisplayName .Profile.RealName .Name}}{{if .IsBot}} (bot){{end}}"
#define CHANNEL                                                                          \
	"{{if and .IsChannel (not .IsPrivate)}}#{{end}}{{.Name}}"                        \
	"{{if .IsNoteToSelf}} (you){{end}}"

struct expansion {
	const char *tmpl, *vars, *result;
};

static const struct expansion expansions[] = {
        /* the defaults of mautrix-slack */
        {DISPLAYNAME,
                "{\"Name\":\"al\",\"Profile\":{\"DisplayName\":\"Al\",\"RealName\":\"A\"}}",
                "Al"},
        {DISPLAYNAME,
                "{\"Name\":\"al\",\"Profile\":{\"DisplayName\":\"\",\"RealName\":\"A\"}}",
                "A"},
        {DISPLAYNAME, "{\"Name\":\"al\",\"Profile\":{}}", "al"},
        {DISPLAYNAME, "{\"Name\":\"al\",\"IsBot\":true}", "al (bot)"},
        {DISPLAYNAME, "{}", ""},
        {CHANNEL, "{\"Name\":\"general\",\"IsChannel\":true,\"IsPrivate\":false}",
                "#general"},
        {CHANNEL, "{\"Name\":\"secret\",\"IsChannel\":true,\"IsPrivate\":true}",
                "secret"},
        {CHANNEL, "{\"Name\":\"me\",\"IsNoteToSelf\":true}", "me (you)"},
        {"{{ .Name }}", "{\"Name\":\"Team\"}", "Team"},
        {"slack_{{.}}", "\"t0-u0\"", "slack_t0-u0"},
        /* each part of the language */
        {"", "{}", ""},
        {"plain } { text", "{}", "plain } { text"},
        {"a{{.A.B.C}}z", "{\"A\":{\"B\":{\"C\":\"x\"}}}", "axz"},
        {"a{{.A.B.C}}z", "{\"A\":\"x\"}", "az"},
        {"{{.N}} {{.T}} {{.F}} {{.Z}} {{.O}}",
                "{\"N\":1234567,\"T\":true,\"F\":false,\"Z\":null,\"O\":{\"a\":1}}",
                "1234567 true false  "},
        {"{{if .A}}1{{else if .B}}2{{else if .C}}3{{else}}4{{end}}",
                "{\"A\":\"x\",\"B\":true}", "1"},
        {"{{if .A}}1{{else if .B}}2{{else if .C}}3{{else}}4{{end}}", "{\"B\":true}", "2"},
        {"{{if .A}}1{{else if .B}}2{{else if .C}}3{{else}}4{{end}}", "{\"C\":1}", "3"},
        {"{{if .A}}1{{else if .B}}2{{else if .C}}3{{else}}4{{end}}", "{\"A\":0,\"B\":[]}",
                "4"},
        {"{{if .A}}a{{if .B}}b{{else}}c{{end}}d{{else}}e{{end}}", "{\"A\":1}", "acd"},
        {"{{if .A}}a{{if .B}}b{{else}}c{{end}}d{{else}}e{{end}}", "{\"B\":1}", "e"},
        {"{{or .A .B \"c\"}}{{and .A .B}}{{and .X `y` \"z\"}}", "{\"X\":1}", "cz"},
        {"{{not .A}}{{not .X}}", "{\"X\":1}", "truefalse"},
        {"{{or (and .A .B) (or .C (not .D))}}", "{\"C\":\"c\"}", "c"},
        {"{{if true}}y{{end}}{{if false}}n{{end}}", "{}", "y"},
        {"a {{- .X -}} b", "{\"X\":\"x\"}", "axb"},
        {"a {{- if .X }} x {{- end -}}\n b", "{\"X\":\"x\"}", "a xb"},
        {"a{{/* no */}}b {{- /* c */ -}} c", "{}", "abc"},
        {"{{ \"a \\\"b\" }}", NULL, NULL},
        {"{{.X}}", "{\"X\":\"{{.Y}}<&>\"}", "{{.Y}}<&>"},
};

static void test_expansions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(expansions) / sizeof(expansions[0]); i++) {
		cJSON *vars = expansions[i].vars == NULL
		                      ? NULL
		                      : cJSON_Parse(expansions[i].vars);
		struct err err = ERR_INIT;
		autofree char *result = template_expand(expansions[i].tmpl, vars, &err);
		cJSON_Delete(vars);
		if (expansions[i].result == NULL) {
			assert_null(result);
			continue;
		}
		if (result == NULL || strcmp(result, expansions[i].result) != 0) {
			fail_msg("%s: %s (%s)", expansions[i].tmpl,
			        result == NULL ? "NULL" : result, err.msg);
		}
	}
}

static void test_no_variables_at_all(void **state)
{
	(void)state;
	autofree char *result = template_expand(DISPLAYNAME CHANNEL, NULL, NULL);

	assert_string_equal(result, "");
}

static const struct {
	const char *tmpl, *says;
} wrong[] = {
        {"{{", "expected a variable"},
        {"{{.", "closing }}"},
        {"{{.Name", "closing }}"},
        {"{{.Name}", "one value too many"},
        {"{{}}", "expected a variable"},
        {"{{.A.}}", "name is missing"},
        {"{{.A .B}}", "one value too many"},
        {"{{if}}x{{end}}", "expected a variable"},
        {"{{if .A}}x", "{{end}} is missing"},
        {"{{if .A}}x{{else}}y", "{{end}} is missing"},
        {"{{if .A}}x{{else}}y{{else}}z{{end}}", "second {{else}}"},
        {"x{{end}}", "without its {{if}}"},
        {"x{{else}}", "without its {{if}}"},
        {"{{printf \"%s\" .A}}", "printf is not known"},
        {"{{range .A}}{{end}}", "range is not known"},
        {"{{.A | html}}", "pipes"},
        {"{{or (.A}}", "not closed"},
        {"{{or}}", "expected a variable"},
        {"{{not .A .B}}", "one value too many"},
        {"{{\"x}}", "closing \""},
        {"{{/* x}}", "comment"},
        {"{{$x}}", "expected a variable"},
        {"{{((((((((((((((((((.A))))))))))))))))))}}", "too deeply"},
};

static void test_wrong_templates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = ERR_INIT;
		assert_null(template_expand(wrong[i].tmpl, NULL, &err));
		if (strstr(err.msg, wrong[i].says) == NULL || err.kind != ERR_PERMANENT) {
			fail_msg("%s: %s", wrong[i].tmpl, err.msg);
		}
		assert_false(template_check(wrong[i].tmpl, NULL, NULL, &err));
		assert_false(template_check(wrong[i].tmpl, NULL, NULL, NULL));
	}
}

static void collect(const char *path, void *arg)
{
	buf_printf(arg, "%s;", path);
}

static void test_check_names_the_variables(void **state)
{
	(void)state;
	struct buf names;

	buf_init(&names, 1000);
	assert_true(template_check(DISPLAYNAME CHANNEL "{{.}}", collect, &names, NULL));
	assert_string_equal(buf_cstr(&names),
	        "Profile.DisplayName;Profile.RealName;Name;IsBot;IsChannel;IsPrivate;Name;"
	        "IsNoteToSelf;;");
	buf_finish(&names);
}

static void test_output_is_bounded(void **state)
{
	(void)state;
	char text[TEMPLATE_MAX_OUTPUT_BYTES + 2];
	struct err err = ERR_INIT;

	memset(text, 'x', sizeof(text));
	text[TEMPLATE_MAX_OUTPUT_BYTES] = '\0';
	cJSON *vars = cJSON_CreateString(text);
	autofree char *fits = template_expand("{{.}}", vars, &err);
	assert_non_null(fits);
	assert_null(template_expand("{{.}}y", vars, &err));
	assert_non_null(strstr(err.msg, "longer than"));
	autofree char *dead =
	        template_expand("{{.}}{{if false}}{{.}}{{end}}", vars, &err);
	assert_non_null(dead);
	cJSON_Delete(vars);
	char *huge = xcalloc(1, TEMPLATE_MAX_BYTES + 2);
	memset(huge, ' ', TEMPLATE_MAX_BYTES + 1);
	assert_null(template_expand(huge, NULL, &err));
	free(huge);
}

static void test_every_prefix(void **state)
{
	(void)state;
	static const char text[] =
	        "a {{- /* c */ -}} {{or .A (and \"x\" `y`)}}"
	        "{{if not .B}}1{{else if .C}}2{{else}}3{{end}}" CHANNEL;

	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = xstrndup(text, n);
		struct err err = ERR_INIT;
		char *result = template_expand(copy, NULL, &err);
		assert_true((result == NULL) == (err.kind == ERR_PERMANENT));
		free(result);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_expansions),
	        cmocka_unit_test(test_no_variables_at_all),
	        cmocka_unit_test(test_wrong_templates),
	        cmocka_unit_test(test_check_names_the_variables),
	        cmocka_unit_test(test_output_is_bounded),
	        cmocka_unit_test(test_every_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
