#include "sim-matrix/media.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MEDIA_ID_LENGTH = 32 };

char *media_put(struct sim_matrix *sim, const char *content_type, const char *filename,
        struct str data)
{
	char id[MEDIA_ID_LENGTH + 1];
	struct media *media;

	if (data.n > MEDIA_ALL_BYTES - sim->media_bytes) {
		return NULL;
	}
	rand_text(&sim->rand, id, MEDIA_ID_LENGTH);
	media = xcalloc(1, sizeof(*media));
	media->content_type = xstrdup_null(content_type);
	media->filename = xstrdup_null(filename);
	media->data = xmalloc(data.n + 1);
	if (data.n > 0) {
		memcpy(media->data, data.p, data.n);
	}
	media->bytes = data.n;
	media->sha256 = sha256_hex(data);
	sim->media_bytes += data.n;
	map_set(sim->media, id, media);
	return xstrdup(id);
}

const struct media *media_get(const struct sim_matrix *sim, const char *media_id)
{
	return map_get(sim->media, media_id);
}

const struct media *media_by_uri(const struct sim_matrix *sim, const char *uri)
{
	autofree char *prefix = xasprintf("mxc://%s/", sim->server_name);

	return uri != NULL && str_starts(uri, prefix)
	               ? media_get(sim, uri + strlen(prefix))
	               : NULL;
}

static void media_free(void *value)
{
	struct media *media = value;

	free(media->content_type);
	free(media->filename);
	free(media->data);
	free(media->sha256);
	free(media);
}

void media_init(struct sim_matrix *sim)
{
	sim->media = map_create();
}

void media_finish(struct sim_matrix *sim)
{
	map_destroy(&sim->media, media_free);
}
