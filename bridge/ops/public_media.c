#include "bridge/ops/public_media.h"

#include "lib/http_server.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DIGEST_BYTES = 32, MAX_TYPE_BYTES = 100 };

struct public_media {
	struct matrix *matrix;
	const struct config *config;
	struct list fetches; /* fetch::link */
	unsigned fetch_count;
};

struct fetch {            /* one request that waits for the homeserver */
	struct list link; /* public_media::fetches */
	struct public_media *media;
	struct http_request *req;
	struct matrix_call *call;
};

/* ---------------------------------------------------------------- links */

static void hmac_sha256(struct str key, struct str text, unsigned char *digest)
{
	unsigned len = 0;

	if (HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)text.p, text.n,
	            digest, &len) == NULL) {
		abort(); /* only out of memory or a broken OpenSSL can do this */
	}
	assert(len == DIGEST_BYTES);
}

/* Of "server/id". Caller frees. */
static char *sign(const struct config *config, const char *server, const char *media_id)
{
	static const char purpose[] = "public_media.signing_key";
	struct str key = str_from(config->public_media.signing_key);
	size_t length = (size_t)config->public_media.hash_length;
	autofree char *text = xasprintf("%s/%s", server, media_id);
	unsigned char made[DIGEST_BYTES], digest[DIGEST_BYTES];

	assert(length <= DIGEST_BYTES);
	if (str_is(key, "generate")) {
		hmac_sha256(
		        str_from(config->appservice.as_token), str_from(purpose), made);
		key = (struct str){(const char *)made, sizeof(made)};
	}
	hmac_sha256(key, str_from(text), digest);
	return base64url_encode(digest, length);
}

char *public_media_url(const struct config *config, const char *mxc)
{
	autofree char *server = NULL;
	autofree char *media_id = NULL;

	if (!config->public_media.enabled || !matrix_mxc_split(mxc, &server, &media_id)) {
		return NULL;
	}
	autofree char *signature = sign(config, server, media_id);
	autofree char *server_in_path = url_encode(server); /* may be [::1]:8448 */
	return xasprintf("%s%s/%s/%s/%s", config->appservice.public_address,
	        config->public_media.path_prefix, server_in_path, media_id, signature);
}

/* Takes the next segment of the path, decoded; NULL if it cannot be, or if something else
 * than `end` follows it. Caller frees. */
static char *next_segment(const char **path, char end)
{
	const char *start = *path;
	size_t n = strcspn(start, "/");

	if (start[n] != end) {
		return NULL;
	}
	*path += n + (end == '/');
	return url_decode((struct str){start, n}, false);
}

/* What "server/id/signature" stands for, or NULL if it is not a link of ours. Proxies may
 * have encoded or decoded a character on the way. Caller frees. */
static char *open_link(const struct config *config, const char *path)
{
	autofree char *server = next_segment(&path, '/');
	autofree char *media_id = next_segment(&path, '/');
	autofree char *signature = next_segment(&path, '\0');
	autofree char *server_again = NULL;
	autofree char *media_id_again = NULL;

	if (server == NULL || media_id == NULL || signature == NULL) {
		return NULL;
	}
	autofree char *mxc = xasprintf("mxc://%s/%s", server, media_id);
	if (!matrix_mxc_split(mxc, &server_again, &media_id_again)) {
		return NULL;
	}
	autofree char *expected = sign(config, server, media_id);
	if (!str_equal_secret(str_from(signature), str_from(expected))) {
		return NULL;
	}
	return xstrdup(mxc);
}

/* ---------------------------------------------------------------- answers */

/* For a browser that is led there: nothing in it runs, and it is what its type says. */
static void add_safety(struct http_request *req)
{
	http_request_add_header(req, "Content-Security-Policy", "sandbox");
	http_request_add_header(req, "X-Content-Type-Options", "nosniff");
}

/* Always in the same words: why is nobody's business. */
static void refuse(struct http_request *req, int status)
{
	add_safety(req);
	http_request_add_header(req, "Cache-Control", "no-store");
	http_request_reply_json(req, status,
	        status == 404 ? "{\"errcode\":\"M_NOT_FOUND\",\"error\":\"Not found.\"}"
	                      : "{\"errcode\":\"M_UNKNOWN\",\"error\":\"Try again.\"}");
}

/* The bare type of a picture, without parameters, or NULL if it is anything else. The
 * characters are those of RFC 6838, 4.2. Caller frees. */
static char *picture_type(const char *content_type)
{
	static const char image[] = "image/";
	size_t n = strlen(image);

	if (strncasecmp(content_type, image, n) != 0) {
		return NULL;
	}
	size_t name = strspn(content_type + n, "abcdefghijklmnopqrstuvwxyz"
	                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                       "0123456789!#$&-^_.+");
	const char *end = content_type + n + name;
	if (name == 0 || name > MAX_TYPE_BYTES || strchr("; \t", *end) == NULL) {
		return NULL;
	}
	return xstrndup(content_type, n + name);
}

/* Forgets the fetch; its request is the caller's to answer. */
static struct http_request *end_fetch(struct fetch *fetch)
{
	struct http_request *req = fetch->req;

	matrix_call_cancel(&fetch->call);
	list_del(&fetch->link);
	fetch->media->fetch_count--;
	free(fetch);
	return req;
}

static void handle_fetched(
        const char *content_type, struct str body, const struct err *err, void *arg)
{
	struct fetch *fetch = arg;
	autofree char *type = err->kind == ERR_NONE ? picture_type(content_type) : NULL;

	fetch->call = NULL;
	struct http_request *req = end_fetch(fetch);
	if (type == NULL) {
		log_debug("public picture not served", "request=%llu error=\"%s\"",
		        (unsigned long long)http_request_id(req),
		        err->kind == ERR_NONE ? "it is no picture" : err->msg);
		refuse(req, 404);
		return;
	}
	add_safety(req);
	http_request_add_header(req, "Cache-Control", "public, max-age=86400");
	http_request_reply(req, 200, type, body);
}

/* ---------------------------------------------------------------- requests */

bool public_media_take(struct public_media *media, struct http_request *req)
{
	const char *prefix = media->config->public_media.path_prefix;
	const char *path = http_request_path(req);
	size_t n = strlen(prefix);

	if (strncmp(path, prefix, n) != 0 || path[n] != '/') {
		return false;
	}
	autofree char *mxc = str_equal(http_request_method(req), "GET")
	                             ? open_link(media->config, path + n + 1)
	                             : NULL;
	if (mxc == NULL) {
		refuse(req, 404);
		return true;
	}
	if (media->fetch_count >= PUBLIC_MEDIA_MAX_FETCHES) {
		refuse(req, 503);
		return true;
	}
	struct fetch *fetch = xcalloc(1, sizeof(*fetch));
	fetch->media = media;
	fetch->req = req;
	list_add_tail(&media->fetches, &fetch->link);
	media->fetch_count++;
	fetch->call = matrix_download(
	        media->matrix, mxc, PUBLIC_MEDIA_MAX_BYTES, handle_fetched, fetch);
	return true;
}

struct public_media *public_media_create(
        struct matrix *matrix, const struct config *config)
{
	struct public_media *media = xcalloc(1, sizeof(*media));

	media->matrix = matrix;
	media->config = config;
	list_init(&media->fetches);
	return media;
}

void public_media_destroy(struct public_media **media)
{
	if (*media == NULL) {
		return;
	}
	list_for_each(it, &(*media)->fetches)
	{
		refuse(end_fetch(container_of(it, struct fetch, link)), 503);
	}
	free(*media);
	*media = NULL;
}
