/* proves: CONF-02 */
#include "bridge/config/modernize.h"

#include "lib/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
	const char *before, *after; /* after NULL: nothing to do */
	size_t moved;
} cases[] = {
        {"homeserver:\n    address: x\n", NULL, 0},
        /* into a section that is there, with its indentation and the remark behind it */
        {"# mine\n"
         "appservice:\n"
         "  port: 1 # a\n"
         "bridge:\n"
         "  # why\n"
         "  username_template: 's_{{.}}' # ours\n"
         "  command_prefix: '!s'\n",
                "# mine\n"
                "appservice:\n"
                "  # why\n"
                "  username_template: 's_{{.}}' # ours\n"
                "  port: 1 # a\n"
                "bridge:\n"
                "  command_prefix: '!s'\n",
                1},
        /* a section is made, the emptied one goes */
        {"appservice:\n    port: 1\n    database:\n        type: sqlite3-fk-wal\n"
         "        uri: x.db\n",
                "appservice:\n    port: 1\ndatabase:\n    type: sqlite3-fk-wal\n    uri: x.db\n",
                1},
        /* nested, no newline at the end */
        {"bridge:\n    backfill:\n        conversations_count: 5",
                "network:\n    backfill:\n        conversation_count: 5\n", 1},
        /* a section in braces moves as it is */
        {"bridge:\n    command_prefix: '!s'\n    encryption: {allow: true}\n",
                "bridge:\n    command_prefix: '!s'\nencryption: {allow: true}\n", 1},
        /* the present name is there: it counts, nothing moves */
        {"appservice:\n    username_template: a_{{.}}\n"
         "bridge:\n    username_template: b_{{.}}\n",
                NULL, 0},
        /* not on a line of its own */
        {"bridge: {username_template: 's_{{.}}'}\n", NULL, 0},
        {"bridge:\n  ? displayname_template\n  : x\n", NULL, 0},
        /* a text in lines of its own, with what follows it */
        {"bridge:\n    displayname_template: >-\n        {{.Name}}\n\n        (x)\n\n"
         "    # next\n    command_prefix: '!s'\n",
                "bridge:\n\n    # next\n    command_prefix: '!s'\n"
                "network:\n    displayname_template: >-\n        {{.Name}}\n\n        (x)\n",
                1},
        {"bridge:\n  displayname_template: |2\n      {{.Name}}\n  command_prefix: '!s'\n",
                "bridge:\n  command_prefix: '!s'\n"
                "network:\n    displayname_template: |2\n        {{.Name}}\n",
                1},
        /* quoted over lines; a list in braces over lines, with remarks in it */
        {"bridge:\n    team_name_template: \"a\n\n      b\" # c\n    command_prefix: '!s'\n",
                "bridge:\n    command_prefix: '!s'\n"
                "network:\n    team_name_template: \"a\n\n      b\" # c\n",
                1},
        {"bridge:\n  # all of it\n  login_shared_secret_map: {\n    # one\n    a.org: x,\n"
         "    b.org: y } # end\n  command_prefix: '!s'\n",
                "bridge:\n  command_prefix: '!s'\n"
                "double_puppet:\n    # all of it\n    secrets: {\n      # one\n"
                "      a.org: x,\n      b.org: y } # end\n",
                1},
        /* nested, by indentation; the remarks in it too */
        {"bridge: # b\n    double_puppet_server_map:\n        # ours\n"
         "        a.org: https://a.org # first\n        b.org: https://b.org\n# end\n",
                "# b\n# end\n"
                "double_puppet:\n    servers:\n        # ours\n"
                "        a.org: https://a.org # first\n        b.org: https://b.org\n",
                1},
        /* a section that is there already takes what it lacks */
        {"bridge:\n    encryption:\n        allow: true\n        default: true\n"
         "    command_prefix: '!s'\nencryption:\n    allow: false\n",
                "bridge:\n    encryption:\n        allow: true\n"
                "    command_prefix: '!s'\nencryption:\n    default: true\n    allow: false\n",
                1},
        /* remarks between a section's name and what it is emptied of stay with it */
        {"bridge:\n\n    # why\n\n    # how\n    displayname_template: x\n",
                "\n    # why\n\nnetwork:\n    # how\n    displayname_template: x\n", 1},
        {"bridge:\r\n    displayname_template: x\r\n    command_prefix: y\r\n",
                "bridge:\r\n    command_prefix: y\r\nnetwork:\n"
                "    displayname_template: x\r\n",
                1},
        /* unknown keys and keys that are gone stay */
        {"bridge:\n    my_own: 1\n    kick_on_logout: true\n", NULL, 0},
        {"", NULL, 0},
        {"- a\n", NULL, 0},
        {"a: [\n", NULL, 0},
};

static void lines_move_and_all_else_stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, 65536);
		size_t moved = modernize_text(str_from(cases[i].before), &out);
		const char *now = moved > 0 ? buf_cstr(&out) : NULL;
		if (moved != cases[i].moved ||
		        (now == NULL) != (cases[i].after == NULL) ||
		        (now != NULL && strcmp(now, cases[i].after) != 0)) {
			fail_msg("%zu: moved %zu:\n%s", i, moved, now == NULL ? "" : now);
		}
		buf_finish(&out);
	}
}

static void a_second_time_nothing_is_left_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, 65536);
		if (cases[i].after != NULL) {
			assert_int_equal(
			        modernize_text(str_from(cases[i].after), &out), 0);
		}
		buf_finish(&out);
	}
}

static void the_files_mode_stays(void **state)
{
	char path[] = "/tmp/test-modernize-XXXXXX";
	int fd = mkstemp(path);
	struct stat found;
	struct err err = ERR_INIT;
	size_t moved = 0;

	(void)state;
	assert_int_equal(write(fd, cases[1].before, strlen(cases[1].before)),
	        (ssize_t)strlen(cases[1].before));
	assert_int_equal(fchmod(fd, 0440), 0);
	close(fd);
	assert_true(modernize_file(path, &moved, &err));
	assert_int_equal(moved, 1);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0440);
	assert_int_equal(found.st_size, strlen(cases[1].after));
	assert_true(modernize_file(path, &moved, &err));
	assert_int_equal(moved, 0);
	unlink(path);
	assert_true(modernize_file(path, &moved, &err)); /* said by others */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lines_move_and_all_else_stays),
	        cmocka_unit_test(a_second_time_nothing_is_left_to_do),
	        cmocka_unit_test(the_files_mode_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
