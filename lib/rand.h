/* rand: small seeded generator (xoshiro256**) for jitter and simulators, so that a run
 * can be repeated; and the system's randomness for secrets. */
#ifndef LIB_RAND_H
#define LIB_RAND_H

#include <stddef.h>
#include <stdint.h>

struct rand {
	uint64_t s[4];
};

void rand_seed(struct rand *rand, uint64_t seed);
uint64_t rand_next(struct rand *rand);
uint64_t rand_below(struct rand *rand, uint64_t bound); /* 0 <= x < bound; bound > 0 */
/* `n` characters of [A-Za-z0-9]. out has room for n + 1. */
void rand_text(struct rand *rand, char *out, size_t n);
void rand_secret(char *out, size_t n); /* the same from the system's generator */

#endif
