#include "bridge/doctor/findings.h"

#include "lib/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SKEW_WARN_S = 60 };

void findings_add(struct findings *findings, enum verdict verdict, const char *check,
        int status, const char *remedy, const char *fmt, ...)
{
	va_list args;

	findings->items = xrealloc(
	        findings->items, (findings->count + 1) * sizeof(*findings->items));
	va_start(args, fmt);
	findings->items[findings->count++] = (struct finding){.verdict = verdict,
	        .check = check,
	        .found = xvasprintf(fmt, args),
	        .remedy = xstrdup_null(remedy),
	        .status = status};
	va_end(args);
}

static void write_printable(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		fputc((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text, out);
	}
}

void findings_write(const struct findings *findings, FILE *out)
{
	static const char *const words[] = {[VERDICT_OK] = "ok",
	        [VERDICT_WARN] = "warn",
	        [VERDICT_FAIL] = "FAIL",
	        [VERDICT_SKIP] = "-"};
	size_t counts[4] = {0};

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		counts[finding->verdict]++;
		fprintf(out, "%-4s  %-13s  ", words[finding->verdict], finding->check);
		write_printable(out, finding->found);
		fputc('\n', out);
		if (finding->remedy != NULL) {
			fprintf(out, "%-4s  %-13s  -> ", "", "");
			write_printable(out, finding->remedy);
			fputc('\n', out);
		}
	}
	fprintf(out, "\n%zu ok, %zu warnings, %zu failed", counts[VERDICT_OK],
	        counts[VERDICT_WARN], counts[VERDICT_FAIL]);
	if (findings_status(findings) > 1) {
		fprintf(out, "; the bridge would end with status %d",
		        findings_status(findings));
	}
	fputc('\n', out);
}

int findings_status(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->items[i].verdict == VERDICT_FAIL) {
			return findings->items[i].status;
		}
	}
	return 0;
}

void findings_finish(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->items[i].found);
		free(findings->items[i].remedy);
	}
	free(findings->items);
	*findings = (struct findings){0};
}

void findings_add_clock(struct findings *findings, const char *whose, const char *date,
        int64_t our_wall_ms)
{
	struct tm tm = {0};
	const char *end =
	        date == NULL ? NULL : strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	if (end == NULL || *end != '\0') {
		findings_add(findings, VERDICT_SKIP, "clock", 0, NULL,
		        "%s does not say what time it has", whose);
		return;
	}
	long long off = (long long)(our_wall_ms / 1000) - (long long)timegm(&tm);
	if (llabs(off) > SKEW_WARN_S) {
		findings_add(findings, VERDICT_WARN, "clock", 0,
		        "set this machine's clock, for example with systemd-timesyncd or "
		        "chrony",
		        "%lld s %s %s's: messages would have wrong times", llabs(off),
		        off > 0 ? "ahead of" : "behind", whose);
	} else {
		found_ok(findings, "clock", "within %lld s of %s's", llabs(off), whose);
	}
}
