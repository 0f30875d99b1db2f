#include "lib/rand.h"

#include <openssl/rand.h>
#include <stdlib.h>

static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
enum { LETTERS = sizeof(letters) - 1 };

/* splitmix64: spreads a small seed over the whole state. */
static uint64_t spread(uint64_t *x)
{
	uint64_t z = (*x += 0x9E3779B97F4A7C15U);
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
	return z ^ (z >> 31);
}

void rand_seed(struct rand *rand, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		rand->s[i] = spread(&seed);
	}
}

static uint64_t rotate(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

uint64_t rand_next(struct rand *rand)
{
	uint64_t *s = rand->s;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t rand_below(struct rand *rand, uint64_t bound)
{
	return rand_next(rand) % bound;
}

void rand_text(struct rand *rand, char *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = letters[rand_below(rand, LETTERS)];
	}
	out[n] = '\0';
}

void rand_secret(char *out, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned char byte;
		if (RAND_bytes(&byte, 1) != 1) {
			abort(); /* no secret is better than a guessable one */
		}
		if (byte <
		        256 / LETTERS * LETTERS) { /* no letter likelier than another */
			out[i++] = letters[byte % LETTERS];
		}
	}
	out[n] = '\0';
}
