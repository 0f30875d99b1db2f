#include "bridge/convert/to_slack.h"

#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/convert/text.h"

#include <stdlib.h>
#include <string.h>

static void add_piece(struct to_slack *out, char *text)
{
	out->pieces = xrealloc(out->pieces, (out->count + 1) * sizeof(*out->pieces));
	out->pieces[out->count++] = (struct to_slack_piece){.text = text};
}

void to_slack_convert(const cJSON *content, const struct to_slack_names *names,
        const struct to_slack_options *options, struct to_slack *out)
{
	const char *rest = json_str_or(content, "body", "");
	size_t chars = options == NULL || options->piece_chars == 0
	                       ? TO_SLACK_PIECE_CHARS
	                       : options->piece_chars;

	(void)names;
	*out = (struct to_slack){
	        .emote = str_equal(json_str(content, "msgtype"), "m.emote")};
	while (rest[0] != '\0' && out->count < TO_SLACK_MAX_PIECES) {
		autofree char *piece = text_piece(rest, chars / 5, &rest);
		add_piece(out, text_to_slack(piece));
	}
}

void to_slack_finish(struct to_slack *out)
{
	for (size_t i = 0; i < out->count; i++) {
		free(out->pieces[i].text);
		free(out->pieces[i].blocks);
	}
	free(out->pieces);
	*out = (struct to_slack){.emote = false};
}

char *to_slack_escape(const char *text)
{
	return text_to_slack(text);
}

void to_slack_list_refs(const cJSON *content, struct to_slack_refs *out)
{
	(void)content;
	memset(out, 0, sizeof(*out));
}

void to_slack_refs_finish(struct to_slack_refs *refs)
{
	id_list_finish(&refs->users);
	id_list_finish(&refs->rooms);
	id_list_finish(&refs->emoji);
	for (size_t i = 0; i < refs->event_count; i++) {
		free(refs->events[i].room);
		free(refs->events[i].event_id);
	}
	free(refs->events);
	memset(refs, 0, sizeof(*refs));
}
