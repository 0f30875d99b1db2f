#include "scenarios/runner/sandbox.h"

#include "lib/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

typedef bool enter_fn(const char *writable);

/* NoNewPrivileges= */
static bool no_new_privileges(const char *writable)
{
	(void)writable;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* CapabilityBoundingSet= */
static bool no_capabilities(const char *writable)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	(void)writable;
	return syscall(SYS_capset, &head, none) == 0;
}

/* ProtectSystem=strict with one StateDirectory= */
static bool read_only(const char *writable)
{
	struct mount_attr ro = {.attr_set = MOUNT_ATTR_RDONLY};
	struct mount_attr rw = {.attr_clr = MOUNT_ATTR_RDONLY};

	return unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount(writable, writable, NULL, MS_BIND, NULL) == 0 &&
	       syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &ro, sizeof(ro)) ==
	               0 &&
	       syscall(SYS_mount_setattr, AT_FDCWD, writable, 0, &rw, sizeof(rw)) == 0 &&
	       chdir(writable) == 0;
}

/* MemoryDenyWriteExecute=yes */
static bool no_new_code(const char *writable)
{
	(void)writable;
	return prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
}

static bool install_filter(const int *calls, size_t count, uint32_t action)
{
	enum { MAX_CALLS = 64 };
	struct sock_filter code[MAX_CALLS * 2 + 5];
	size_t n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(
	        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] =
	        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
	code[n++] =
	        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(
	        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count && i < MAX_CALLS; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(
		        BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
	return no_new_privileges(NULL) &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

/* SystemCallFilter=@system-service ~@privileged @resources with
 * SystemCallErrorNumber=EPERM: what no service needs. */
static bool system_calls(const char *writable)
{
	static const int calls[] = {SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
	        SYS_reboot, SYS_swapon, SYS_swapoff, SYS_init_module, SYS_finit_module,
	        SYS_delete_module, SYS_kexec_load, SYS_ptrace, SYS_process_vm_readv,
	        SYS_process_vm_writev, SYS_perf_event_open, SYS_bpf, SYS_keyctl,
	        SYS_add_key, SYS_request_key, SYS_settimeofday, SYS_clock_settime,
	        SYS_adjtimex, SYS_clock_adjtime, SYS_setns, SYS_unshare, SYS_setuid,
	        SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid,
	        SYS_setgroups, SYS_capset, SYS_setpriority, SYS_sched_setaffinity,
	        SYS_sched_setscheduler, SYS_quotactl, SYS_acct, SYS_personality,
	        SYS_userfaultfd, SYS_io_uring_setup};

	(void)writable;
	return install_filter(calls, sizeof(calls) / sizeof(calls[0]),
	        SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA));
}

/* A filter that is too strict and, as is systemd's default, kills. */
static bool no_sockets(const char *writable)
{
	static const int calls[] = {SYS_socket};

	(void)writable;
	return install_filter(calls, 1, SECCOMP_RET_KILL_PROCESS);
}

static const struct {
	const char *word;
	enter_fn *enter;
} words[] = {
        {"read-only", read_only}, /* first: what follows takes away what it needs */
        {"no-capabilities", no_capabilities},
        {"no-new-privileges", no_new_privileges},
        {"no-new-code", no_new_code},
        {"system-calls", system_calls},
        {"no-sockets", no_sockets},
};

const char *const sandbox_words[] = {"read-only", "no-capabilities", "no-new-privileges",
        "no-new-code", "system-calls", "no-sockets", NULL};

static const struct {
	const char *name;
	int resource;
} limits[] = {
        {"memory", RLIMIT_AS},
        {"files", RLIMIT_NOFILE},
        {"stack", RLIMIT_STACK},
        {"file_size", RLIMIT_FSIZE},
        {"core", RLIMIT_CORE},
};

const char *const limit_names[] = {"memory", "files", "stack", "file_size", "core", NULL};

static bool is_listed(const cJSON *list, const char *word)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (str_equal(item->valuestring, word)) {
			return true;
		}
	}
	return false;
}

static bool set_limits(const cJSON *map)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		int64_t value = json_int(map, limits[i].name, -1);
		const struct rlimit limit = {(rlim_t)value, (rlim_t)value};
		if (value >= 0 && setrlimit((unsigned)limits[i].resource, &limit) != 0) {
			dprintf(STDERR_FILENO, "the limit %s: %s\n", limits[i].name,
			        strerror(errno));
			return false;
		}
	}
	return true;
}

bool sandbox_enter(const cJSON *around, const char *writable)
{
	const cJSON *list = json_arr(around, "sandbox");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (is_listed(list, words[i].word) && !words[i].enter(writable)) {
			dprintf(STDERR_FILENO, "the sandbox %s: %s\n", words[i].word,
			        strerror(errno));
			return false;
		}
	}
	return set_limits(json_obj(around, "limits"));
}
