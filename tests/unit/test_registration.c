/* -g: the registration, and the tokens in the configuration, with all else left as it
 * was. */
#include "config_help.h"

#include "lib/mem.h"

#include "bridge/config/registration.h"
#include "bridge/config/write_back.h"
#include "bridge/config/yaml_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define AS "AAAA1111"
#define HS "HHHH2222"
#define PLACEHOLDER "\"This value is generated when generating the registration\""

static const struct {
	const char *before, *after; /* NULL: refused */
} edits[] = {
        /* in place, whatever the style */
        {"appservice:\n    as_token: " PLACEHOLDER "  # mine\n    hs_token: " PLACEHOLDER
         "\n",
                "appservice:\n    as_token: \"" AS "\"  # mine\n    hs_token: \"" HS
                "\"\n"},
        {"appservice:\n  hs_token: old\n  id: x\n  as_token: 'older' # c\n",
                "appservice:\n  hs_token: \"" HS "\"\n  id: x\n  as_token: \"" AS
                "\" # c\n"},
        {"appservice:\n  as_token:\n  hs_token: # none\n",
                "appservice:\n  as_token: \"" AS "\"\n  hs_token: \"" HS "\" # none\n"},
        {"appservice:\n  as_token: ~\n  hs_token: null",
                "appservice:\n  as_token: \"" AS "\"\n  hs_token: \"" HS "\""},
        {"appservice:\n  as_token: |\n    old\n  hs_token: >-\n    old\n    er\nx: 1\n",
                "appservice:\n  as_token: \"" AS "\"\n  hs_token: \"" HS "\"\nx: 1\n"},
        {"appservice: {as_token: a, hs_token: 'b'} # c\n",
                "appservice: {as_token: \"" AS "\", hs_token: \"" HS "\"} # c\n"},
        {"{\"appservice\":{\"hs_token\":\"b\",\"as_token\": \"a\"}}",
                "{\"appservice\":{\"hs_token\": \"" HS "\",\"as_token\": \"" AS "\"}}"},
        {"\xC3\xA4: \xE2\x82\xAC\nappservice:\n  as_token: \xC3\xB6\n  hs_token: x\n",
                "\xC3\xA4: \xE2\x82\xAC\nappservice:\n  as_token: \"" AS
                "\"\n  hs_token: \"" HS "\"\n"},
        {"\xEF\xBB\xBF"
         "appservice:\r\n  as_token: a\r\n  hs_token: b\r\n",
                "\xEF\xBB\xBF"
                "appservice:\r\n  as_token: \"" AS "\"\r\n  hs_token: \"" HS "\"\r\n"},
        {"t: &t x\nappservice:\n  as_token: *t\n  hs_token: *t\n",
                "t: &t x\nappservice:\n  as_token: \"" AS "\"\n  hs_token: \"" HS "\"\n"},
        /* missing */
        {"appservice:\n    # where we are\n    address: http://x\n",
                "appservice:\n    as_token: \"" AS "\"\n    hs_token: \"" HS
                "\"\n    # where we are\n    address: http://x\n"},
        {"appservice: # c\n  id: x\n  hs_token: y\nz: 1\n",
                "appservice: # c\n  as_token: \"" AS "\"\n  id: x\n  hs_token: \"" HS
                "\"\nz: 1\n"},
        {"appservice: {id: x}\n", "appservice: {\"as_token\": \"" AS
                                  "\", \"hs_token\": \"" HS "\", id: x}\n"},
        {"appservice: {}\n",
                "appservice: {\"as_token\": \"" AS "\", \"hs_token\": \"" HS "\"}\n"},
        {"appservice:\nx: 1\n", "appservice: {\"as_token\": \"" AS
                                "\", \"hs_token\": \"" HS "\"}\nx: 1\n"},
        {"appservice: ~\n",
                "appservice: {\"as_token\": \"" AS "\", \"hs_token\": \"" HS "\"}\n"},
        {"x: 1\n# end", "x: 1\n# end\nappservice:\n    as_token: \"" AS
                        "\"\n    hs_token: \"" HS "\"\n"},
        {"  x: 1\n", "  x: 1\n  appservice:\n      as_token: \"" AS
                     "\"\n      hs_token: \"" HS "\"\n"},
        {"", "appservice:\n    as_token: \"" AS "\"\n    hs_token: \"" HS "\"\n"},
        {"# nothing yet\n", "# nothing yet\nappservice:\n    as_token: \"" AS
                            "\"\n    hs_token: \"" HS "\"\n"},
        {"{\"x\":1}", "{\"appservice\": {\"as_token\": \"" AS "\", \"hs_token\": \"" HS
                      "\"}, \"x\":1}"},
        {"{}", "{\"appservice\": {\"as_token\": \"" AS "\", \"hs_token\": \"" HS "\"}}"},
        /* beyond what is done without guessing */
        {"appservice:\n  as_token: &t x\n  hs_token: y\nz: *t\n", NULL},
        {"x: 1\n...\n", NULL},
        {"appservice: [1]\n", NULL},
        {"x: [\n", NULL},
};

