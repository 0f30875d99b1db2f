#include "lib/tls_cert.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 24 * 3600, LIFE_DAYS = 365, NAMES_MAX_BYTES = 4096 };

struct tls_authority {
	EVP_PKEY *key;
	X509 *cert;
	char *names; /* as OpenSSL's subjectAltName takes them */
	int64_t now_s;
};

static bool refused(struct err *err, const char *what)
{
	char why[128] = "";

	ERR_error_string_n(ERR_get_error(), why, sizeof(why));
	return err_set(err, ERR_PERMANENT, 0, "OpenSSL: %s: %s", what, why);
}

static void add_name(struct buf *out, const char *name, size_t n)
{
	autofree char *text = xstrndup(name, n);
	unsigned char address[16];
	bool is_ip = inet_pton(AF_INET, text, address) == 1 ||
	             inet_pton(AF_INET6, text, address) == 1;

	buf_printf(out, "%s%s:%s", out->len > 0 ? "," : "", is_ip ? "IP" : "DNS", text);
}

static char *alternative_names(const char *names)
{
	struct buf out;

	buf_init(&out, NAMES_MAX_BYTES);
	while (*names != '\0') {
		size_t n = strcspn(names, ",");
		if (n > 0) {
			add_name(&out, names, n);
		}
		names += n + (names[n] == ',');
	}
	return buf_take(&out);
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

/* issuer NULL: signed by itself. The caller frees it. */
static X509 *cert_begin(EVP_PKEY *key, const char *name, X509 *issuer, long serial)
{
	X509 *cert = X509_new();
	X509_NAME *subject;

	if (cert == NULL) {
		return NULL;
	}
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_set_pubkey(cert, key);
	subject = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	        (const unsigned char *)(const void *)name, -1, -1, 0);
	X509_set_issuer_name(
	        cert, issuer != NULL ? X509_get_subject_name(issuer) : subject);
	return cert;
}

static void set_dates(X509 *cert, int64_t from_s, int64_t until_s)
{
	ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)from_s);
	ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)until_s);
}

static bool make_root(struct tls_authority *authority)
{
	X509 *cert;

	authority->key = EVP_EC_gen("P-256");
	cert = authority->key == NULL
	               ? NULL
	               : cert_begin(authority->key, "Simulator test authority", NULL, 1);
	authority->cert = cert;
	if (cert == NULL) {
		return false;
	}
	set_dates(cert, authority->now_s - DAY_S,
	        authority->now_s + (int64_t)LIFE_DAYS * DAY_S);
	return add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE") &&
	       add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(cert, cert, NID_subject_key_identifier, "hash") &&
	       X509_sign(cert, authority->key, EVP_sha256()) > 0;
}

struct tls_authority *tls_authority_create(
        const char *names, int64_t now_s, struct err *err)
{
	struct tls_authority *authority = xcalloc(1, sizeof(*authority));

	authority->names = alternative_names(names);
	authority->now_s = now_s;
	if (authority->names == NULL || !make_root(authority)) {
		refused(err, "test authority");
		tls_authority_destroy(&authority);
	}
	return authority;
}

void tls_authority_destroy(struct tls_authority **authority)
{
	if (*authority == NULL) {
		return;
	}
	X509_free((*authority)->cert);
	EVP_PKEY_free((*authority)->key);
	free((*authority)->names);
	free(*authority);
	*authority = NULL;
}

char *tls_authority_pem(const struct tls_authority *authority)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL, *text = NULL;
	long n;

	if (bio != NULL && PEM_write_bio_X509(bio, authority->cert) == 1) {
		n = BIO_get_mem_data(bio, &data);
		text = xstrndup(data, (size_t)n);
	}
	BIO_free(bio);
	return text;
}

/* ---- server certificates ---- */

static bool complete(const struct tls_authority *authority, X509 *cert, EVP_PKEY *key,
        enum tls_kind kind)
{
	bool own = kind == TLS_UNTRUSTED;
	int64_t now_s = authority->now_s;
	int64_t days = kind == TLS_EXPIRED ? -1 : LIFE_DAYS;
	X509 *issuer = own ? cert : authority->cert;

	set_dates(cert, now_s - (int64_t)30 * DAY_S, now_s + days * DAY_S);
	return add_extension(cert, issuer, NID_basic_constraints, "CA:FALSE") &&
	       add_extension(cert, issuer, NID_ext_key_usage, "serverAuth") &&
	       add_extension(cert, issuer, NID_subject_alt_name,
	               kind == TLS_OTHER_NAME ? "DNS:wrong.invalid" : authority->names) &&
	       (own || add_extension(
	                       cert, issuer, NID_authority_key_identifier, "keyid")) &&
	       X509_sign(cert, own ? key : authority->key, EVP_sha256()) > 0;
}

static bool fill(const struct tls_authority *authority, SSL_CTX *ctx, enum tls_kind kind)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key == NULL ? NULL
	                         : cert_begin(key, "simulator",
	                                   kind == TLS_UNTRUSTED ? NULL : authority->cert,
	                                   2 + (long)kind);
	bool ok = cert != NULL && complete(authority, cert, key, kind) &&
	          SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	          SSL_CTX_use_certificate(ctx, cert) == 1 &&
	          SSL_CTX_use_PrivateKey(ctx, key) == 1;

	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

struct ssl_ctx_st *tls_authority_server(
        const struct tls_authority *authority, enum tls_kind kind, struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL || !fill(authority, ctx, kind)) {
		refused(err, "server certificate");
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}
