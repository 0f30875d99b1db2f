/* crumb: what the program is at, left where a crash report finds it.
 *
 * Written at each event and read from a signal handler, so it is plain memory: no
 * allocation, no lock. Kinds are fixed words of the program's own, never data. */
#ifndef LIB_CRUMB_H
#define LIB_CRUMB_H

#include <stdint.h>

enum { CRUMB_BYTES = 64 };

struct crumb {
	volatile char kind[CRUMB_BYTES]; /* of the last event: "slack_message send" */
	/* The event that is being taken in and has no row yet: the ID its sender gave it;
	 * "": none. Letters, digits and $ : . _ - alone. */
	volatile char source[CRUMB_BYTES];
	volatile int64_t job; /* the stored event in whose handling the program is right
	                         now; 0: in none */
};

extern struct crumb crumb;

/* A new event: its kind in one or two words (b may be NULL). */
void crumb_event(const char *a, const char *b);
/* It is being taken in under that ID (a is a word before it); NULL: not any more. */
void crumb_source(const char *a, const char *id);
/* Its handling begins (a row of the inbox), and ends. */
void crumb_begin(int64_t job);
void crumb_end(void);

#endif
