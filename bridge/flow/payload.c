#include "bridge/flow/payload.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

const char *payload_text(const struct flow *flow, const char *name)
{
	return json_str_or(flow->payload, name, "");
}

const struct portal *payload_portal(const struct flow *flow)
{
	const struct app *app = flow->app;
	const char *room = json_str(flow->payload, "room");

	return room != NULL ? portals_by_room(app->portals, room)
	                    : portals_by_channel(app->portals, payload_text(flow, "team"),
	                              payload_text(flow, "channel"));
}

struct login *payload_login(struct flow *flow)
{
	const struct app *app = flow->app;
	const struct portal *portal = payload_portal(flow);
	const char *team = portal == NULL ? payload_text(flow, "team") : portal->team_id;
	struct login *login = logins_by_team(app->logins, team);

	if (login == NULL && portal == NULL && team[0] == '\0') {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "this room is not bridged any more");
	} else if (login == NULL) {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "nobody is logged in to this workspace");
	}
	return login;
}

unsigned fact_number(const struct flow *flow, const char *name)
{
	int64_t number = 0;

	str_to_int64(str_from(flow_fact(flow, name)), 0, 1000000, &number);
	return (unsigned)number;
}

void fact_set_number(struct flow *flow, const char *name, unsigned number)
{
	autofree char *text = xasprintf("%u", number);
	flow_set_fact(flow, name, text);
}