static void test_tokens_are_put_in_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct buf out;
		struct err err = ERR_INIT;
		buf_init(&out, 65536);
		bool is_done =
		        write_back_tokens(str_from(edits[i].before), AS, HS, &out, &err);
		if (edits[i].after == NULL) {
			if (is_done) {
				fail_msg("%s\nbecame\n%s", edits[i].before,
				        buf_cstr(&out));
			}
		} else if (!is_done || strcmp(buf_cstr(&out), edits[i].after) != 0) {
			fail_msg("%s\nbecame\n%s", edits[i].before, buf_cstr(&out));
		}
		buf_finish(&out);
	}
}

static void test_the_example_takes_tokens(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	struct buf out;

	config_write_example(stream);
	fclose(stream);
	buf_init(&out, YAML_MAX_BYTES);
	assert_true(write_back_tokens(str_from(text), AS, HS, &out, NULL));
	/* Only the two lines differ. */
	size_t differing = 0;
	const char *a = text, *b = buf_cstr(&out);
	while (*a != '\0' && *b != '\0') {
		size_t n = strcspn(a, "\n") + 1, m = strcspn(b, "\n") + 1;
		differing += n != m || memcmp(a, b, n) != 0;
		a += n;
		b += m;
	}
	assert_int_equal(*a, *b);
	assert_int_equal(differing, 2);
	buf_finish(&out);
	free(text);
}

/* ---------------------------------------------------------------- with files */

struct folder {
	char path[64];
	char *config, *registration;
};

