/* id_list: a bounded list of texts without repeats, in the order of first appearance. */
#ifndef BRIDGE_CONVERT_ID_LIST_H
#define BRIDGE_CONVERT_ID_LIST_H

#include "lib/str.h"
#include <stdbool.h>
#include <stddef.h>

enum { ID_LIST_MAX = 500 };

struct id_list { /* all zero is an empty one */
	char **ids;
	size_t count;
};

/* False if the list is full; what is there already is not added again. */
bool id_list_add(struct id_list *list, struct str id);
bool id_list_has(const struct id_list *list, struct str id);
void id_list_finish(struct id_list *list);

#endif
