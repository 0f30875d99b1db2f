/* vclock: the page of memory that the runner and the shim inside the daemon share.
 *
 * Time stands still while anybody works. The daemon is idle when its one thread blocks in
 * poll/epoll with nothing readable; the shim then publishes the deadline of that wait and
 * the wake_seq it had read BEFORE its last empty poll. So an idle report that carries the
 * current wake_seq proves that everything sent before was visible to that poll. */
#ifndef SHIM_VCLOCK_H
#define SHIM_VCLOCK_H

#include <stdatomic.h>
#include <stdint.h>

/* Environment of the daemon: "MSB_VCLOCK=<memfd>,<eventfd to daemon>,<eventfd to
 * runner>,<pipe of the trace, 0: none>". */
#define VCLOCK_ENV "MSB_VCLOCK"

enum {
	VCLOCK_REFUSED = 4,
	VCLOCK_FAULT_BYTES = 64,
	VCLOCK_MARKS = 256,
	VCLOCK_MARK_BYTES = 16
};

/* How the daemon is made to break, by itself: see fault.c. */
enum vclock_fault {
	VCLOCK_FAULT_NONE,
	VCLOCK_FAULT_SEGV,
	VCLOCK_FAULT_ABORT,
	VCLOCK_FAULT_STACK,
	VCLOCK_FAULT_MEMORY,
};

/* Calls of the daemon that can be made to fail: see deny.c. */
enum vclock_call {
	VCLOCK_READ = 1,        /* of a file */
	VCLOCK_WRITE = 2,       /* to a file; its length too */
	VCLOCK_SYNC = 4,        /* fsync, fdatasync */
	VCLOCK_OPEN = 8,        /* of a file */
	VCLOCK_SEND = 16,       /* on a TCP connection */
	VCLOCK_RECEIVE = 32,    /* on one */
	VCLOCK_DESCRIPTOR = 64, /* whatever makes a new one: open, socket, accept */
	VCLOCK_MEMORY = 128,    /* malloc, calloc, realloc (memory.c) */
};

struct vclock_denial {
	_Atomic uint32_t calls; /* which, of enum vclock_call; 0: this denies nothing */
	_Atomic int32_t error;  /* errno; 0: they do one byte only, where they can */
	_Atomic uint64_t seen;  /* how many there have been */
	_Atomic uint64_t from;  /* the first that is denied, from 1 */
	_Atomic uint64_t count; /* how many are denied; 0: all from there on */
	_Atomic uint64_t fired; /* how many have been */
	_Atomic uint32_t cuts;  /* 1: a denied SEND or RECEIVE also ends the connection */
};

struct vclock {
	_Atomic int64_t now_us;      /* monotonic; moved by the runner alone */
	_Atomic int64_t wall_us;     /* wall clock at now_us 0 */
	_Atomic int64_t deadline_us; /* of the wait the daemon is in; INT64_MAX: none */
	_Atomic uint64_t idle_seq;   /* see above; written by the shim */
	_Atomic uint64_t
	        wake_seq; /* written by the runner after it sent anything or moved time */
	_Atomic uint64_t durable; /* durable calls made so far (write, fsync, send ...) */
	_Atomic int64_t kill_at;  /* 2k: die before the k-th durable call, 2k+1: after it;
	                             0: never, or it has died of it */
	/* The same count for the database server: process stop_pid gets SIGQUIT. The shim
	 * sets stop_at to 0 when it has done so. */
	_Atomic int64_t stop_at;
	_Atomic int32_t stop_pid;
	_Atomic uint64_t waits; /* blocking waits entered */
	_Atomic int32_t
	        owner; /* process ID of the daemon; its children pass the shim by */
	_Atomic uint64_t seed; /* what the daemon gets as randomness comes from it */
	/* Bytes are still in that side's send buffers, because the kernel waits for
	 * acknowledgements: the other side must call for them before it reads. See
	 * wire.h. */
	_Atomic uint32_t daemon_holds, runner_holds;
	/* 1: goes on only when a debugger has attached. */
	_Atomic uint32_t wait_for_tracer;
	/* 1: a server outside may leave the daemon waiting for ever. See outside.c. */
	_Atomic uint32_t may_stall;
	/* Ports, in host order, to which the daemon's connect() finds nobody listening;
	 * 0: unused. */
	_Atomic uint32_t refused[VCLOCK_REFUSED];
	struct vclock_denial denial;
	/* Port to which what the daemon sends is lost, and from which nothing comes; 0:
	 * none. New connections to it are led to hole_port, where nobody answers. */
	_Atomic uint32_t silent_port, hole_port;
	/* enum vclock_fault, and the JSON text that brings it about; the texts are
	 * written before the fault. */
	_Atomic uint32_t fault;
	/* The requirements whose marks the daemon passed, in the order of their first
	 * time; the first empty one ends the list. See lib/mark.h. */
	char marks[VCLOCK_MARKS][VCLOCK_MARK_BYTES];
	char fault_key[VCLOCK_FAULT_BYTES], fault_text[VCLOCK_FAULT_BYTES];
};

#endif
