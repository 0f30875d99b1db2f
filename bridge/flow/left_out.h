/* left_out: an event at which the bridge broke while it was taken in (quarantine.h) is
 * kept as it came, set aside like all that is in quarantine: it can be looked at, and
 * when it is released the doors take it in as if it came now. If the bridge breaks at it
 * again that counts against its row. */
#ifndef BRIDGE_FLOW_LEFT_OUT_H
#define BRIDGE_FLOW_LEFT_OUT_H

#include "bridge/flow/app.h"

/* Adds it to tx; one that is kept already stays as it is. source: of the crash, such as
 * "m:$event"; team_id: the workspace it came from, NULL: from the homeserver. */
void left_out_add(struct app *app, struct store_tx *tx, const char *source,
        const char *team_id, const cJSON *event);

#endif
