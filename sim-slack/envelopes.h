/* envelopes: each event goes to one open connection and is sent again until it is
 * acknowledged: attempt 0, and three retries after a deadline of 3 s each. Events that
 * meet no open connection follow the same schedule. */
#ifndef SIM_SLACK_ENVELOPES_H
#define SIM_SLACK_ENVELOPES_H

#include "sim-slack/sim.h"

struct envelopes *envelopes_create(struct sim_slack *sim);
void envelopes_destroy(struct envelopes **envelopes);

/* channel may be NULL; payload is borrowed. Goes out after the knob event_delay. */
void envelopes_send(struct envelopes *envelopes, const struct channel *channel,
        const char *event_id, const cJSON *payload);

/* Slash commands and interactions: sent once, because a person waits for them. */
struct envelope_once {
	const char *type; /* "slash_commands", "interactive" */
	bool accepts;     /* accepts_response_payload */
	cJSON *payload;   /* taken */
	cJSON *record;    /* taken: what each record about it says besides its type */
	/* Called once: acknowledged in time, with the response payload (NULL: none, or
	 * none is accepted), or not. */
	void (*done)(bool acknowledged, const cJSON *response, void *arg);
	void (*forget)(void *arg); /* instead of done, if the simulator ends first */
	void *arg;
};
void envelopes_send_once(struct envelopes *envelopes, const struct envelope_once *once);

/* A client's answer {"envelope_id": ..., "payload": ...} on connection `conn`. payload
 * may be NULL. */
void envelopes_acknowledge(struct envelopes *envelopes, unsigned conn,
        const char *envelope_id, const cJSON *payload);

/* Faults, each for the next `times`: frames that get lost on their way, acknowledgements
 * that are not heard, events whose first attempt comes `delay_ms` late. */
void envelopes_drop_frames(struct envelopes *envelopes, unsigned times);
void envelopes_drop_acks(struct envelopes *envelopes, unsigned times);
void envelopes_delay(struct envelopes *envelopes, unsigned times, int64_t delay_ms);
/* The next `times` events are kept back: until envelopes_release(), or (reorder) until
 * there are so many, and then leave in reverse. */
void envelopes_withhold(struct envelopes *envelopes, unsigned times, bool reorder);
/* Lets go all that is kept back. */
void envelopes_release(struct envelopes *envelopes, bool reverse);
/* The last envelope once more, as it was; conn 0: any, and if none is open it reaches
 * nobody. False: there was none, or no such connection. */
bool envelopes_repeat_last(struct envelopes *envelopes, unsigned conn);

/* Adds a sentence for each event that is still to be delivered. */
void envelopes_pending(const struct envelopes *envelopes, cJSON *sentences);

#endif
