/* proves: CRASH-04 */
#include "bridge/ops/crash.h"

#include "bridge/ops/symbols.h"
#include "lib/crumb.h"
#include "lib/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/test-crash-XXXXXX";

/* Runs what() in a child with the handler in place; what is in the report afterwards. */
static char *report_of(void (*what)(void), int *status)
{
	autofree char *path = xasprintf("%s/report", dir);
	pid_t child = fork();

	if (child == 0) {
		const struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		struct err err = ERR_INIT;
		crash_install(path, &err);
		crumb_event("slack_message", "send");
		crumb_begin(4711);
		what();
		_exit(0);
	}
	waitpid(child, status, 0);
	FILE *in = fopen(path, "re");
	char *text = xcalloc(1, 65536);
	assert_non_null(in);
	assert_true(fread(text, 1, 65535, in) > 0);
	fclose(in);
	return text;
}

static void fault(void)
{
	raise(SIGSEGV);
}

static void give_up(void)
{
	abort();
}

static void the_report_names_functions_and_the_event(void **state)
{
	int status = 0;
	struct crash_report report;
	autofree char *text = report_of(fault, &status);
	autofree char *path = xasprintf("%s/report", dir);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	assert_non_null(strstr(text, "\nversion: " VERSION "\n"));
	assert_non_null(strstr(text, "the_report_names_functions_and_the_event+0x"));
	assert_true(crash_read(path, &report));
	assert_string_equal(report.signal, "SIGSEGV");
	assert_string_equal(report.event, "slack_message send");
	assert_int_equal(report.job, 4711);
	crash_settle(path);
	assert_false(crash_read(path, &report));
}

static void an_abort_dies_by_sigabrt(void **state)
{
	int status = 0;
	autofree char *text = report_of(give_up, &status);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(text, "give_up+0x"));
}

static void half_a_report_is_none(void **state)
{
	static const char whole[] = "unsettled\nx\nversion: 1\nsignal: SIGSEGV\n"
	                            "event: a b\njob: 12\nwhere: f\n";
	autofree char *path = xasprintf("%s/half", dir);

	(void)state;
	for (size_t n = 0; n < sizeof(whole); n++) {
		struct crash_report report;
		FILE *out = fopen(path, "we");
		fwrite(whole, 1, n, out);
		fclose(out);
		bool is_there = crash_read(path, &report);
		assert_int_equal(is_there, n >= strlen("unsettled\n"));
		if (is_there) {
			assert_true(
			        report.job == 0 || report.job == 1 || report.job == 12);
		}
	}
}

static void the_folder_of_the_service_is_preferred(void **state)
{
	(void)state;
	unsetenv("STATE_DIRECTORY");
	autofree char *beside = crash_path("/etc/bridge/config.yaml");
	assert_string_equal(beside, "/etc/bridge/config.yaml.last-crash");
	setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
	autofree char *in_state = crash_path("/etc/bridge/config.yaml");
	assert_string_equal(in_state, "/var/lib/a/last-crash");
	unsetenv("STATE_DIRECTORY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_report_names_functions_and_the_event),
	        cmocka_unit_test(an_abort_dies_by_sigabrt),
	        cmocka_unit_test(half_a_report_is_none),
	        cmocka_unit_test(the_folder_of_the_service_is_preferred),
	};
	assert_non_null(mkdtemp(dir));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	autofree char *report = xasprintf("%s/report", dir);
	autofree char *half = xasprintf("%s/half", dir);
	unlink(report);
	unlink(half);
	rmdir(dir);
	return failed;
}
