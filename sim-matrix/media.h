/* media: uploaded bytes: small ones in memory, large ones in files without names, bounded
 * in all. */
#ifndef SIM_MATRIX_MEDIA_H
#define SIM_MATRIX_MEDIA_H

#include "sim-matrix/state.h"

enum { MEDIA_HELD_BYTES = 256 * 1024 }; /* more waits in a file */

struct media {
	char *content_type;
	char *filename; /* may be NULL */
	char *data;     /* NULL: in fd */
	int fd;         /* -1: in data */
	size_t bytes;
	char *sha256; /* of the bytes, in hex */
	/* an upload that was announced and has not come (POST media/v1/create) */
	bool awaited;
	char *owner;           /* who announced it; NULL: nobody */
	int64_t unused_end_ms; /* monotonic: forgotten then */
};

/* The new media ID; NULL if the store is full. Texts may be NULL. Caller frees. */
char *media_put(struct sim_matrix *sim, const char *content_type, const char *filename,
        struct str data);
/* The same of so many bytes that look like nothing, always the same for `seed`. */
char *media_put_pattern(struct sim_matrix *sim, const char *content_type,
        const char *filename, const char *seed, size_t bytes);
/* An ID whose bytes follow. Caller frees. */
char *media_announce(struct sim_matrix *sim, const char *owner, int64_t span_ms);
/* They are here; false if the store is full. */
bool media_fill(struct sim_matrix *sim, struct media *media, const char *content_type,
        const char *filename, struct str data);

struct media *media_get(const struct sim_matrix *sim, const char *media_id);
/* By its whole URL, "mxc://server/id"; NULL: not here. uri may be NULL. */
const struct media *media_by_uri(const struct sim_matrix *sim, const char *uri);
void media_init(struct sim_matrix *sim);
void media_finish(struct sim_matrix *sim);

#endif
