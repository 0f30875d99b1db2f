/* faults: what goes wrong on purpose at the HTTP door: answers of another kind for the
 * next calls, and connections that are refused. */
#ifndef SIM_SLACK_FAULTS_H
#define SIM_SLACK_FAULTS_H

#include "sim-slack/sim.h"

enum refuse { REFUSE_CONNECTIONS, REFUSE_HTTP };

enum answer_lost { LOST_NOT, LOST_BEFORE, LOST_AFTER };

/* How a call is answered instead. */
struct answer {
	int status;            /* 0: as it would be */
	char error[48];        /* ok:false with this; "" as it would be */
	char *body;            /* NULL: as it would be */
	int64_t retry_after_s; /* <0: no header */
	char retry_after[64];  /* what stands in the header instead; "": the seconds */
	int64_t hold_ms;       /* the call takes effect so much later */
	int64_t delay_ms;      /* the answer comes so much after the effect */
	enum answer_lost lost; /* the connection is reset before or after the effect */
	int64_t cut_at;        /* >=0: the answer ends after so many bytes of its body */
};

struct faults *faults_create(struct sim_slack *sim);
void faults_destroy(struct faults **faults);

/* For for_ms (0: until faults_allow()) every new connection of the kind is reset. */
void faults_set_refuse(struct faults *faults, enum refuse what, int64_t for_ms);
void faults_allow(struct faults *faults);
bool faults_refuse(const struct faults *faults, enum refuse what);

/* Which calls a rule is meant for. */
struct fault_span {
	int64_t times;  /* so many; 0: all */
	int64_t after;  /* after letting so many pass */
	int64_t for_ms; /* and only from now on for so long; 0: for ever */
};
/* Calls of the method ("any": of all), in the channel if that is not NULL. with: as the
 * verb answer takes it. */
bool faults_add_answer(struct faults *faults, const char *call,
        const struct channel *channel, const cJSON *with, const struct fault_span *span,
        struct err *err);
void faults_clear_answers(struct faults *faults);

/* True, and a copy in *out (to be finished), if a rule is meant for this call; it counts
 * as used. */
bool faults_match(struct faults *faults, const char *call, const struct channel *channel,
        struct answer *out);
void answer_init(struct answer *answer); /* as it would be */
void answer_finish(struct answer *answer);

#endif
