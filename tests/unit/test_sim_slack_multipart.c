/* Form bodies in parts, whole, cut and odd; and as arguments of methods. */
/* proves: SIMS-01 */
#include "sim-slack/multipart.h"
#include "tests/unit/sim_slack_fixture.h"

static const char type[] = "multipart/form-data; boundary=xYz";

/* "name=data|name(filename)=data" and "!" if it is broken. Caller frees. */
static char *shape(const char *content_type, struct str body)
{
	struct multipart multipart;
	struct part part;
	struct buf out;

	buf_init(&out, 10000);
	if (!multipart_begin(&multipart, content_type, body)) {
		return xstrdup("no boundary");
	}
	while (multipart_next(&multipart, &part)) {
		buf_puts(&out, out.len ? "|" : "");
		buf_add_str(&out, part.name);
		if (part.filename.p) {
			buf_puts(&out, "(");
			buf_add_str(&out, part.filename);
			buf_puts(&out, ")");
		}
		buf_puts(&out, "=");
		buf_add_str(&out, part.data);
	}
	buf_puts(&out, multipart.broken ? "!" : "");
	return out.data ? buf_take(&out) : xstrdup("");
}

#define DISPOSITION "Content-Disposition: form-data; name="

static void test_shapes(void **state)
{
	static const struct {
		const char *type, *body, *shape;
	} cases[] = {
	        {type, "--xYz\r\n" DISPOSITION "\"a\"\r\n\r\n1\r\n--xYz--\r\n", "a=1"},
	        {type,
	                "--xYz\r\n" DISPOSITION "a\r\n\r\n\r\n--xYz\r\n" DISPOSITION
	                "\"b\"; filename=\"f.txt\"\r\nContent-Type: x/y\r\n\r\n"
	                "--xY\r\nz\r\n--xYz--",
	                "a=|b(f.txt)=--xY\r\nz"},
	        {type, "preamble\r\n--xYz\r\n" DISPOSITION "a\r\n\r\n1\r\n--xYz--",
	                "a=1"},
	        {type, "--xYz--", ""},
	        {type, "", "!"},
	        {type, "--xYz\r\n" DISPOSITION "a\r\n\r\n1", "!"},
	        {type, "--xYzz\r\n", "!"},
	        {"multipart/form-data; charset=utf-8; boundary=\"x y\"",
	                "--x y\r\n" DISPOSITION "a\r\n\r\n1\r\n--x y--", "a=1"},
	        {"multipart/form-data", "--x", "no boundary"},
	        {"multipart/form-data; boundary=", "--x", "no boundary"},
	        {"multipart/form-data; boundary=\"x", "--x", "no boundary"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *got = shape(cases[i].type, str_from(cases[i].body));

		assert_string_equal(got, cases[i].shape);
	}
}

/* Cut anywhere it is broken, and nothing behind the cut is read. */
static void test_every_prefix(void **state)
{
	static const char body[] =
	        "--xYz\r\n" DISPOSITION "\"a\"; filename=\"f\"\r\n"
	        "Content-Type: text/plain\r\n\r\ndata\r\n--xYz\r\n" DISPOSITION
	        "b\r\n\r\n2\r\n--xYz--";

	(void)state;
	for (size_t n = 0; n < strlen(body); n++) {
		autofree char *part = xmalloc(n + 1);
		autofree char *got = NULL;

		memcpy(part, body, n);
		got = shape(type, (struct str){part, n});
		assert_true(str_ends(got, "!") || n >= strlen(body) - 2);
	}
}

static void test_as_arguments(void **state)
{
	struct fixture *f = *state;
	const char *body =
	        "--xYz\r\n" DISPOSITION "\"channel\"\r\n\r\nC0GENERAL0\r\n"
	        "--xYz\r\n" DISPOSITION "\"text\"\r\n\r\na=b&c %20\r\n"
	        "--xYz\r\n" DISPOSITION "\"file\"; filename=\"x\"\r\n\r\nno\r\n"
	        "--xYz--\r\n";

	invite_bot(f);
	request(f, "POST", "/api/chat.postMessage", f->bot, type, body);
	assert_string_equal(json_str(f->reply, "message.text"), "a=b&amp;c %20");
	assert_null(json_get(
	        last_record(f, "call", "call", "chat.postMessage"), "args.file"));
	request(f, "POST", "/api/chat.postMessage", f->bot, type, "--xYz\r\nbroken");
	assert_string_equal(json_str(f->reply, "error"), "invalid_form_data");
	request(f, "POST", "/api/chat.postMessage", f->bot, "multipart/form-data", "x");
	assert_string_equal(json_str(f->reply, "error"), "invalid_form_data");
	/* The token, too, as Bolt sends it. */
	autofree char *with_token = xasprintf(
	        "--xYz\r\n" DISPOSITION "\"token\"\r\n\r\n%s\r\n--xYz--\r\n", f->bot);
	request(f, "POST", "/api/auth.test", NULL, type, with_token);
	assert_string_equal(json_str(f->reply, "user_id"), "U0SIMBOT00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_shapes),
	        cmocka_unit_test(test_every_prefix),
	        cmocka_unit_test_setup_teardown(
	                test_as_arguments, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
