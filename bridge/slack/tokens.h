/* tokens: Slack's tokens by their looks (Slack protocol reference, 5.2). Pure. */
#ifndef BRIDGE_SLACK_TOKENS_H
#define BRIDGE_SLACK_TOKENS_H

#include <stdbool.h>

/* One word of the characters that tokens are made of, with this beginning: it can become
 * a header. */
bool slack_token_has(const char *text, const char *prefix);
/* xoxb-, also a rotating one. */
bool slack_token_is_bot(const char *text);
/* xapp- */
bool slack_token_is_app(const char *text);
/* xoxe.xoxb-: a bot token that expires. */
bool slack_token_rotates(const char *text);
/* xoxe-: what such a one is renewed with. */
bool slack_token_is_refresh(const char *text);
/* xoxc- or xoxs-: of a person signed in with Slack's own client. */
bool slack_token_is_client(const char *text);
/* What such a token needs besides: the value of the cookie "d" (xoxd-...), found in what
 * people copy ("d=xoxd-...;", or the value alone). NULL: it is none. Caller frees. */
char *slack_token_cookie(const char *text);
/* Is there something like a token anywhere in the text? */
bool slack_token_is_in(const char *text);

#endif
