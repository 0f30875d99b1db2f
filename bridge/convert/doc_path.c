#include "bridge/convert/doc_path.h"

void doc_path_to(const struct doc *doc, int container, struct doc_path *out)
{
	out->count = doc_depth(doc, container);
	for (int i = out->count; i-- > 0;) {
		out->containers[i] = container;
		container = doc_parent(doc, container);
	}
}

int doc_path_shared(const struct doc_path *a, const struct doc_path *b)
{
	int i = 0;

	while (i < a->count && i < b->count && a->containers[i] == b->containers[i]) {
		i++;
	}
	return i;
}

void doc_marks_of(const struct span *span, struct doc_marks *out)
{
	static const unsigned order[] = {STYLE_BOLD, STYLE_ITALIC, STYLE_UNDERLINE,
	        STYLE_STRIKE, DOC_LINK, STYLE_CODE};
	unsigned set = span->style | (span->url.n > 0 ? (unsigned)DOC_LINK : 0);

	out->count = 0;
	out->span = span;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (set & order[i]) {
			out->marks[out->count++] = order[i];
		}
	}
}

int doc_marks_shared(const struct doc_marks *a, const struct doc_marks *b)
{
	int i = 0;

	while (i < a->count && i < b->count && a->marks[i] == b->marks[i]) {
		bool other = a->marks[i] == DOC_LINK &&
		             (a->span->link != b->span->link || a->span->link == 0);
		if (other) {
			break;
		}
		i++;
	}
	return i;
}
