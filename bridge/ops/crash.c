#include "bridge/ops/crash.h"

#include "bridge/ops/symbols.h"
#include "lib/crumb.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A stack that ran over holds as many frames as fit into 8 MiB; its beginning, which
 * tells most, is at the far end. Untouched memory costs nothing. */
enum {
	MAX_FRAMES = 128 * 1024,
	SHOWN_INNER = 48,
	SHOWN_OUTER = 24,
	STACK_BYTES = 256 * 1024,
	REPORT_BYTES = 16 * 1024,
	WHERE_FRAMES = 4,
	FAULT_FRAME = 2, /* behind the handler and the kernel's trampoline */
};

#define MARK "unsettled\n"
#define SETTLED "settled  \n"

static const struct {
	int number;
	const char *name;
} signals[] = {
        {SIGSEGV, "SIGSEGV"},
        {SIGBUS, "SIGBUS"},
        {SIGFPE, "SIGFPE"},
        {SIGILL, "SIGILL"},
        {SIGABRT, "SIGABRT"},
        {SIGTRAP, "SIGTRAP"},
        {SIGSYS, "SIGSYS"},
};

static void *frames[MAX_FRAMES];
static char stack[STACK_BYTES] __attribute__((aligned(16)));
static char report[REPORT_BYTES];
static size_t report_bytes;
static int report_fd = -1;
static volatile sig_atomic_t is_handling;

/* ---------------------------------------------------------------- writing, with nothing
 * that allocates or locks */

static void put(const char *text)
{
	while (*text != '\0' && report_bytes < REPORT_BYTES) {
		report[report_bytes++] = *text++;
	}
}

static void put_number(uint64_t number, unsigned base)
{
	static const char digits[] = "0123456789abcdef";
	char text[24];
	size_t at = sizeof(text);

	text[--at] = '\0';
	do {
		text[--at] = digits[number % base];
		number /= base;
	} while (number > 0);
	put(text + at);
}

static void put_crumb(const volatile char *crumb_text)
{
	char text[CRUMB_BYTES];

	for (size_t i = 0; i < CRUMB_BYTES; i++) {
		text[i] = crumb_text[i];
	}
	text[CRUMB_BYTES - 1] = '\0';
	put(text[0] == '\0' ? "none" : text);
}

static const char *signal_name(int signum)
{
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (signals[i].number == signum) {
			return signals[i].name;
		}
	}
	return "?";
}

/* A return address may lie behind the end of its function, if the call never returns: the
 * call before it does not. The faulting instruction itself is exact. */
static const void *call_of(size_t index)
{
	return index == FAULT_FRAME ? frames[index] : (const char *)frames[index] - 1;
}

static void put_frame(size_t index)
{
	size_t offset = 0;
	const char *name = symbols_find(call_of(index), &offset);
	const void *address = frames[index];

	put("  ");
	if (name != NULL) {
		put(name);
		put("+0x");
		put_number(offset, 16);
	} else if (offset != 0) {
		put("matrix-slack-bridge+0x");
		put_number(offset, 16);
	} else {
		name = symbols_library(call_of(index), &offset);
		put(name == NULL ? "?" : name);
		put("+0x");
		put_number(offset, 16);
	}
	put(" [0x");
	put_number((uint64_t)(uintptr_t)address, 16);
	put("]\n");
}

static void put_frames(size_t count)
{
	put("backtrace:\n");
	for (size_t i = 0; i < count; i++) {
		if (i == SHOWN_INNER && count > SHOWN_INNER + SHOWN_OUTER) {
			put("  ... ");
			put_number(count - SHOWN_INNER - SHOWN_OUTER, 10);
			put(" more ...\n");
			i = count - SHOWN_OUTER;
		}
		put_frame(i);
	}
}

/* "send_message < job_run < handle_saved": the innermost of ours, but for the reporting
 * itself. */
static void put_where(size_t count)
{
	unsigned shown = 0;

	for (size_t i = 0; i < count && shown < WHERE_FRAMES; i++) {
		size_t offset;
		const char *name = symbols_find(call_of(i), &offset);
		if (name == NULL || str_equal(name, "handle_fault") ||
		        str_equal(name, "write_report")) {
			continue;
		}
		put(shown++ > 0 ? " < " : "");
		put(name);
	}
}

static void write_all(int fd)
{
	size_t done = 0;

	while (fd >= 0 && done < report_bytes) {
		ssize_t n = write(fd, report + done, report_bytes - done);
		if (n <= 0) {
			return;
		}
		done += (size_t)n;
	}
}

