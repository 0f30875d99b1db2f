/* doc_matrix: a doc as Matrix shows it: the HTML of the specification and a plain body.
 */
#ifndef BRIDGE_CONVERT_DOC_MATRIX_H
#define BRIDGE_CONVERT_DOC_MATRIX_H

#include "lib/buf.h"

#include "bridge/convert/doc.h"
#include "bridge/convert/doc_split.h"

/* Whether the body says all there is, so that no HTML is needed. */
bool doc_is_plain(const struct doc *doc);

/* Both append. The doc is tidy (doc_tidy). */
void doc_write_html(const struct doc *doc, struct buf *out);
void doc_write_body(const struct doc *doc, struct buf *out);

/* At most how many bytes parts of a doc take as JSON text: body and HTML together, or the
 * body alone, for a plain doc. A piece takes DOC_MATRIX_PIECE_BYTES besides, for what is
 * opened anew in it. */
enum { DOC_MATRIX_PIECE_BYTES = 700 };
extern const struct doc_costs doc_matrix_costs, doc_plain_costs;

#endif
