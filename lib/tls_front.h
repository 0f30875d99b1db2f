/* tls_front: a TLS door for an HTTP server of the same process. Each connection is ended
 * here, and its plain bytes travel on over loopback to the server behind, endings
 * included: a FIN becomes a close_notify and a FIN, a reset a reset. What does not begin
 * with a TLS record is passed on as it is, so that one port serves http and https.
 *
 * libmicrohttpd's own TLS is GnuTLS inside its connections; an upgraded one it hands out
 * as one end of a socket pair, over which neither a reset nor the kernel's view of the
 * peer comes through, and its handshakes cannot be spoiled on purpose.
 */
#ifndef LIB_TLS_FRONT_H
#define LIB_TLS_FRONT_H

#include "lib/err.h"
#include "lib/loop.h"
#include "lib/tls_cert.h"
#include <stdint.h>

struct tls_front;

struct tls_front_options {
	const char *host;  /* IP address to listen on, "127.0.0.1" if NULL */
	uint16_t port;     /* 0: any free one */
	int listen_fd;     /* >0: a listening socket to take over instead */
	uint16_t to_port;  /* where the server behind listens, on 127.0.0.1 */
	const char *names; /* for its certificates: see tls_authority_create() */
};

/* NULL and *err if it cannot listen or OpenSSL refuses. */
struct tls_front *tls_front_create(
        struct loop *loop, const struct tls_front_options *opts, struct err *err);
/* All connections are dropped. *front may be NULL. */
void tls_front_destroy(struct tls_front **front);
uint16_t tls_front_port(const struct tls_front *front);
/* To be given to clients. Borrowed. */
const struct tls_authority *tls_front_authority(const struct tls_front *front);

/* ---- faults, for handshakes to come ---- */
enum tls_fault {
	TLS_FAULT_NONE,
	TLS_FAULT_CERT,    /* the handshake is done with a certificate of `detail` (enum
	                      tls_kind) */
	TLS_FAULT_ALERT,   /* the ClientHello is answered with fatal alert `detail` */
	TLS_FAULT_RESET,   /* it is answered with a reset */
	TLS_FAULT_CUT,     /* the connection ends after `detail` bytes of our answer */
	TLS_FAULT_SILENCE, /* it is not answered */
};

/* For the next `times` TLS connections (0: until it is set anew). False and *err if
 * OpenSSL refuses. */
bool tls_front_set_fault(struct tls_front *front, enum tls_fault fault, unsigned detail,
        unsigned times, struct err *err);

#endif
