/* slack_name: the name of a Slack channel from what people call it. Pure. */
#ifndef BRIDGE_FLOW_SLACK_NAME_H
#define BRIDGE_FLOW_SLACK_NAME_H

/* In small letters, with hyphens for what Slack does not take, without #, up to 80
 * characters; what is no ASCII stays ("invalid_name_*" in the Slack protocol reference,
 * 3.4). "" if nothing is left. Caller frees. */
char *slack_name_from(const char *text);

#endif
