/* poke: makes the homeserver send us what it still holds.
 *
 * conduwuit resends a failed transaction only when the next event for the appservice
 * comes along (its sending service knows no timer for appservices). So after every start,
 * and after every transaction we had to refuse, the bot sends a small event into a room
 * of its own. On other homeservers it is one harmless event. */
#ifndef BRIDGE_FLOW_POKE_H
#define BRIDGE_FLOW_POKE_H

struct app;
struct poke;

struct poke *poke_create(struct app *app);
void poke_destroy(struct poke **poke);

/* Within delay_ms, and again until it has gone through. */
void poke_soon(struct poke *poke, int delay_ms);

#endif
