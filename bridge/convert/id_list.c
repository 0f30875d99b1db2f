#include "bridge/convert/id_list.h"

#include "lib/mem.h"
#include <stdlib.h>

bool id_list_has(const struct id_list *list, struct str id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (str_is(id, list->ids[i])) {
			return true;
		}
	}
	return false;
}

bool id_list_add(struct id_list *list, struct str id)
{
	if (id_list_has(list, id)) {
		return true;
	}
	if (list->count == ID_LIST_MAX) {
		return false;
	}
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count == 0 ? 1 : list->count * 2;
		list->ids = xrealloc(list->ids, room * sizeof(*list->ids));
	}
	list->ids[list->count++] = xstrndup(id.p, id.n);
	return true;
}

void id_list_finish(struct id_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->ids[i]);
	}
	free(list->ids);
	*list = (struct id_list){NULL, 0};
}
