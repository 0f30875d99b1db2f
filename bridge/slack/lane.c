#include "bridge/slack/lane.h"

#include <assert.h>

enum {
	MAX_WAITING = 10000,
	CALL = 60000, /* credit for one call; a tier of n earns n a millisecond */
};

static void earn_credit(struct lane *lane)
{
	int64_t now_ms = loop_now_ms(lane->loop);
	int64_t most = lane->per_minute * CALL;

	/* After a minute it is full whatever it was: keeps the product small. */
	if (now_ms - lane->credited_ms >= CALL) {
		lane->credit = most;
	} else {
		lane->credit += lane->per_minute * (now_ms - lane->credited_ms);
		lane->credit = lane->credit > most ? most : lane->credit;
	}
	lane->credited_ms = now_ms;
}

/* How long until somebody may leave; 0: now. */
static int64_t wait_ms(struct lane *lane)
{
	int64_t park_ms = lane->parked_until_ms - loop_now_ms(lane->loop);
	int64_t credit_ms = 0;

	if (lane->per_minute > 0) {
		earn_credit(lane);
		if (lane->credit < CALL) {
			credit_ms = (CALL - lane->credit + lane->per_minute - 1) /
			            lane->per_minute;
		}
	}
	if (park_ms < 0) {
		park_ms = 0;
	}
	return park_ms > credit_ms ? park_ms : credit_ms;
}

static void remove_turn(struct lane *lane, struct lane_turn *turn)
{
	list_del(&turn->link);
	turn->waits = false;
	lane->waiting_count--;
}

static void pump(struct lane *lane)
{
	while (lane->probe == NULL && !list_empty(&lane->waiting)) {
		int64_t delay_ms = wait_ms(lane);
		if (delay_ms > 0) {
			timer_start(&lane->timer, delay_ms);
			return;
		}
		struct lane_turn *turn =
		        container_of(lane->waiting.next, struct lane_turn, link);
		remove_turn(lane, turn);
		if (lane->was_parked) {
			lane->was_parked = false;
			lane->probe = turn;
		}
		if (lane->per_minute > 0) {
			lane->credit -= CALL;
		}
		lane->leave(turn);
	}
	timer_stop(&lane->timer);
}

static void handle_timer(void *arg)
{
	pump(arg);
}

void lane_init(
        struct lane *lane, struct loop *loop, unsigned per_minute, lane_leave_fn *leave)
{
	*lane = (struct lane){.loop = loop, .leave = leave};
	timer_init(&lane->timer, loop, handle_timer, lane);
	list_init(&lane->waiting);
	lane->per_minute = per_minute - per_minute / 10;
	lane->credit = lane->per_minute * CALL;
	lane->credited_ms = loop_now_ms(loop);
}

void lane_finish(struct lane *lane)
{
	assert(list_empty(&lane->waiting));
	timer_stop(&lane->timer);
}

bool lane_enter(struct lane *lane, struct lane_turn *turn)
{
	if (lane->waiting_count >= MAX_WAITING) {
		return false;
	}
	turn->waits = true;
	list_add_tail(&lane->waiting, &turn->link);
	lane->waiting_count++;
	pump(lane);
	return true;
}

void lane_ended(struct lane *lane, struct lane_turn *turn)
{
	if (turn->waits) {
		remove_turn(lane, turn);
	}
	if (lane->probe == turn) {
		lane->probe = NULL;
	}
	pump(lane);
}

void lane_park(struct lane *lane, uint32_t park_ms)
{
	int64_t until_ms = loop_now_ms(lane->loop) + park_ms;

	lane->was_parked = true;
	if (until_ms > lane->parked_until_ms) {
		lane->parked_until_ms = until_ms;
	}
}
