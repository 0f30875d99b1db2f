/* Faults of the daemon's own: the runner names a text, and the moment the daemon puts
 * that text under that key into a JSON object - in the midst of handling a message - it
 * writes to address 0, aborts, runs out of stack or out of memory. There is no such
 * switch in the daemon itself. */
#include "scenarios/shim/shim.h"

#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef cJSON_bool add_fn(cJSON *object, const char *key, cJSON *item);

static volatile int *volatile nowhere;

static volatile int depth_left = INT32_MAX;

static int __attribute__((noinline)) fall(int above)
{
	volatile char frame[1024];

	frame[0] = (char)above;
	depth_left--;
	int below = depth_left > 0 ? fall(frame[0]) : 0;
	return below + frame[0]; /* not a tail call */
}

/* Nothing can be had any more: neither from the kernel nor from what lies around. */
static void use_up_memory(void)
{
	char text[128];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0) {
		close(fd);
	}
	/* A sanitizer brings an allocator of its own, which does not run out but ends the
	 * process in its own way: there this is the abort that it would have come to. */
	if (n <= 0 || dlsym(RTLD_DEFAULT, "__asan_init") != NULL) {
		abort();
	}
	text[n] = '\0';
	rlim_t used = (rlim_t)strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
	const struct rlimit limit = {used, used};
	setrlimit(RLIMIT_AS, &limit);
	for (size_t size = 1 << 20; size >= 16; size /= 2) {
		void *volatile p;
		while ((p = malloc(size)) != NULL) {
			*(volatile char *)p = 1;
		}
	}
}

static void break_down(uint32_t fault)
{
	switch ((enum vclock_fault)fault) {
	case VCLOCK_FAULT_NONE:
		return;
	case VCLOCK_FAULT_SEGV:
		*nowhere = 1;
		return;
	case VCLOCK_FAULT_ABORT:
		abort();
	case VCLOCK_FAULT_STACK:
		(void)fall(0);
		return;
	case VCLOCK_FAULT_MEMORY:
		use_up_memory();
		return;
	}
}

cJSON_bool cJSON_AddItemToObject(cJSON *object, const char *key, cJSON *item)
{
	struct shim *shim = shim_get();
	static add_fn *real;

	if (real == NULL) {
		void *found = dlsym(RTLD_NEXT, "cJSON_AddItemToObject");
		memcpy(&real, &found, sizeof(found));
	}
	uint32_t fault = shim->page == NULL ? 0 : atomic_load(&shim->page->fault);
	if (fault != VCLOCK_FAULT_NONE && shim_in_daemon(shim) && key != NULL &&
	        strcmp(key, shim->page->fault_key) == 0 && item != NULL &&
	        (item->type & cJSON_String) != 0 &&
	        strstr(item->valuestring, shim->page->fault_text) != NULL) {
		break_down(fault);
	}
	return real(object, key, item);
}
