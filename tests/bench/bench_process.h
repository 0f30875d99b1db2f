/* bench_process: a program under measurement: its start, its end, and what it uses. It
 * runs on processor 0; whoever measures it takes another. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* Prints to standard error and ends the benchmark. */
_Noreturn void bench_die(const char *what, const char *why);

/* args: the program first, NULL-terminated; what it writes goes to the file `log`. It
 * dies with this process. */
pid_t bench_process_start(const char *const *args, const char *dir, const char *log);
/* SIGTERM, and waits for its end. */
void bench_process_stop(pid_t pid);

/* CPU time of all its threads so far; with_children: of the processes it started, too. */
int64_t bench_cpu_us(pid_t pid);
int64_t bench_cpu_of_family_us(pid_t pid);
/* From /proc/PID/status: "VmRSS" now, "VmHWM" at most. */
long bench_memory_kib(pid_t pid, const char *field);
/* Its peak is counted anew from here. */
void bench_forget_peak(pid_t pid);

int64_t bench_now_us(void); /* monotonic */
void bench_pin(int processor);
/* The machine's load average of the last minute. */
double bench_load_average(void);

#endif
