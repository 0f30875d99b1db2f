/* What befalls the workspace itself. */
#include "sim-slack/acts.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/events.h"
#include "sim-slack/view.h"

#include <stdlib.h>

static void tell(struct sim_slack *sim, const char *what, const char *value, cJSON *inner)
{
	struct event event = {json_str(inner, "type"), "team:read", NULL, false};
	cJSON *record = json_set_str(sim_record("team", NULL), "action", what);

	sim_report(sim, json_set_str(record, "text", value));
	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

void act_rename_team(struct sim_slack *sim, const char *name)
{
	str_replace(&sim->ws.name, name);
	tell(sim, "renamed", name, json_set_str(event_new("team_rename"), "name", name));
}

void act_change_domain(struct sim_slack *sim, const char *domain)
{
	autofree char *url = xasprintf("https://%s.slack.com", domain);
	cJSON *inner = json_set_str(event_new("team_domain_change"), "url", url);

	str_replace(&sim->ws.domain, domain);
	tell(sim, "domain_changed", domain, json_set_str(inner, "domain", domain));
}

void act_change_email_domain(struct sim_slack *sim, const char *domain)
{
	cJSON *inner = event_new("email_domain_changed");

	str_replace(&sim->ws.email_domain, domain);
	tell(sim, "email_domain_changed", domain,
	        json_set_str(inner, "email_domain", domain));
}

/* No event tells of it: who wants to know asks team.info. */
void act_change_icon(struct sim_slack *sim)
{
	cJSON *record = json_set_str(sim_record("team", NULL), "action", "icon_changed");

	ids_hex(&sim->ids.names, sim->ws.icon_hash, 12);
	sim_report(sim, record);
}
