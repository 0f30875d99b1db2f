#include "lib/sd_notify.h"

#include "lib/str.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or "@name" in the abstract namespace. */
static bool address_of(const char *name, struct sockaddr_un *address, socklen_t *n)
{
	size_t length = strlen(name);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((name[0] != '/' && name[0] != '@') || length >= sizeof(address->sun_path)) {
		return false;
	}
	memcpy(address->sun_path, name, length);
	if (name[0] == '@') {
		address->sun_path[0] = '\0';
	}
	*n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return true;
}

bool sd_notify_send(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t n;

	if (name == NULL || !address_of(name, &address, &n)) {
		return false;
	}
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return false;
	}
	ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	        (const struct sockaddr *)&address, n);
	close(fd);
	return sent == (ssize_t)strlen(state);
}

int64_t sd_notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	int64_t every_us = 0, whom = 0;

	if (usec == NULL || !str_to_int64(str_from(usec), 1, INT64_MAX, &every_us)) {
		return 0;
	}
	if (pid != NULL &&
	        (!str_to_int64(str_from(pid), 1, INT64_MAX, &whom) || whom != getpid())) {
		return 0;
	}
	return every_us / 1000;
}
