/* findings: the rows of the doctor's table. */
#ifndef BRIDGE_DOCTOR_FINDINGS_H
#define BRIDGE_DOCTOR_FINDINGS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL, VERDICT_SKIP };

struct finding {
	enum verdict verdict;
	const char *check; /* a fixed text */
	char *found, *remedy;
	int status; /* of a VERDICT_FAIL: what the daemon would end with */
};

struct findings {
	struct finding *items;
	size_t count;
};

/* remedy: NULL where there is nothing to do. Copies both texts. */
void findings_add(struct findings *findings, enum verdict verdict, const char *check,
        int status, const char *remedy, const char *fmt, ...)
        __attribute__((format(printf, 6, 7)));
void findings_write(const struct findings *findings, FILE *out);
/* Of the first VERDICT_FAIL; 0 if there is none. */
int findings_status(const struct findings *findings);
void findings_finish(struct findings *findings);

#define found_ok(findings, check, ...)                                                   \
	findings_add(findings, VERDICT_OK, check, 0, NULL, __VA_ARGS__)

/* How far our clock is from a server's, by its Date header (RFC 9110, 5.6.7); NULL: it
 * has none. */
void findings_add_clock(struct findings *findings, const char *whose, const char *date,
        int64_t our_wall_ms);

#endif
