/* bench_convert: what a conversion costs, typical and worst, and how it grows. Ends with
 * 1 if a figure is missed: a typical message 20 us, the worst of 40,000 characters 5 ms
 * each way, and at most 2.6 times the time for twice the size (BENCH_LAX=1 only reports).
 */
#include "tests/unit/corpus.h"

#include <time.h>

enum { WORST_CHARS = 40000, TYPICAL_RUNS = 20000 };

static bool missed;

/* The processor's time: a loaded machine does not count. */
static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void run(const cJSON *message, bool to_matrix)
{
	static const struct to_slack_options options = {.may_ping_room = true};
	struct to_matrix there;
	struct to_slack back;

	if (to_matrix) {
		to_matrix_convert(message, &corpus_to_matrix, NULL, &there);
		to_matrix_finish(&there);
	} else {
		to_slack_convert(message, &corpus_to_slack, &options, &back);
		to_slack_finish(&back);
	}
}

/* The best of some, in microseconds each. */
static double measure(const cJSON *message, bool to_matrix, unsigned runs)
{
	double best = 1e18;

	for (unsigned k = 0; k < 5; k++) {
		double begin = now_us();
		for (unsigned i = 0; i < runs; i++) {
			run(message, to_matrix);
		}
		double each = (now_us() - begin) / runs;
		best = each < best ? each : best;
	}
	return best;
}

static void judge(const char *what, const char *way, double us, double limit)
{
	bool good = us <= limit;

	printf("%-44s %-10s %10.1f us   (limit %.0f)%s\n", what, way, us, limit,
	        good ? "" : "   MISSED");
	missed = missed || !good;
}

static const char typical_mrkdwn[] =
        "Hi <@U1>, the *build* of <https://ci.example.org/1|main> is `green` :tada:\n"
        "&gt; what about <#C1|general>?\n_tomorrow_, I think &amp; hope. See you at 10:30.";

static const char typical_html[] =
        "<p>Hi <a href=\"https://matrix.to/#/@bob:example.org\">Bob</a>, the "
        "<strong>build</strong> of <a href=\"https://ci.example.org/1\">main</a> is "
        "<code>green</code> 🎉</p><ul><li>one</li><li>two <em>three</em></li></ul>"
        "<blockquote>what about it?</blockquote><p>see https://x.org/a?b=1&amp;c=2</p>";

static cJSON *slack_message(const char *text)
{
	return json_set_str(json_new(), "text", text);
}

static cJSON *matrix_message(const char *html)
{
	cJSON *content = json_set_str(json_new(), "msgtype", "m.text");

	json_set_str(content, "body", "the body");
	json_set_str(content, "format", "org.matrix.custom.html");
	return json_set_str(content, "formatted_body", html);
}

/* Texts of `chars` characters that are as bad as we know. */
static const struct {
	const char *what, *unit;
	bool to_matrix;
} hard[] = {
        {"plain words", "word ", true},
        {"marks", "*a* ", true},
        {"marks without an end", " *a", true},
        {"backticks", " `a", true},
        {"brackets", "<@U1>", true},
        {"open brackets", "<https:", true},
        {"emoji names", ":tada:", true},
        {"names that are no emoji", ":a_b", true},
        {"entities", "&amp;", true},
        {"fences", "```a``` ", true},
        {"quotes", "&gt; a\n", true},
        {"blanks", "  ", true},
        {"plain words", "word ", false},
        {"styles", "<b>a</b> ", false},
        {"open tags", "<b>", false},
        {"ends without begins", "</b>", false},
        {"items", "<li>a", false},
        {"lists in lists", "<ul><li>a", false},
        {"cells", "<td>a", false},
        {"links", "<a href=\"https://x.org\">a</a>", false},
        {"pills", "<a href=\"https://matrix.to/#/@bob:example.org\">B</a>", false},
        {"addresses", "http://a ", false},
        {"addresses without an end", "http://", false},
        {"ats", " @a:b", false},
        {"emoji", "👋", false},
        {"families", "👩‍👩‍👧‍👦", false},
        {"quotes", "<blockquote>a</blockquote>", false},
        {"code", "<pre>a</pre>", false},
        {"breaks", "a<br>", false},
        {"entities", "&amp;", false},
        {"no-break blanks", "&nbsp; ", false},
};

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		n += ((unsigned char)*text & 0xC0) != 0x80;
	}
	return n;
}

static cJSON *hard_message(size_t i, size_t chars)
{
	struct buf text;

	buf_init(&text, 16 * 1024 * 1024);
	for (size_t n = 0; n + characters(hard[i].unit) <= chars;
	        n += characters(hard[i].unit)) {
		buf_puts(&text, hard[i].unit);
	}
	cJSON *message = hard[i].to_matrix ? slack_message(buf_cstr(&text))
	                                   : matrix_message(buf_cstr(&text));
	buf_finish(&text);
	return message;
}

static void bench_hard(size_t i)
{
	const char *way = hard[i].to_matrix ? "to Matrix" : "to Slack";
	autojson cJSON *half = hard_message(i, WORST_CHARS / 2);
	autojson cJSON *whole = hard_message(i, WORST_CHARS);
	double small = measure(half, hard[i].to_matrix, 3);
	double large = measure(whole, hard[i].to_matrix, 3);
	bool linear = large < small * 2.6 || large < 1000;

	judge(hard[i].what, way, large, 5000);
	if (!linear) {
		printf("   twice the size takes %.1f times as long   MISSED\n",
		        large / small);
		missed = true;
	}
}

int main(void)
{
	autojson cJSON *slack = slack_message(typical_mrkdwn);
	autojson cJSON *matrix = matrix_message(typical_html);
	autojson cJSON *body =
	        json_set_str(json_new(), "body", "Hello, how are you today?");

	judge("a typical message (mrkdwn)", "to Matrix",
	        measure(slack, true, TYPICAL_RUNS), 20);
	judge("a typical message (HTML)", "to Slack",
	        measure(matrix, false, TYPICAL_RUNS), 20);
	judge("a plain line", "to Slack", measure(body, false, TYPICAL_RUNS), 20);
	printf("%d characters of\n", WORST_CHARS);
	for (size_t i = 0; i < CORPUS_COUNT(hard); i++) {
		bench_hard(i);
	}
	return missed && getenv("BENCH_LAX") == NULL;
}
