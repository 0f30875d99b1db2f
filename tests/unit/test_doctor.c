/* proves: CRASH-06, SEC-02 */
#include "bridge/config/modes.h"
#include "bridge/doctor/findings.h"
#include "bridge/slack/scopes.h"
#include "bridge/store/peek.h"
#include "bridge/store/store.h"

#include "lib/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void clocks_are_compared_by_the_date_header(void **state)
{
	static const struct {
		const char *date;
		int64_t our_ms;
		enum verdict verdict;
		const char *says;
	} cases[] = {
	        {"Mon, 05 Jan 2026 09:00:00 GMT", 1767603600000, VERDICT_OK,
	                "within 0 s"},
	        {"Mon, 05 Jan 2026 09:00:00 GMT", 1767603660999, VERDICT_OK,
	                "within 60 s"},
	        {"Mon, 05 Jan 2026 09:00:00 GMT", 1767603661000, VERDICT_WARN,
	                "61 s ahead of"},
	        {"Mon, 05 Jan 2026 09:00:00 GMT", 1767600000000, VERDICT_WARN,
	                "3600 s behind"},
	        {"yesterday", 1767600000000, VERDICT_SKIP, "does not say"},
	        {"Mon, 05 Jan 2026 09:00:00 GMT, or so", 0, VERDICT_SKIP, "does not say"},
	        {NULL, 1767600000000, VERDICT_SKIP, "does not say"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct findings findings = {0};
		findings_add_clock(&findings, "Slack", cases[i].date, cases[i].our_ms);
		assert_int_equal(findings.count, 1);
		assert_int_equal(findings.items[0].verdict, cases[i].verdict);
		assert_non_null(strstr(findings.items[0].found, cases[i].says));
		assert_int_equal(findings_status(&findings), 0);
		findings_finish(&findings);
	}
}

static void the_first_failure_decides(void **state)
{
	struct findings findings = {0};
	char *text = NULL;
	size_t size = 0;

	(void)state;
	findings_add(&findings, VERDICT_WARN, "a", 99, NULL, "warned");
	findings_add(&findings, VERDICT_FAIL, "b", 14, "do this", "bad\x1b[31m\nthing");
	findings_add(&findings, VERDICT_FAIL, "c", 16, NULL, "worse");
	assert_int_equal(findings_status(&findings), 14);
	FILE *out = open_memstream(&text, &size);
	findings_write(&findings, out);
	fclose(out);
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "FAIL  b              bad [31m thing\n"));
	assert_non_null(strstr(text, "-> do this\n"));
	assert_non_null(strstr(text, "0 ok, 1 warnings, 2 failed; the bridge would end "
	                             "with status 14\n"));
	free(text);
	findings_finish(&findings);
}

static void modes_of_secrets(void **state)
{
	static const struct {
		mode_t mode;
		bool is_private;
	} cases[] = {{0400, true}, {0440, true}, {0600, true}, {0640, true},
	        {0660, false}, {0644, false}, {0604, false}, {0601, false}, {0666, false},
	        {0444, false}};
	char path[] = "/tmp/test-modes-XXXXXX", why[128];
	int fd = mkstemp(path);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(fchmod(fd, cases[i].mode), 0);
		assert_int_equal(
		        modes_are_private(path, why, sizeof(why)), cases[i].is_private);
	}
	close(fd);
	unlink(path);
	assert_true(modes_are_private(path, why, sizeof(why)));
	assert_true(modes_are_private("/tmp", why, sizeof(why)));
}

static void scopes_are_whole_words(void **state)
{
	(void)state;
	assert_true(slack_scope_is_in("im:read", "im:read"));
	assert_true(slack_scope_is_in("im:read", "chat:write,im:read"));
	assert_true(slack_scope_is_in("im:read", "chat:write, im:read,x"));
	assert_false(slack_scope_is_in("im:read", "mpim:read,im:reader"));
	assert_false(slack_scope_is_in("im:read", ""));
	assert_false(slack_scope_is_in("", "a,,b"));
}

static void a_look_changes_nothing(void **state)
{
	char dir[] = "/tmp/test-peek-XXXXXX";
	struct peek peek;
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	autofree char *path = xasprintf("%s/b.db", dir);
	autofree char *uri = xasprintf("file:%s?_txlock=immediate", path);
	assert_true(peek_database("sqlite3-fk-wal", uri, &peek, &err));
	assert_false(peek.is_there);
	assert_int_not_equal(access(path, F_OK), 0);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "this is no database, surely not", 31), 31);
	close(fd);
	assert_false(peek_database("sqlite3-fk-wal", uri, &peek, &err));
	assert_int_equal(err.code, STORE_NO_CONNECTION);
	peek_finish(&peek);
	unlink(path);
	struct loop *loop = loop_create();
	struct store *store = store_open(loop, "sqlite3-fk-wal", uri, &err);
	assert_non_null(store);
	assert_true(
	        peek_database("sqlite3-fk-wal", uri, &peek, &err)); /* while it is open */
	assert_true(peek.is_there);
	assert_int_equal(peek.version, peek.newest);
	assert_int_equal(peek.login_count, 0);
	peek_finish(&peek);
	store_close(&store);
	loop_destroy(&loop);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(clocks_are_compared_by_the_date_header),
	        cmocka_unit_test(the_first_failure_decides),
	        cmocka_unit_test(modes_of_secrets),
	        cmocka_unit_test(scopes_are_whole_words),
	        cmocka_unit_test(a_look_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