static void folder_make(struct folder *folder, const char *text)
{
	memcpy(folder->path, "/tmp/test-registration-XXXXXX", 30);
	assert_non_null(mkdtemp(folder->path));
	folder->config = xasprintf("%s/config.yaml", folder->path);
	folder->registration = xasprintf("%s/registration.yaml", folder->path);
	FILE *file = fopen(folder->config, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void folder_remove(struct folder *folder)
{
	unlink(folder->config);
	unlink(folder->registration);
	assert_int_equal(rmdir(folder->path), 0); /* nothing else was left there */
	free(folder->config);
	free(folder->registration);
}

static char *content(const char *path)
{
	char *text = xcalloc(1, 65536);
	FILE *file = fopen(path, "r");

	if (file != NULL) {
		size_t n = fread(text, 1, 65535, file);
		text[n] = '\0';
		fclose(file);
	}
	return text;
}

static mode_t mode_of(const char *path)
{
	struct stat info;

	assert_int_equal(stat(path, &info), 0);
	return info.st_mode & 07777;
}

static struct node *read_file(const char *path)
{
	struct config_problems problems = {0};
	autofree char *text = content(path);
	struct node *root = config_yaml_read(path, str_from(text), &problems);

	assert_int_equal(problems.count, 0);
	return root;
}

static const char *text_at(const struct node *root, const char *path)
{
	const struct node *node = node_find(root, path);

	assert_non_null(node);
	return node->text;
}

#define UNREGISTERED                                                                     \
	"# my bridge\n"                                                                  \
	"homeserver:\n"                                                                  \
	"    address: http://localhost:8008\n"                                           \
	"    domain: example.org # ours\n"                                               \
	"database: {type: sqlite3-fk-wal, uri: x.db}\n"                                  \
	"appservice:\n"                                                                  \
	"    as_token: " PLACEHOLDER "\n"                                                \
	"    hs_token: " PLACEHOLDER "\n"                                                \
	"bridge: {permissions: {example.org: user}}\n"

static void test_generate(void **state)
{
	(void)state;
	struct folder folder;
	struct err err = ERR_INIT;
	struct config_problems problems = {0};

	folder_make(&folder, UNREGISTERED);
	assert_int_equal(chmod(folder.config, 0604), 0);
	assert_true(registration_generate(folder.config, folder.registration, &err));
	assert_int_equal(mode_of(folder.config), 0604);
	assert_int_equal(mode_of(folder.registration) & ~0640U, 0);

	struct config *config = config_load(folder.config, &problems, &err);
	assert_non_null(config);
	assert_int_equal(problems.count, 0);
	struct node *root = read_file(folder.registration);
	assert_string_equal(text_at(root, "id"), "slack");
	assert_string_equal(text_at(root, "url"), "http://localhost:29335");
	assert_string_equal(text_at(root, "as_token"), config->appservice.as_token);
	assert_string_equal(text_at(root, "hs_token"), config->appservice.hs_token);
	assert_int_equal(strlen(text_at(root, "as_token")), 64);
	assert_int_equal(strlen(text_at(root, "hs_token")), 64);
	assert_string_not_equal(text_at(root, "as_token"), text_at(root, "hs_token"));
	assert_int_equal(strlen(text_at(root, "sender_localpart")), 32);
	assert_string_equal(text_at(root, "rate_limited"), "false");
	const struct node *push = node_get(root, "de.sorunome.msc2409.push_ephemeral");
	assert_string_equal(push->text, "true");
	assert_string_equal(text_at(root, "receive_ephemeral"), "true");
	const struct node *users = node_find(root, "namespaces.users");
	assert_int_equal(users->count, 2);
	assert_string_equal(
	        text_at(users->items[0], "regex"), "^@slackbot:example\\.org$");
	assert_string_equal(text_at(users->items[0], "exclusive"), "true");
	assert_string_equal(
	        text_at(users->items[1], "regex"), "^@slack_.*:example\\.org$");
	assert_string_equal(text_at(users->items[1], "exclusive"), "true");
	assert_int_equal(node_find(root, "namespaces")->count, 1);

	autofree char *registration = content(folder.registration);
	assert_null(strstr(registration, "\n\n"));
	autofree char *after = content(folder.config);
	assert_non_null(strstr(after, "# my bridge\n"));
	assert_non_null(strstr(after, "domain: example.org # ours\n"));
	node_free(root);
	config_free(&config);
	folder_remove(&folder);
}

static void test_generate_again_makes_new_tokens(void **state)
{
	(void)state;
	struct folder folder;
	struct err err = ERR_INIT;

	folder_make(&folder, UNREGISTERED);
	assert_true(registration_generate(folder.config, folder.registration, &err));
	autofree char *first = content(folder.config);
	assert_int_equal(chmod(folder.registration, 0600), 0);
	assert_true(registration_generate(folder.config, folder.registration, &err));
	autofree char *second = content(folder.config);
	assert_string_not_equal(first, second);
	assert_int_equal(strlen(first), strlen(second));
	assert_int_equal(mode_of(folder.registration), 0600);
	folder_remove(&folder);
}

static void test_names_are_escaped(void **state)
{
	(void)state;
	struct folder folder;
	struct err err = ERR_INIT;

	folder_make(&folder, "homeserver: {domain: 'sub.example.org:8448'}\n"
	                     "appservice:\n"
	                     "  id: 'it''s'\n"
	                     "  address: https://bridge.example.org/slack\n"
	                     "  bot: {username: slack+bot}\n"
	                     "  username_template: '_sl.ack_{{.}}+x'\n"
	                     "  ephemeral_events: false\n");
	assert_true(registration_generate(folder.config, folder.registration, &err));
	struct node *root = read_file(folder.registration);
	const struct node *users = node_find(root, "namespaces.users");
	assert_string_equal(text_at(root, "id"), "it's");
	assert_string_equal(text_at(root, "url"), "https://bridge.example.org/slack");
	assert_string_equal(text_at(users->items[0], "regex"),
	        "^@slack\\+bot:sub\\.example\\.org:8448$");
	assert_string_equal(text_at(users->items[1], "regex"),
	        "^@_sl\\.ack_.*\\+x:sub\\.example\\.org:8448$");
	assert_null(node_get(root, "receive_ephemeral"));
	node_free(root);
	folder_remove(&folder);
}

static const struct {
	const char *text;
	int status;
	const char *says;
} refused[] = {
        {"", 20, "homeserver.domain"},
        {"homeserver: {domain: example.com}\n", 20, "homeserver.domain"},
        {"homeserver: {domain: ''}\n", 20, "homeserver.domain"},
        {"homeserver: {domain: 'https://x'}\n", 20, "homeserver.domain"},
        {"homeserver: {domain: [x]}\n", 10, "problems in"},
        {"homeserver: {domain: x\n", 10, "YAML"},
        {"homeserver: {domain: x}\nappservice: {address: ''}\n", 11,
                "appservice.address"},
        {"homeserver: {domain: x}\nappservice: {id: ''}\n", 11, "appservice.id"},
        {"homeserver: {domain: x}\nappservice: {bot: {username: A}}\n", 11,
                "appservice.bot.username"},
        {"homeserver: {domain: x}\nappservice: {username_template: x}\n", 11,
                "appservice.username_template"},
        {"homeserver: {domain: x}\n...\n", 22, "plain lines"},
};

/* Nothing is written, neither file. */
static void test_refused_configurations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct folder folder;
		struct err err = ERR_INIT;
		folder_make(&folder, refused[i].text);
		assert_false(
		        registration_generate(folder.config, folder.registration, &err));
		if (err.code != refused[i].status ||
		        strstr(err.msg, refused[i].says) == NULL) {
			fail_msg("%s\n%d: %s", refused[i].text, err.code, err.msg);
		}
		autofree char *after = content(folder.config);
		assert_string_equal(after, refused[i].text);
		assert_int_equal(access(folder.registration, F_OK), -1);
		folder_remove(&folder);
	}
}