/* One line for each log, which has the forms of log.h. */
static void write_log_line(int signum, size_t count)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	for (unsigned i = 0; i < log_sink_count(); i++) {
		bool is_json = log_sink_format(i) == LOG_JSON;
		report_bytes = 0;
		put(is_json ? "{\"level\":\"fatal\",\"message\":\"crashed\",\"time_s\":\""
		            : "FATAL crashed  time_s=");
		put_number((uint64_t)now.tv_sec, 10);
		put(is_json ? "\",\"signal\":\"" : " signal=");
		put(signal_name(signum));
		put(is_json ? "\",\"version\":\"" : " version=");
		put(VERSION);
		put(is_json ? "\",\"event\":\"" : " event=\"");
		put_crumb(crumb.kind);
		put(is_json ? "\",\"job\":\"" : "\" job=");
		put_number((uint64_t)crumb.job, 10);
		put(is_json ? "\",\"where\":\"" : " where=\"");
		put_where(count);
		put(is_json ? "\"}\n" : "\"\n");
		write_all(log_sink_fd(i));
	}
}

static void write_report(int signum, const siginfo_t *info)
{
	size_t count = (size_t)backtrace(frames, MAX_FRAMES);

	report_bytes = 0;
	put(MARK
	        "matrix-slack-bridge crashed by a fault of its own; this is no exit status\n"
	        "version: " VERSION "\nbuild-id: ");
	put(symbols_build_id());
	put("\nsignal: ");
	put(signal_name(signum));
	put("\naddress: 0x");
	put_number(signum == SIGSEGV || signum == SIGBUS
	                   ? (uint64_t)(uintptr_t)info->si_addr
	                   : 0,
	        16);
	put("\nevent: ");
	put_crumb(crumb.kind);
	put("\nsource: ");
	put_crumb(crumb.source);
	put("\njob: ");
	put_number((uint64_t)crumb.job, 10);
	put("\nwhere: ");
	put_where(count);
	put("\n");
	put_frames(count);
	if (report_fd >= 0 && ftruncate(report_fd, 0) == 0) {
		write_all(report_fd);
		fdatasync(report_fd);
	}
	memmove(report, report + strlen(MARK), report_bytes - strlen(MARK));
	report_bytes -= strlen(MARK);
	write_all(STDERR_FILENO);
	write_log_line(signum, count);
}

/* SA_RESETHAND has put the default action back: raising the signal again ends the process
 * by it, as it would have without us. */
static void handle_fault(int signum, siginfo_t *info, void *context)
{
	(void)context;
	if (!is_handling) {
		is_handling = 1;
		REQ("CRASH-04");
		write_report(signum, info);
	}
	signal(signum, SIG_DFL);
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signum);
}

bool crash_install(const char *path, struct err *err)
{
	const stack_t own = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {0};

	symbols_load();
	(void)backtrace(frames, 2); /* loads what it needs now, not in the handler */
	sigaltstack(&own, NULL);
	action.sa_sigaction = handle_fault;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND | SA_NODEFER;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i].number, &action, NULL);
	}
	if (path == NULL) {
		return true;
	}
	report_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return report_fd >= 0 ||
	       err_set(err, ERR_PERMANENT, errno, "%s: %s", path, strerror(errno));
}

/* ---------------------------------------------------------------- the next start */

char *crash_path(const char *config_path)
{
	const char *state = getenv("STATE_DIRECTORY");

	if (state != NULL && state[0] == '/') {
		size_t n = strcspn(state, ":");
		return xasprintf("%.*s/last-crash", (int)n, state);
	}
	return xasprintf("%s.last-crash", config_path);
}

/* The text behind "name: ", up to the end of the line. */
static void take_field(const char *text, const char *name, char *out, size_t room)
{
	autofree char *mark = xasprintf("\n%s: ", name);
	const char *at = strstr(text, mark);
	size_t n = 0;

	out[0] = '\0';
	if (at == NULL) {
		return;
	}
	at += strlen(mark);
	while (n + 1 < room && at[n] != '\n' && at[n] != '\0') {
		out[n] = (unsigned char)at[n] < 0x20 || at[n] == '"' ? '?' : at[n];
		n++;
	}
	out[n] = '\0';
}

bool crash_read(const char *path, struct crash_report *out)
{
	char text[REPORT_BYTES + 1], number[24];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, REPORT_BYTES);
	int64_t job = 0;

	if (fd >= 0) {
		close(fd);
	}
	if (n < (ssize_t)strlen(MARK) || memcmp(text, MARK, strlen(MARK)) != 0) {
		return false;
	}
	text[n] = '\0';
	take_field(text, "signal", out->signal, sizeof(out->signal));
	take_field(text, "event", out->event, sizeof(out->event));
	take_field(text, "version", out->version, sizeof(out->version));
	take_field(text, "where", out->where, sizeof(out->where));
	take_field(text, "source", out->source, sizeof(out->source));
	take_field(text, "job", number, sizeof(number));
	if (str_equal(out->source, "none")) {
		out->source[0] = '\0';
	}
	out->job = str_to_int64(str_from(number), 0, INT64_MAX, &job) ? job : 0;
	return true;
}

void crash_settle(const char *path)
{
	char mark[sizeof(MARK)] = "";
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && pread(fd, mark, strlen(MARK), 0) == (ssize_t)strlen(MARK) &&
	        str_equal(mark, MARK)) {
		(void)!pwrite(fd, SETTLED, strlen(SETTLED), 0);
		fdatasync(fd);
	}
	if (fd >= 0) {
		close(fd);
	}
}
