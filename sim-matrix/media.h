/* media: uploaded bytes, in memory, bounded in all. */
#ifndef SIM_MATRIX_MEDIA_H
#define SIM_MATRIX_MEDIA_H

#include "sim-matrix/state.h"

enum {
	MEDIA_MAX_BYTES = 20971520, /* one upload: conduwuit's max_request_size */
	MEDIA_ALL_BYTES = 512 * 1024 * 1024,
};

struct media {
	char *content_type;
	char *filename; /* may be NULL */
	char *data;
	size_t bytes;
	char *sha256; /* of the bytes, in hex */
};

/* The new media ID; NULL if the store is full. Texts may be NULL. Caller frees. */
char *media_put(struct sim_matrix *sim, const char *content_type, const char *filename,
        struct str data);
const struct media *media_get(const struct sim_matrix *sim, const char *media_id);
/* By its whole URL, "mxc://server/id"; NULL: not here. uri may be NULL. */
const struct media *media_by_uri(const struct sim_matrix *sim, const char *uri);
void media_init(struct sim_matrix *sim);
void media_finish(struct sim_matrix *sim);

#endif
