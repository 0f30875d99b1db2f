/* emoji: reactions and emoji between Slack's names and Matrix's keys. Pure.
 *
 * Standard emoji are in lib/emoji_table.h; custom ones are an mxc: URI on Matrix. */
#ifndef BRIDGE_CONVERT_EMOJI_H
#define BRIDGE_CONVERT_EMOJI_H

#include <stdbool.h>

/* The key of an m.reaction for a reaction of Slack's ("wave::skin-tone-3", "thumbsup").
 * custom: the caller's answer for a name that is not standard: an mxc: URI, Unicode, or
 * NULL, then the key is ":name:". Never empty. Caller frees. */
char *emoji_to_key(const char *name, const char *custom);

/* Whether the name is standard, so that `custom` need not be looked up. */
bool emoji_is_standard(const char *name);

/* The name for reactions.add of a reaction on Matrix; aliases become the canonical name,
 * a variation selector does not matter, ":name:" is taken as the name it says. custom:
 * the caller's answer for an mxc: key, or NULL. NULL if Slack cannot show it. Caller
 * frees. */
char *emoji_from_key(const char *key, const char *custom);

/* Whether two names mean the same reaction ("+1" and "thumbsup"). */
bool emoji_same(const char *a, const char *b);

#endif
