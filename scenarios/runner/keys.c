#include "scenarios/runner/keys.h"

#include "lib/mem.h"
#include <string.h>

bool keys_check(const char *what, const char *const *keys, const struct tree_node *root,
        struct story_problems *problems)
{
	if (root->kind != TREE_MAP) {
		story_problem(problems, &root->pos, "%s is a map of keys", what);
		return false;
	}
	for (size_t i = 0; i < root->count; i++) {
		const struct tree_node *item = root->items[i];
		struct nearest nearest;
		bool known = false;
		nearest_init(&nearest, item->key);
		for (const char *const *key = keys; *key != NULL; key++) {
			known = known || strcmp(*key, item->key) == 0;
			nearest_offer(&nearest, *key);
		}
		if (!known) {
			autofree char *hint = nearest_hint(&nearest);
			story_problem(problems, &item->key_pos, "%s has no key \"%s\"%s",
			        what, item->key, hint);
		}
	}
	return true;
}