static void test_places_that_cannot_be_written(void **state)
{
	(void)state;
	struct folder folder;
	struct err err = ERR_INIT;

	folder_make(&folder, UNREGISTERED);
	assert_false(registration_generate(folder.config, "/nonexistent/r.yaml", &err));
	assert_int_equal(err.code, 21);
	assert_false(registration_generate(folder.config, folder.config, &err));
	assert_int_equal(err.code, 21);
	assert_false(
	        registration_generate("/nonexistent/c.yaml", folder.registration, &err));
	assert_int_equal(err.code, 10);
	assert_int_equal(mkdir(folder.registration, 0700), 0);
	assert_false(registration_generate(folder.config, folder.registration, &err));
	assert_int_equal(err.code, 21);
	assert_int_equal(rmdir(folder.registration), 0);
	autofree char *text = content(folder.config);
	assert_string_equal(text, UNREGISTERED);
	folder_remove(&folder);
}

static void test_a_symbolic_link_stays_one(void **state)
{
	(void)state;
	struct folder folder;
	struct err err = ERR_INIT;
	struct stat info;

	folder_make(&folder, UNREGISTERED);
	autofree char *link = xasprintf("%s/link.yaml", folder.path);
	assert_int_equal(symlink("config.yaml", link), 0);
	assert_true(registration_generate(link, folder.registration, &err));
	assert_int_equal(lstat(link, &info), 0);
	assert_true(S_ISLNK(info.st_mode));
	autofree char *text = content(folder.config);
	assert_null(strstr(text, "This value is generated"));
	unlink(link);
	folder_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_tokens_are_put_in_place),
	        cmocka_unit_test(test_the_example_takes_tokens),
	        cmocka_unit_test(test_generate),
	        cmocka_unit_test(test_generate_again_makes_new_tokens),
	        cmocka_unit_test(test_names_are_escaped),
	        cmocka_unit_test(test_refused_configurations),
	        cmocka_unit_test(test_places_that_cannot_be_written),
	        cmocka_unit_test(test_a_symbolic_link_stays_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
