#include "bridge/convert/to_matrix.h"

#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/convert/text.h"

#include <stdlib.h>
#include <string.h>

static void add_piece(struct to_matrix *out, char *body)
{
	out->pieces = xrealloc(out->pieces, (out->count + 1) * sizeof(*out->pieces));
	out->pieces[out->count++] = (struct to_matrix_piece){.body = body};
}

void to_matrix_convert(const cJSON *message, const struct to_matrix_names *names,
        const struct to_matrix_options *options, struct to_matrix *out)
{
	bool files = cJSON_GetArraySize(json_arr(message, "files")) > 0;
	autofree char *text = text_from_slack(json_str_or(message, "text", ""));
	const char *rest = text;
	size_t bytes = options == NULL || options->piece_bytes == 0
	                       ? TO_MATRIX_PIECE_BYTES
	                       : options->piece_bytes;

	(void)names;
	*out = (struct to_matrix){.kind = TO_MATRIX_TEXT};
	if (str_equal(json_str(message, "subtype"), "me_message")) {
		out->kind = TO_MATRIX_EMOTE;
	}
	if (text[strspn(text, " \t\r\n")] == '\0') {
		if (!files) {
			add_piece(out, xstrdup("(a message that can only be seen on "
			                       "Slack)"));
		}
		return;
	}
	while (rest[0] != '\0') {
		add_piece(out, text_piece(rest, bytes, &rest));
	}
}

void to_matrix_finish(struct to_matrix *out)
{
	for (size_t i = 0; i < out->count; i++) {
		free(out->pieces[i].body);
		free(out->pieces[i].html);
		id_list_finish(&out->pieces[i].users);
		id_list_finish(&out->pieces[i].groups);
	}
	free(out->pieces);
	*out = (struct to_matrix){.kind = TO_MATRIX_TEXT};
}

const char *to_matrix_msgtype(enum to_matrix_kind kind)
{
	switch (kind) {
	case TO_MATRIX_TEXT:
		return "m.text";
	case TO_MATRIX_NOTICE:
		return "m.notice";
	case TO_MATRIX_EMOTE:
		return "m.emote";
	}
	return "m.text";
}

void to_matrix_list_refs(const cJSON *message, struct to_matrix_refs *out)
{
	(void)message;
	memset(out, 0, sizeof(*out));
}

void to_matrix_refs_finish(struct to_matrix_refs *refs)
{
	id_list_finish(&refs->users);
	id_list_finish(&refs->channels);
	id_list_finish(&refs->groups);
	id_list_finish(&refs->emoji);
	for (size_t i = 0; i < refs->message_count; i++) {
		free(refs->messages[i].host);
		free(refs->messages[i].channel_id);
		free(refs->messages[i].ts);
	}
	free(refs->messages);
	memset(refs, 0, sizeof(*refs));
}
