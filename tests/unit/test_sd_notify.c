/* proves: OPS-02 */
#include "lib/sd_notify.h"

#include "lib/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* As systemd: a datagram socket, by a path or in the abstract namespace. */
static int listen_at(const char *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n = strlen(name);

	memcpy(address.sun_path, name, n);
	if (name[0] == '@') {
		address.sun_path[0] = '\0';
	}
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
	                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
	        0);
	return fd;
}

static void test_systemd_hears_it(void **state)
{
	autofree char *path = xasprintf("/tmp/test-sd-notify-%d", (int)getpid());
	autofree char *name = xasprintf("@test-sd-notify-%d", (int)getpid());
	const char *const names[] = {path, name};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char heard[64] = "";
		int fd = listen_at(names[i]);
		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_true(sd_notify_send("READY=1\nSTATUS=well"));
		assert_int_equal(recv(fd, heard, sizeof(heard) - 1, 0), 19);
		assert_string_equal(heard, "READY=1\nSTATUS=well");
		close(fd);
		assert_false(sd_notify_send("READY=1")); /* nobody is there */
	}
	unlink(path);
}

static void test_nobody_listens(void **state)
{
	static const char *const bad[] = {"", "relative", "/nowhere/at/all"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		assert_false(sd_notify_send("READY=1"));
	}
	autofree char *huge = xcalloc(1, 300);
	memset(huge, '/', 299);
	setenv("NOTIFY_SOCKET", huge, 1);
	assert_false(sd_notify_send("READY=1"));
	unsetenv("NOTIFY_SOCKET");
	assert_false(sd_notify_send("READY=1"));
}

/* A manager that does not read fills its socket: we go on. */
static void test_a_full_socket_does_not_block(void **state)
{
	autofree char *name = xasprintf("@test-sd-notify-full-%d", (int)getpid());
	int fd = listen_at(name);
	bool heard = true;

	(void)state;
	setenv("NOTIFY_SOCKET", name, 1);
	for (int i = 0; i < 100000 && heard; i++) {
		heard = sd_notify_send("WATCHDOG=1");
	}
	assert_false(heard);
	close(fd);
}

static void test_watchdog(void **state)
{
	autofree char *own = xasprintf("%d", (int)getpid());
	const struct {
		const char *usec, *pid;
		int64_t ms;
	} cases[] = {
	        {NULL, NULL, 0},
	        {"30000000", NULL, 30000},
	        {"30000000", own, 30000},
	        {"30000000", "1", 0},
	        {"no number", NULL, 0},
	        {"-5", NULL, 0},
	        {"0", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (cases[i].usec != NULL) {
			setenv("WATCHDOG_USEC", cases[i].usec, 1);
		}
		if (cases[i].pid != NULL) {
			setenv("WATCHDOG_PID", cases[i].pid, 1);
		}
		assert_int_equal(sd_notify_watchdog_ms(), cases[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_systemd_hears_it),
	        cmocka_unit_test(test_nobody_listens),
	        cmocka_unit_test(test_a_full_socket_does_not_block),
	        cmocka_unit_test(test_watchdog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
