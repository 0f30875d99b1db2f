/* faults: answers that a scenario has prepared. */
#ifndef SIM_MATRIX_FAULTS_H
#define SIM_MATRIX_FAULTS_H

#include "lib/err.h"
#include "lib/json.h"
#include <stddef.h>
#include <stdint.h>

struct faults;
struct call;

enum fault_lost { LOST_NO, LOST_BEFORE, LOST_AFTER };

struct fault_effect { /* what befalls one request; all zero: nothing */
	bool hit;
	int status; /* 0: as the request deserves */
	char errcode[48];
	char *body; /* JSON text; NULL: made from status and errcode. Owned by the call */
	int64_t retry_after_ms; /* 0: none */
	int64_t delay_ms;
	enum fault_lost lost;
	bool cut;
	size_t cut_at;
	bool skip; /* the request has no effect on the homeserver */
};

struct faults *faults_create(void);
void faults_destroy(struct faults **faults);

/* {request, in?, user?, with, times, after}: the arguments of the verb `answer`. */
bool faults_add(struct faults *faults, const cJSON *args, struct err *err);
size_t faults_count(const struct faults *faults);
void faults_clear(struct faults *faults);

/* Looks for a fault for this call, counts it down, and fills *effect. */
void faults_meet(
        struct faults *faults, const struct call *call, struct fault_effect *effect);

#endif
