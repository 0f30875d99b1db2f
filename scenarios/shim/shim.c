#include "scenarios/shim/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct shim instance;

struct symbol {
	const char *name;
	size_t offset; /* in struct shim_real */
};

#define SYMBOL(name)                                                                     \
	{                                                                                \
#name, offsetof(struct shim_real, name)                                  \
	}
static const struct symbol symbols[] = {
        SYMBOL(clock_gettime),
        SYMBOL(poll),
        SYMBOL(ppoll),
        SYMBOL(epoll_pwait),
        SYMBOL(epoll_pwait2),
        SYMBOL(pselect),
        SYMBOL(clock_nanosleep),
        SYMBOL(write),
        SYMBOL(writev),
        SYMBOL(pwrite),
        SYMBOL(read),
        SYMBOL(pread),
        SYMBOL(open),
        SYMBOL(socket),
        SYMBOL(fsync),
        SYMBOL(fdatasync),
        SYMBOL(ftruncate),
        SYMBOL(unlink),
        SYMBOL(rename),
        SYMBOL(send),
        SYMBOL(sendto),
        SYMBOL(sendmsg),
        SYMBOL(sendfile),
        SYMBOL(recv),
        SYMBOL(close),
        SYMBOL(connect),
        SYMBOL(accept),
        SYMBOL(accept4),
        SYMBOL(getrandom),
        SYMBOL(RAND_bytes),
};

static void find_symbols(struct shim_real *real)
{
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *found = dlsym(RTLD_NEXT, symbols[i].name);
		memcpy((char *)real + symbols[i].offset, &found, sizeof(found));
	}
}

enum { DESCRIPTORS = 4 };

/* Reads "a,b,c,d". False if the text is anything else. */
static bool read_descriptors(const char *text, int out[DESCRIPTORS])
{
	for (int i = 0; i < DESCRIPTORS; i++) {
		char *end;
		long value = strtol(text, &end, 10);
		if (end == text || *end != (i < DESCRIPTORS - 1 ? ',' : '\0') ||
		        value < 0 || value > INT32_MAX) {
			return false;
		}
		out[i] = (int)value;
		text = end + 1;
	}
	return true;
}

static void join_runner(struct shim *shim)
{
	const char *env = getenv(VCLOCK_ENV);
	int fds[DESCRIPTORS];

	if (env == NULL || !read_descriptors(env, fds)) {
		return;
	}
	void *page = mmap(NULL, sizeof(struct vclock), PROT_READ | PROT_WRITE, MAP_SHARED,
	        fds[0], 0);
	if (page == MAP_FAILED) {
		return; /* a grandchild that was started without our descriptors */
	}
	shim->from_runner = fds[1];
	shim->to_runner = fds[2];
	shim->to_trace = fds[3];
	shim->page = page;
}

struct shim *shim_get(void)
{
	static bool ready; /* the first call comes from the loader, before there are
	                      threads */

	if (!ready) {
		ready = true;
		find_symbols(&instance.real);
		join_runner(&instance);
	}
	return &instance;
}

static bool has_tracer(void)
{
	static const char key[] = "TracerPid:\t";
	char text[2048];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY, 0);
	long n = fd < 0 ? -1 : syscall(SYS_read, fd, text, sizeof(text) - 1);

	if (fd >= 0) {
		syscall(SYS_close, fd);
	}
	text[n > 0 ? n : 0] = '\0';
	const char *found = strstr(text, key);
	return n <= 0 || (found != NULL && found[sizeof(key) - 1] != '0');
}

/* Before main(): a debugger that attaches now sees all of it. */
static void wait_for_tracer(const struct shim *shim)
{
	static const struct timespec a_moment = {.tv_nsec = 10000000};

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	while (shim_in_daemon(shim) && atomic_load(&shim->page->wait_for_tracer) != 0 &&
	        !has_tracer()) {
		syscall(SYS_nanosleep, &a_moment, NULL);
	}
}

__attribute__((constructor)) static void start(void)
{
	struct shim *shim = shim_get();

	if (shim->page != NULL && atomic_load(&shim->page->wait_for_tracer) != 0) {
		wait_for_tracer(shim);
	}
}

bool shim_in_daemon(const struct shim *shim)
{
	return shim->page != NULL && atomic_load(&shim->page->owner) == getpid();
}

bool shim_in_main_thread(const struct shim *shim)
{
	return shim_in_daemon(shim) && syscall(SYS_gettid) == getpid();
}

void shim_refuse(const char *what)
{
	static const char tail[] = ": not possible under the scenario runner's clock\n";

	(void)!syscall(SYS_write, STDERR_FILENO, "shim: ", 6);
	(void)!syscall(SYS_write, STDERR_FILENO, what, strlen(what));
	(void)!syscall(SYS_write, STDERR_FILENO, tail, sizeof(tail) - 1);
	abort();
}
