/* lanes: the evidence as a sequence diagram: who said what to whom. The text drawing for
 * terminals is here; the HTML report draws the same strokes. */
#ifndef RUNNER_LANES_H
#define RUNNER_LANES_H

#include "scenarios/runner/evidence.h"

enum lane {
	LANE_SLACK_USER,
	LANE_SLACK,
	LANE_BRIDGE,
	LANE_DATABASE,
	LANE_MATRIX,
	LANE_MATRIX_USER,
	LANES
};
extern const char *const lane_names[LANES];

enum stroke_kind {
	STROKE_PLAIN,
	STROKE_BAD,   /* refused, lost, an error */
	STROKE_FAINT, /* debug lines, statements, bytes, pings: shown when asked for */
	STROKE_STEP,  /* a step begins: across all lanes */
	STROKE_START, /* the bridge begins to live */
	STROKE_STOP,  /* it ended as it should */
	STROKE_CRASH, /* it ended as it should not, or was killed: across all lanes */
};
const char *stroke_kind_to_str(enum stroke_kind kind);

struct stroke {
	enum lane from, to; /* the same: something happened there */
	enum stroke_kind kind;
	char *label;
};

void stroke_of(const cJSON *item, struct stroke *out);
void stroke_finish(struct stroke *stroke);

/* The whole run as text, about `width` columns wide; faint strokes and
 * how the world was made only if asked for. */
void lanes_draw(const struct evidence *evidence, unsigned width, bool faint, FILE *out);

#endif
