/* map: text keys to pointers, kept in the order of insertion, so that walking one is the
 * same in every run. The map copies its keys and does not own its values. */
#ifndef LIB_MAP_H
#define LIB_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map;

struct map *map_create(void);
/* free_value may be NULL; it is called for each value left. *map may be NULL. */
void map_destroy(struct map **map, void (*free_value)(void *value));

void *map_get(const struct map *map, const char *key); /* NULL if absent */
/* Returns the value that was there before, or NULL. value must not be NULL. */
void *map_set(struct map *map, const char *key, void *value);
void *map_del(struct map *map, const char *key); /* the value removed, or NULL */
size_t map_count(const struct map *map);

/* for (size_t i = 0; map_next(map, &i, &key, &value);) ... ; values may be changed on the
 * way, and the current key removed; nothing may be added. key and value may be NULL. */
bool map_next(const struct map *map, size_t *cursor, const char **key, void **value);

#endif
