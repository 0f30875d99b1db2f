/* tls_cert: a certificate authority for tests, made afresh in memory, and the server
 * certificates it signs, right ones and wrong ones. For the simulators; a client is made
 * to trust it by giving it the authority's certificate. */
#ifndef LIB_TLS_CERT_H
#define LIB_TLS_CERT_H

#include "lib/err.h"
#include <stdbool.h>
#include <stdint.h>

struct tls_authority;
struct ssl_ctx_st;

enum tls_kind {
	TLS_GOOD,       /* for the names given, valid now */
	TLS_EXPIRED,    /* until yesterday */
	TLS_OTHER_NAME, /* for wrong.invalid alone */
	TLS_UNTRUSTED,  /* signed by itself */
};

/* names: comma list of DNS names and IP addresses for its certificates, copied. now_s:
 * since 1970. NULL and *err if OpenSSL refuses. */
struct tls_authority *tls_authority_create(
        const char *names, int64_t now_s, struct err *err);
void tls_authority_destroy(struct tls_authority **authority);

/* The authority's certificate as PEM. Caller frees. */
char *tls_authority_pem(const struct tls_authority *authority);
/* A server context with a certificate of the kind, TLS 1.2 and newer; the caller frees it
 * with SSL_CTX_free(). NULL and *err if OpenSSL refuses. */
struct ssl_ctx_st *tls_authority_server(
        const struct tls_authority *authority, enum tls_kind kind, struct err *err);

#endif
