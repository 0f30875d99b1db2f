/* doc_path: the containers around a block, from the top down. */
#ifndef BRIDGE_CONVERT_DOC_PATH_H
#define BRIDGE_CONVERT_DOC_PATH_H

#include "bridge/convert/doc.h"

struct doc_path {
	int containers[DOC_MAX_DEPTH];
	int count;
};

void doc_path_to(const struct doc *doc, int container, struct doc_path *out);
/* How many containers two paths share from the top. */
int doc_path_shared(const struct doc_path *a, const struct doc_path *b);

/* How many styles and links stay open from one span to the next, in the order in which
 * both sides nest them: bold, italic, underline, strike, link, code. */
enum { DOC_MARKS = 6 };
struct doc_marks {
	unsigned marks[DOC_MARKS]; /* enum doc_style, or DOC_LINK */
	int count;
	const struct span *span; /* the one they are of */
};
enum { DOC_LINK = 256 };
void doc_marks_of(const struct span *span, struct doc_marks *out);
int doc_marks_shared(const struct doc_marks *a, const struct doc_marks *b);

#endif
