/* campaign: a fuzz target run without instrumentation, many times as fast: seeds are
 * mutated by a seeded generator, so that a run can be repeated exactly. What it was about
 * when it broke is written to campaign-finding.
 * Usage: campaign_... FOLDER_OF_SEEDS COUNT [SEED] */
#include "lib/mem.h"
#include "lib/rand.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SEEDS = 4096, MAX_BYTES = 1024, REPORT_EVERY = 1000000 };

static struct {
	uint8_t *data;
	size_t size;
} seeds[MAX_SEEDS];
static size_t seed_count;

static uint8_t input[MAX_BYTES];
static size_t input_size;

static void load(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		autofree char *path = xasprintf("%s/%s", folder, entries[i]->d_name);
		FILE *file = entries[i]->d_name[0] == '.' ? NULL : fopen(path, "rb");
		free(entries[i]);
		if (file == NULL || seed_count == MAX_SEEDS) {
			continue;
		}
		seeds[seed_count].data = xmalloc(MAX_BYTES);
		seeds[seed_count].size =
		        fread(seeds[seed_count].data, 1, MAX_BYTES, file);
		seed_count += seeds[seed_count].size > 0;
		fclose(file);
	}
	free(count >= 0 ? entries : NULL);
}

static void insert(struct rand *rand, const void *data, size_t n)
{
	size_t at = rand_below(rand, input_size + 1);

	if (n > MAX_BYTES - input_size) {
		return;
	}
	memmove(input + at + n, input + at, input_size - at);
	memcpy(input + at, data, n);
	input_size += n;
}

static void mutate(struct rand *rand)
{
	static const char *const words[] = {"<b>", "</b>", "<ul><li>", "</li>",
	        "<a href=\"", "\">", "</a>", "<pre>", "<blockquote>", "&amp;", "&lt;",
	        "&nbsp;", "<br>", "```", "`", "*", "_", "~", ":tada:", ":a", "&gt; ",
	        "\n", "<@U1>", "<#C1|", "<!here>", "<!date^1^{date}|", "<https://x.org|",
	        ">", "<", "@room", "👋🏽", "❤️", "\xC2\xA0", " ", "<td>", "<p>",
	        "<span data-mx-spoiler>", "\"type\":", "{\"", "\":[", "null",
	        "https://matrix.to/#/@bob:example.org", "👩‍🚀", "日"};
	size_t from, n;

	switch (rand_below(rand, 5)) {
	case 0:
		from = rand_below(rand, sizeof(words) / sizeof(words[0]));
		insert(rand, words[from], strlen(words[from]));
		break;
	case 1: /* a part of another seed */
		n = rand_below(rand, seed_count);
		from = rand_below(rand, seeds[n].size);
		insert(rand, seeds[n].data + from,
		        rand_below(rand,
		                seeds[n].size - from < 60 ? seeds[n].size - from : 60));
		break;
	case 2:
		from = rand_below(rand, input_size);
		n = rand_below(rand, input_size - from);
		n = n > 40 ? 40 : n;
		memmove(input + from, input + from + n, input_size - from - n);
		input_size -= n;
		break;
	case 3:
		input[rand_below(rand, input_size)] =
		        (uint8_t)(32 + rand_below(rand, 95));
		break;
	default: /* the first byte says what the others are */
		input[0] = (uint8_t)rand_next(rand);
		break;
	}
}

static void handle_break(int number)
{
	int fd = open("campaign-finding", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd >= 0) {
		size_t n = 0;
		for (ssize_t wrote = 1; wrote > 0 && n < input_size;) {
			wrote = write(fd, input + n, input_size - n);
			n += wrote > 0 ? (size_t)wrote : 0;
		}
		close(fd);
	}
	signal(number, SIG_DFL);
	raise(number);
}

int main(int argc, char **argv)
{
	unsigned long count = argc < 3 ? 0 : strtoul(argv[2], NULL, 10);
	struct rand rand;

	if (argc > 1) {
		load(argv[1]);
	}
	if (seed_count == 0 || count == 0) {
		fprintf(stderr, "usage: %s FOLDER_OF_SEEDS COUNT [SEED]\n", argv[0]);
		return 2;
	}
	signal(SIGABRT, handle_break);
	signal(SIGSEGV, handle_break);
	rand_seed(&rand, argc < 4 ? 1 : strtoul(argv[3], NULL, 10));
	for (unsigned long i = 1; i <= count; i++) {
		size_t pick = rand_below(&rand, seed_count);
		input_size = seeds[pick].size;
		memcpy(input, seeds[pick].data, input_size);
		for (uint64_t n = 1 + rand_below(&rand, 5); n > 0 && input_size > 0;
		        n--) {
			mutate(&rand);
		}
		LLVMFuzzerTestOneInput(input, input_size);
		if (i % REPORT_EVERY == 0) {
			printf("%lu executions\n", i);
			fflush(stdout);
		}
	}
	printf("%lu executions without a finding\n", count);
	return 0;
}
