/* proves: HARN-06 */
/* The harness by itself: scenarios that must fail, each saying in its first lines what
 * the runner must then say (tests/harness/README.md). */
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGS = 24, MAX_OUTPUT_BYTES = 8 * 1024 * 1024 };

/* Beside this test's folder lies what it tests. */
static char *runner_path(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	return xasprintf("%s/../scenario", self);
}

struct ran {
	int status;
	char *output; /* both streams */
};

static void run(char *const *args, struct ran *out)
{
	struct buf text;
	char chunk[8192];
	int fds[2], status;
	ssize_t n;

	buf_init(&text, MAX_OUTPUT_BYTES);
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		execv(args[0], args);
		_exit(127);
	}
	close(fds[1]);
	while ((n = read(fds[0], chunk, sizeof(chunk))) > 0) {
		buf_add(&text, chunk, (size_t)n);
	}
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	out->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	out->output = xstrdup(buf_cstr(&text));
	buf_finish(&text);
}

/* Puts the words of text behind args[count]; cuts text. */
static size_t add_words(char **args, size_t count, char *text)
{
	char *rest = text;

	while (rest != NULL && count < MAX_ARGS) {
		char *word = rest;
		rest = strchr(rest, ' ');
		if (rest != NULL) {
			*rest++ = '\0';
		}
		if (word[0] != '\0') {
			args[count++] = word;
		}
	}
	args[count] = NULL;
	return count;
}

static bool is_found(const char *expression, const char *text)
{
	regex_t regex;
	int rc = regcomp(&regex, expression, REG_EXTENDED | REG_NEWLINE | REG_NOSUB);

	if (rc != 0) {
		fail_msg("no expression: %s", expression);
	}
	bool found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

/* What follows "# key: " in the file's first such line behind *at; NULL: no more. The
 * caller's to free. */
static char *next_line(const char **at, const char *key)
{
	autofree char *mark = xasprintf("# %s: ", key);

	while (**at == '#') {
		const char *line = *at;
		size_t n = strcspn(line, "\n");
		*at = line + n + (line[n] == '\n' ? 1 : 0);
		if (strncmp(line, mark, strlen(mark)) == 0) {
			return xstrndup(line + strlen(mark), n - strlen(mark));
		}
	}
	return NULL;
}

static char *first_line(const char *text, const char *key)
{
	return next_line(&text, key);
}

static char *read_file(const char *path)
{
	struct buf text;
	char chunk[8192];
	size_t n;
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	buf_init(&text, MAX_OUTPUT_BYTES);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		buf_add(&text, chunk, n);
	}
	fclose(file);
	return buf_take(&text);
}

static bool holds(const char *path, const char *text, const struct ran *ran)
{
	autofree char *status = first_line(text, "status");
	bool ok = ran->status == (status == NULL ? 1 : (int)strtol(status, NULL, 10));
	const char *at = text;

	if (!ok) {
		print_error("%s: status %d\n", path, ran->status);
	}
	for (char *says; (says = next_line(&at, "says")) != NULL; free(says)) {
		if (!is_found(says, ran->output)) {
			print_error("%s: not said: %s\n", path, says);
			ok = false;
		}
	}
	at = text;
	for (char *says; (says = next_line(&at, "never says")) != NULL; free(says)) {
		if (is_found(says, ran->output)) {
			print_error("%s: said: %s\n", path, says);
			ok = false;
		}
	}
	if (!ok) {
		print_error("%s\n", ran->output);
	}
	return ok;
}

/* Puts what `scenario explain` says behind what the run said. */
static void add_explanation(const char *runner, const char *text, struct ran *ran)
{
	autofree char *explain = first_line(text, "explain");
	char *args[MAX_ARGS + 1] = {xstrdup(runner)};
	struct ran more;

	if (explain != NULL) {
		autofree char *words =
		        xasprintf("explain --bytes --out out/harness %s", explain);
		add_words(args, 1, words);
		run(args, &more);
		char *both = xasprintf("%s\n%s", ran->output, more.output);
		free(ran->output);
		free(more.output);
		ran->output = both;
	}
	free(args[0]);
}

static bool play(const char *runner, const char *path)
{
	char *args[MAX_ARGS + 4] = {xstrdup(runner)};
	autofree char *text = read_file(path);
	autofree char *options = first_line(text, "options");
	autofree char *words = xstrdup("run --out out/harness");
	autofree char *name = xstrdup(path);
	autofree char *only = first_line(text, "only");
	struct ran ran;

	autofree char *slow = first_line(text, "slow");
	bool is_too_slow = slow != NULL && getenv("HARNESS_SLOW") == NULL;
	if (is_too_slow || (only != NULL && strstr(runner, only) == NULL)) {
		free(args[0]);
		return true;
	}
	size_t count = add_words(args, 1, words);
	if (options != NULL) {
		count = add_words(args, count, options);
	}
	args[count++] = name;
	args[count] = NULL;
	run(args, &ran);
	add_explanation(runner, text, &ran);
	bool ok = holds(path, text, &ran);
	free(ran.output);
	free(args[0]);
	return ok;
}

static void each_fails_as_it_says(void **state)
{
	autofree char *runner = runner_path();
	glob_t files = {0};
	size_t wrong = 0;

	(void)state;
	assert_int_equal(glob("tests/harness/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		wrong += play(runner, files.gl_pathv[i]) ? 0 : 1;
	}
	globfree(&files);
	assert_int_equal(wrong, 0);
}

/* ---------------------------------------------------------------- --watch */

/* Reads on until the text has come so often. False at the end of the output. */
static bool read_until(int fd, const char *text, int times)
{
	struct buf seen;
	char chunk[4096];
	ssize_t n = 1;
	int found = 0;

	buf_init(&seen, MAX_OUTPUT_BYTES);
	while (found < times && n > 0) {
		n = read(fd, chunk, sizeof(chunk));
		buf_add(&seen, chunk, n > 0 ? (size_t)n : 0);
		found = 0;
		for (const char *at = buf_cstr(&seen); (at = strstr(at, text)) != NULL;
		        at++) {
			found++;
		}
	}
	buf_finish(&seen);
	return found >= times;
}

static void write_story(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fprintf(file,
	        "scenario: watched\nproves: [MSG-13]\nsteps:\n"
	        "  - slack.post: {as: alice, in: general, text: %s}\n"
	        "  - expect: {at: matrix, text: %s}\n",
	        text, text);
	fclose(file);
}

static void a_change_plays_it_again(void **state)
{
	static char folder[] = "/tmp/test-harness-XXXXXX";
	autofree char *runner = runner_path();
	int fds[2];

	(void)state;
	assert_non_null(mkdtemp(folder));
	autofree char *path = xasprintf("%s/watched.yaml", folder);
	write_story(path, "one");
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execl(runner, runner, "run", "--watch", "--out", "out/harness", path,
		        (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	assert_true(read_until(fds[0], "-- waiting for a change", 1));
	write_story(path, "two");
	assert_true(read_until(fds[0], "1 passed, 0 failed", 1));
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_fails_as_it_says),
	        cmocka_unit_test(a_change_plays_it_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
