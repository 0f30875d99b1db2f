/* matrix_content: the content of a Matrix event, of whatever kind, read into a doc. */
#ifndef BRIDGE_CONVERT_MATRIX_CONTENT_H
#define BRIDGE_CONVERT_MATRIX_CONTENT_H

#include "bridge/convert/matrix_reader.h"

/* Nothing is added for a file without a caption. */
void matrix_read_content(struct matrix_reader *reader, const cJSON *content);

#endif
