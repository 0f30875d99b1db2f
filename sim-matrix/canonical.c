#include "sim-matrix/canonical.h"

#include <math.h>
#include <string.h>

static const int64_t number_max = ((int64_t)1 << 53) - 1;

static bool is_number_char(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' ||
	       c == 'E';
}

static size_t skip_string(struct str json, size_t at)
{
	for (at++; at < json.n && json.p[at] != '"'; at++) {
		if (json.p[at] == '\\') {
			at++;
		}
	}
	return at + 1;
}

bool canonical_numbers(struct str json)
{
	size_t at = 0;

	while (at < json.n) {
		char c = json.p[at];
		size_t start = at;
		struct str number;
		int64_t value;

		if (c == '"') {
			at = skip_string(json, at);
			continue;
		}
		if (c != '-' && (c < '0' || c > '9')) {
			at++;
			continue;
		}
		while (at < json.n && is_number_char(json.p[at])) {
			at++;
		}
		number = (struct str){json.p + start, at - start};
		if (str_is(number, "-0") ||
		        !str_to_int64(number, -number_max, number_max, &value)) {
			return false;
		}
	}
	return true;
}

bool canonical_value(const cJSON *value)
{
	const cJSON *child;

	if (cJSON_IsNumber(value)) {
		double number = value->valuedouble;
		return floor(number) == number && fabs(number) <= (double)number_max;
	}
	cJSON_ArrayForEach(child, value)
	{
		if (!canonical_value(child)) {
			return false;
		}
	}
	return true;
}
