/* matrix_message: a message written in a portal becomes one on Slack, or several if it is
 * long, with its author's name and picture, in its thread. A reply becomes a reply in the
 * thread of what it answers. */
#include "bridge/flow/app.h"
#include "bridge/flow/failure.h"
#include "bridge/flow/matrix_content.h"
#include "bridge/flow/matrix_post.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/targets.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	struct matrix_post post;
	struct targets about; /* the thread's first event, or what it answers */
};

static enum step_rc check_may_speak(struct flow *flow)
{
	return matrix_post_may_speak(flow) ? STEP_DONE : STEP_FAIL;
}

static enum step_rc find_thread(struct flow *flow)
{
	struct state *state = flow->state;

	return matrix_post_thread(flow, &state->about);
}

static enum step_rc post_pieces(struct flow *flow)
{
	struct state *state = flow->state;
	const char *event = payload_text(flow, "event");

	return matrix_post_all(flow, &state->post, event, NULL);
}

static void tell_sender(struct flow *flow, struct store_tx *tx)
{
	failure_tell(flow, tx, "message", payload_text(flow, "event"), NULL);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	matrix_post_finish(&state->post);
	targets_forget(&state->about);
}

static enum step_rc ask_author(struct flow *flow)
{
	struct state *state = flow->state;

	return matrix_post_author(flow, &state->post);
}

static const struct step steps[] = {
        {"accept", check_may_speak},
        {"thread", find_thread},
        {"author", ask_author},
        {"post", post_pieces},
        {NULL, NULL},
};

const struct flow_def matrix_message_flow = {
        .name = FLOW_MATRIX_MESSAGE,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_sender,
};
