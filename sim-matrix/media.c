#include "sim-matrix/media.h"

#include "lib/mem.h"
#include "lib/temp_file.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEDIA_ID_LENGTH = 32, PIECE_BYTES = 64 * 1024 };

static const uint64_t all_bytes = 4ULL * 1024 * 1024 * 1024;

/* ---- bytes on their way into the store ---- */

struct sink {
	struct media *media;
	EVP_MD_CTX *hash;
	bool failed;
};

static bool sink_open(
        struct sim_matrix *sim, struct sink *sink, struct media *media, size_t bytes)
{
	struct err err = ERR_INIT;

	*sink = (struct sink){.media = media};
	if (bytes > all_bytes - sim->media_bytes) {
		return false;
	}
	if (bytes > MEDIA_HELD_BYTES) {
		media->fd = temp_file_open(&err);
		if (media->fd < 0) {
			return false;
		}
	} else {
		media->data = xmalloc(bytes + 1);
	}
	sink->hash = EVP_MD_CTX_new();
	if (sink->hash == NULL ||
	        EVP_DigestInit_ex(sink->hash, EVP_sha256(), NULL) != 1) {
		abort(); /* out of memory */
	}
	sim->media_bytes += bytes;
	return true;
}

static void sink_write(struct sink *sink, struct str part)
{
	struct media *media = sink->media;

	if (part.n > 0) {
		EVP_DigestUpdate(sink->hash, part.p, part.n);
	}
	if (media->fd < 0 && part.n > 0) {
		memcpy(media->data + media->bytes, part.p, part.n);
	}
	media->bytes += part.n;
	while (media->fd >= 0 && part.n > 0) {
		ssize_t n = write(media->fd, part.p, part.n);
		if (n < 0 && errno != EINTR) {
			sink->failed = true;
			return;
		}
		if (n > 0) {
			part.p += n;
			part.n -= (size_t)n;
		}
	}
}

static bool sink_close(struct sink *sink)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	EVP_DigestFinal_ex(sink->hash, digest, &length);
	EVP_MD_CTX_free(sink->hash);
	sink->media->sha256 = hex_encode(digest, length);
	return !sink->failed;
}

/* ---- the store ---- */

static void media_free(void *value)
{
	struct media *media = value;

	if (media->fd >= 0) {
		close(media->fd);
	}
	free(media->content_type);
	free(media->filename);
	free(media->data);
	free(media->sha256);
	free(media->owner);
	free(media);
}

static struct media *media_new(const char *content_type, const char *filename)
{
	struct media *media = xcalloc(1, sizeof(*media));

	media->fd = -1;
	media->content_type = xstrdup_null(content_type);
	media->filename = xstrdup_null(filename);
	return media;
}

static char *keep(struct sim_matrix *sim, struct media *media)
{
	char id[MEDIA_ID_LENGTH + 1];

	rand_text(&sim->rand, id, MEDIA_ID_LENGTH);
	map_set(sim->media, id, media);
	return xstrdup(id);
}

char *media_put(struct sim_matrix *sim, const char *content_type, const char *filename,
        struct str data)
{
	struct media *media = media_new(content_type, filename);

	if (!media_fill(sim, media, NULL, NULL, data)) {
		media_free(media);
		return NULL;
	}
	return keep(sim, media);
}

bool media_fill(struct sim_matrix *sim, struct media *media, const char *content_type,
        const char *filename, struct str data)
{
	struct sink sink;

	if (!sink_open(sim, &sink, media, data.n)) {
		return false;
	}
	sink_write(&sink, data);
	if (!sink_close(&sink)) {
		return false;
	}
	if (content_type != NULL) {
		str_replace(&media->content_type, content_type);
	}
	if (filename != NULL) {
		str_replace(&media->filename, filename);
	}
	media->awaited = false;
	return true;
}

char *media_put_pattern(struct sim_matrix *sim, const char *content_type,
        const char *filename, const char *seed, size_t bytes)
{
	struct media *media = media_new(content_type, filename);
	char *piece = xmalloc(PIECE_BYTES);
	uint64_t word = 0;
	struct sink sink;
	struct rand rand;
	bool done = sink_open(sim, &sink, media, bytes);

	for (const char *p = seed; *p != '\0'; p++) {
		word = word * 31 + (unsigned char)*p;
	}
	rand_seed(&rand, word + bytes);
	for (size_t left = bytes; done && left > 0;) {
		size_t n = left < PIECE_BYTES ? left : PIECE_BYTES;
		for (size_t i = 0; i < n; i++) {
			word = i % 8 == 0 ? rand_next(&rand) : word >> 8;
			piece[i] = (char)(word & 0xFF);
		}
		sink_write(&sink, (struct str){piece, n});
		left -= n;
	}
	free(piece);
	if (!done || !sink_close(&sink)) {
		media_free(media);
		return NULL;
	}
	return keep(sim, media);
}

char *media_announce(struct sim_matrix *sim, const char *owner, int64_t span_ms)
{
	struct media *media = media_new(NULL, NULL);

	media->awaited = true;
	media->owner = xstrdup(owner);
	media->unused_end_ms = loop_now_ms(sim->loop) + span_ms;
	return keep(sim, media);
}

struct media *media_get(const struct sim_matrix *sim, const char *media_id)
{
	struct media *media = map_get(sim->media, media_id);

	return media != NULL && media->awaited &&
	                       media->unused_end_ms <= loop_now_ms(sim->loop)
	               ? NULL
	               : media;
}

const struct media *media_by_uri(const struct sim_matrix *sim, const char *uri)
{
	autofree char *prefix = xasprintf("mxc://%s/", sim->server_name);

	return uri != NULL && str_starts(uri, prefix)
	               ? media_get(sim, uri + strlen(prefix))
	               : NULL;
}

void media_init(struct sim_matrix *sim)
{
	sim->media = map_create();
}

void media_finish(struct sim_matrix *sim)
{
	map_destroy(&sim->media, media_free);
}
