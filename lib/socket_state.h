/* socket_state: what the kernel knows of a TCP connection, asked without reading from it.
 */
#ifndef LIB_SOCKET_STATE_H
#define LIB_SOCKET_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* Has the peer closed or reset it, even if there is still something to read? */
bool socket_peer_gone(int fd);
/* Are there bytes to read? */
bool socket_has_unread(int fd);
/* All bytes the peer has ever sent; 0 if unknown. */
uint64_t socket_bytes_received(int fd);

/* What was sent and is not acknowledged by then ends the connection (TCP_USER_TIMEOUT).
 */
void socket_set_user_timeout(int fd, unsigned timeout_ms);

/* A RST leaves at once and what was queued is thrown away; the descriptor stays open. */
void socket_reset(int fd);

#endif
