#include "bridge/flow/profiles.h"

#include "lib/map.h"
#include "lib/mem.h"
#include <stdlib.h>

enum {
	MAX_KEPT = 2000,
	KEEP_MS = 5 * 60 * 1000,
};

struct kept {
	struct profile profile;
	int64_t since_ms;
};

struct profiles {
	struct loop *loop;
	struct map *kept; /* mxid -> struct kept, the oldest first */
};

static void free_kept(void *value)
{
	struct kept *kept = value;

	free(kept->profile.name);
	free(kept->profile.avatar_url);
	free(kept);
}

struct profiles *profiles_create(struct loop *loop)
{
	struct profiles *profiles = xcalloc(1, sizeof(*profiles));

	profiles->loop = loop;
	profiles->kept = map_create();
	return profiles;
}

void profiles_destroy(struct profiles **profiles)
{
	if (*profiles == NULL) {
		return;
	}
	map_destroy(&(*profiles)->kept, free_kept);
	free(*profiles);
	*profiles = NULL;
}

void profiles_forget(struct profiles *profiles, const char *mxid)
{
	struct kept *kept = map_del(profiles->kept, mxid);

	if (kept != NULL) {
		free_kept(kept);
	}
}

const struct profile *profiles_find(struct profiles *profiles, const char *mxid)
{
	const struct kept *kept = map_get(profiles->kept, mxid);

	if (kept != NULL && loop_now_ms(profiles->loop) - kept->since_ms >= KEEP_MS) {
		profiles_forget(profiles, mxid);
		kept = NULL;
	}
	return kept == NULL ? NULL : &kept->profile;
}

void profiles_keep(struct profiles *profiles, const char *mxid, const char *name,
        const char *avatar_url)
{
	size_t first = 0;
	const char *oldest;
	struct kept *kept = xcalloc(1, sizeof(*kept));

	profiles_forget(profiles, mxid);
	if (map_count(profiles->kept) >= MAX_KEPT &&
	        map_next(profiles->kept, &first, &oldest, NULL)) {
		profiles_forget(profiles, oldest);
	}
	kept->profile.name = xstrdup_null(name);
	kept->profile.avatar_url = xstrdup_null(avatar_url);
	kept->since_ms = loop_now_ms(profiles->loop);
	map_set(profiles->kept, mxid, kept);
}
