#include "bridge/slack/open_budget.h"

enum {
	CALL_MS = 60000,
	MOST_MS = 2 * CALL_MS,
	FIRST_BACKOFF_MS = 1000,
	LONGEST_BACKOFF_MS = 60000,
	JITTER_PART = 5,
};

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void earn_credit(struct open_budget *budget, int64_t now_ms)
{
	budget->credit_ms += now_ms - budget->credited_ms;
	if (budget->credit_ms > MOST_MS) {
		budget->credit_ms = MOST_MS;
	}
	budget->credited_ms = now_ms;
}

static int64_t backoff_ms(unsigned failures)
{
	int64_t delay_ms = failures == 0 ? 0 : FIRST_BACKOFF_MS;

	for (unsigned i = 1; i < failures && delay_ms < LONGEST_BACKOFF_MS; i++) {
		delay_ms *= 2;
	}
	return delay_ms > LONGEST_BACKOFF_MS ? LONGEST_BACKOFF_MS : delay_ms;
}

void open_budget_init(struct open_budget *budget, uint64_t seed, int64_t now_ms)
{
	*budget = (struct open_budget){.credit_ms = MOST_MS, .credited_ms = now_ms};
	rand_seed(&budget->rand, seed);
}

void open_budget_healthy(struct open_budget *budget)
{
	budget->failures = 0;
}

void open_budget_failed(struct open_budget *budget)
{
	budget->failures++;
}

int64_t open_budget_delay_ms(
        struct open_budget *budget, int64_t now_ms, int64_t at_least_ms)
{
	earn_credit(budget, now_ms);
	int64_t delay_ms = larger(CALL_MS - budget->credit_ms, at_least_ms);
	delay_ms = larger(delay_ms, backoff_ms(budget->failures));
	if (delay_ms <= 0) {
		return 0;
	}
	uint64_t jitter = rand_below(&budget->rand, (uint64_t)delay_ms / JITTER_PART + 1);
	return delay_ms + (int64_t)jitter;
}

void open_budget_spend(struct open_budget *budget, int64_t now_ms)
{
	earn_credit(budget, now_ms);
	budget->credit_ms -= CALL_MS;
}
