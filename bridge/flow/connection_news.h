/* connection_news: a login's owner hears, once, when only a person can bring the Socket
 * Mode connection back, and when it is back (SOCK-09). What was told is in the login's
 * row, so a restart does not tell it again. */
#ifndef BRIDGE_FLOW_CONNECTION_NEWS_H
#define BRIDGE_FLOW_CONNECTION_NEWS_H

struct login;

/* The connection's state has changed. */
void connection_news(struct login *login);
void connection_news_handle_timer(void *login);

#endif
