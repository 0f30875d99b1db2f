/* emoji_table: the standard emoji, their short names and their Unicode, pure data.
 *
 * Names are those of emoji-data, which Slack uses, without colons; aliases ("thumbsup"
 * for
 * "+1") are known, and skin tones as Slack writes them: "wave::skin-tone-3", and
 * "handshake::skin-tone-2-4" for two people. U+FE0F never matters when reading and is
 * written where the standard wants it. lib/emoji_table.inc is made by ci/emoji-table. */
#ifndef LIB_EMOJI_TABLE_H
#define LIB_EMOJI_TABLE_H

#include "lib/str.h"
#include <stdbool.h>
#include <stddef.h>

enum {
	EMOJI_NAME_BYTES = 96, /* the longest name with tones and its NUL */
	EMOJI_TEXT_BYTES = 48, /* the longest Unicode and its NUL */
};

/* The Unicode of a name or alias, with or without a skin tone; NULL if there is no such
 * emoji, or none with that tone. Not to be freed. */
const char *emoji_text(struct str name);

/* The canonical name of a name or alias: "+1" for "thumbsup"; tones are kept. False if it
 * is no standard emoji. */
bool emoji_canonical(struct str name, char out[EMOJI_NAME_BYTES]);

/* The canonical name of exactly this Unicode. False if it is no emoji. */
bool emoji_name(struct str text, char out[EMOJI_NAME_BYTES]);

/* How many bytes at the start of `text` are one emoji that is shown in colour by itself:
 * a character that is also a letter or a sign (U+2764, U+00A9, digits) counts only with
 * its U+FE0F. 0 if there is none. */
size_t emoji_length(struct str text);

/* The i-th canonical name without tones, NULL at the end: for tests and generators. */
const char *emoji_base(size_t i);

#endif
