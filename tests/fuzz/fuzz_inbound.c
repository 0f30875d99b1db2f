/* Everything that parses what Slack or the homeserver sent: frames, events, transactions.
 * The first byte chooses. */
#include "bridge/matrix/events.h"
#include "bridge/matrix/txn_body.h"
#include "bridge/slack/envelope.h"
#include "bridge/slack/events.h"
#include "lib/json.h"
#include "lib/mem.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_json_events(struct str text)
{
	autojson cJSON *value = json_parse(text, NULL);
	struct slack_event slack;
	struct matrix_event matrix;
	struct err err;

	if (value != NULL) {
		slack_event_parse(value, &slack, &err);
		slack_event_from_history(value, "C1", &slack);
		matrix_event_parse(value, &matrix, &err);
		free(json_print_sorted(value));
	}
}

static void take_transaction(struct str text)
{
	struct err err;
	autojson cJSON *events = txn_body_events(text, &err);
	(void)events;
}

static void take_frame(struct str text)
{
	struct socket_frame frame;

	socket_frame_parse(text, &frame);
	socket_frame_finish(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	/* A copy of exactly that size, so that reading beyond its end is seen. */
	autofree char *copy = xmalloc(size);
	for (size_t i = 1; i < size; i++) {
		copy[i - 1] = (char)data[i];
	}
	struct str text = {copy, size - 1};
	switch (data[0] % 3) {
	case 0:
		parse_json_events(text);
		break;
	case 1:
		take_transaction(text);
		break;
	case 2:
		take_frame(text);
		break;
	}
	return 0;
}
