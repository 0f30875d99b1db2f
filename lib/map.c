#include "lib/map.h"

#include "lib/mem.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Entries stand in an array in the order of insertion; slots are an open-addressing index
 * into it. A removed entry keeps its place with a NULL value until the next rebuild. */
struct entry {
	char *key;
	void *value;
	uint64_t hash;
};

struct map {
	struct entry *entries;
	size_t used, live, room;
	uint32_t *slots; /* index + 1 into entries, 0: empty */
	size_t slot_count;
};

static uint64_t hash_text(const char *key)
{
	uint64_t hash = 14695981039346656037U; /* FNV-1a */
	for (const char *p = key; *p != '\0'; p++) {
		hash = (hash ^ (unsigned char)*p) * 1099511628211U;
	}
	return hash;
}

struct map *map_create(void)
{
	return xcalloc(1, sizeof(struct map));
}

void map_destroy(struct map **map, void (*free_value)(void *value))
{
	if (*map == NULL) {
		return;
	}
	for (size_t i = 0; i < (*map)->used; i++) {
		struct entry *entry = &(*map)->entries[i];
		if (entry->value != NULL && free_value != NULL) {
			free_value(entry->value);
		}
		free(entry->key);
	}
	free((*map)->entries);
	free((*map)->slots);
	free(*map);
	*map = NULL;
}

static void index_entry(struct map *map, size_t position)
{
	size_t mask = map->slot_count - 1;
	size_t slot = (size_t)map->entries[position].hash & mask;
	while (map->slots[slot] != 0) {
		slot = (slot + 1) & mask;
	}
	map->slots[slot] = (uint32_t)position + 1;
}

/* Drops removed entries and indexes the others anew, with room for one more. */
static void rebuild(struct map *map)
{
	size_t kept = 0;
	for (size_t i = 0; i < map->used; i++) {
		if (map->entries[i].value == NULL) {
			free(map->entries[i].key);
		} else {
			map->entries[kept++] = map->entries[i];
		}
	}
	map->used = kept;
	if (map->room < (kept + 1) * 2) {
		map->room = kept < 8 ? 16 : kept * 4;
		map->entries =
		        xrealloc(map->entries, map->room * sizeof(map->entries[0]));
	}
	free(map->slots);
	map->slot_count = 16;
	while (map->slot_count < map->room * 2) {
		map->slot_count *= 2;
	}
	map->slots = xcalloc(map->slot_count, sizeof(map->slots[0]));
	for (size_t i = 0; i < kept; i++) {
		index_entry(map, i);
	}
}

static struct entry *find(const struct map *map, const char *key, uint64_t hash)
{
	if (map->slot_count == 0) {
		return NULL;
	}
	size_t mask = map->slot_count - 1;
	for (size_t slot = (size_t)hash & mask; map->slots[slot] != 0;
	        slot = (slot + 1) & mask) {
		struct entry *entry = &map->entries[map->slots[slot] - 1];
		if (entry->hash == hash && strcmp(entry->key, key) == 0) {
			return entry;
		}
	}
	return NULL;
}

void *map_get(const struct map *map, const char *key)
{
	const struct entry *entry = find(map, key, hash_text(key));
	return entry == NULL ? NULL : entry->value;
}

void *map_set(struct map *map, const char *key, void *value)
{
	uint64_t hash = hash_text(key);
	struct entry *entry = find(map, key, hash);

	if (entry != NULL && entry->value != NULL) {
		void *before = entry->value;
		entry->value = value;
		return before;
	}
	if (entry != NULL) { /* removed and set again: it comes last now */
		entry->hash = ~entry->hash;
	}
	if (map->used == map->room) {
		rebuild(map);
	}
	map->entries[map->used] = (struct entry){xstrdup(key), value, hash};
	index_entry(map, map->used);
	map->used++;
	map->live++;
	return NULL;
}

void *map_del(struct map *map, const char *key)
{
	struct entry *entry = find(map, key, hash_text(key));
	if (entry == NULL || entry->value == NULL) {
		return NULL;
	}
	void *value = entry->value;
	entry->value = NULL;
	map->live--;
	return value;
}

size_t map_count(const struct map *map)
{
	return map->live;
}

bool map_next(const struct map *map, size_t *cursor, const char **key, void **value)
{
	while (*cursor < map->used) {
		const struct entry *entry = &map->entries[(*cursor)++];
		if (entry->value == NULL) {
			continue;
		}
		if (key != NULL) {
			*key = entry->key;
		}
		if (value != NULL) {
			*value = entry->value;
		}
		return true;
	}
	return false;
}
