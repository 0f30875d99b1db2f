#include "sim-slack/tickets.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>

struct ticket {
	struct list link; /* tickets::all */
	char text[UUID_SIZE];
	int64_t expires_ms;
};

static void ticket_free(struct ticket *ticket)
{
	list_del(&ticket->link);
	free(ticket);
}

void tickets_init(struct tickets *tickets)
{
	list_init(&tickets->all);
}

void tickets_finish(struct tickets *tickets)
{
	list_for_each(link, &tickets->all)
	{
		ticket_free(container_of(link, struct ticket, link));
	}
}

void tickets_issue(struct tickets *tickets, struct ids *ids, int64_t now_ms,
        int64_t ttl_ms, char out[UUID_SIZE])
{
	struct ticket *ticket = xcalloc(1, sizeof(*ticket));

	list_for_each(link, &tickets->all)
	{
		struct ticket *old = container_of(link, struct ticket, link);

		if (old->expires_ms < now_ms) {
			ticket_free(old);
		}
	}
	ids_uuid(&ids->secrets, ticket->text);
	memcpy(out, ticket->text, UUID_SIZE);
	ticket->expires_ms = now_ms + ttl_ms;
	list_add_tail(&tickets->all, &ticket->link);
}

bool tickets_use(struct tickets *tickets, const char *text, int64_t now_ms)
{
	list_for_each(link, &tickets->all)
	{
		struct ticket *ticket = container_of(link, struct ticket, link);

		if (str_equal(ticket->text, text)) {
			bool good = now_ms <= ticket->expires_ms;

			ticket_free(ticket);
			return good;
		}
	}
	return false;
}
