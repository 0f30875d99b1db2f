/* proves: SEC-01 */
#include "bridge/ops/secrets.h"
#include "lib/mem.h"
#include "lib/str.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char token[] = "xoxb-1234567890-abcdefghij";
static const char hex[] =
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static struct secrets *with_key(const void *data, size_t n, struct err *err)
{
	char path[64];
	snprintf(path, sizeof(path), "/tmp/msb-test-key-%d", (int)getpid());
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, n, file), n);
	fclose(file);
	struct secrets *secrets = secrets_create(path, err);
	unlink(path);
	return secrets;
}

static struct secrets *good_key(void)
{
	struct err err = ERR_INIT;
	struct secrets *secrets = with_key(hex, strlen(hex), &err);
	assert_non_null(secrets);
	return secrets;
}

static void what_is_sealed_opens_and_shows_nothing(void **state)
{
	struct secrets *secrets = good_key();
	struct err err = ERR_INIT;

	(void)state;
	autofree char *one = secrets_seal(secrets, token);
	autofree char *two = secrets_seal(secrets, token);
	assert_true(secrets_are_sealed(one));
	assert_null(strstr(one, "1234567890"));
	assert_string_not_equal(one, two); /* the same token does not look the same */
	autofree char *plain = secrets_open(secrets, one, &err);
	assert_string_equal(plain, token);
	secrets_destroy(&secrets);
}

/* Each byte of what was stored, changed: it does not open, and nothing breaks. */
static void what_was_tampered_with_does_not_open(void **state)
{
	struct secrets *secrets = good_key();
	autofree char *sealed = secrets_seal(secrets, token);
	size_t begin = strlen("sealed1:");

	(void)state;
	for (size_t i = begin; i < strlen(sealed); i++) {
		struct err err = ERR_INIT;
		autofree char *other = xstrdup(sealed);
		other[i] = other[i] == 'A' ? 'B' : 'A';
		autofree char *plain = secrets_open(secrets, other, &err);
		assert_true(plain == NULL || strcmp(other, sealed) == 0);
		other[i] = '\0';
		autofree char *cut = secrets_open(secrets, other, &err);
		assert_null(cut);
		assert_int_equal(err.kind, ERR_PERMANENT);
	}
	secrets_destroy(&secrets);
}

static void another_key_or_none_opens_nothing(void **state)
{
	struct secrets *secrets = good_key();
	autofree char *sealed = secrets_seal(secrets, token);
	struct err err = ERR_INIT;
	struct secrets *other = with_key("0123456789abcdef0123456789abcdef", 32, &err);
	struct secrets *none = secrets_create(NULL, &err);

	(void)state;
	assert_non_null(other);
	assert_null(secrets_open(other, sealed, &err));
	assert_non_null(strstr(err.msg, "another key"));
	assert_null(secrets_open(none, sealed, &err));
	assert_non_null(strstr(err.msg, "database.key_file is not set"));
	secrets_destroy(&none);
	secrets_destroy(&other);
	secrets_destroy(&secrets);
}

static void without_a_key_all_stays_as_it_is(void **state)
{
	struct err err = ERR_INIT;
	struct secrets *none = secrets_create(NULL, &err);
	struct secrets *secrets = good_key();

	(void)state;
	autofree char *stored = secrets_seal(none, token);
	assert_string_equal(stored, token);
	autofree char *opened = secrets_open(secrets, stored, &err); /* from before */
	assert_string_equal(opened, token);
	secrets_destroy(&secrets);
	secrets_destroy(&none);
}

static void bad_key_files_are_refused(void **state)
{
	static const struct {
		const char *data;
		size_t n;
		bool is_good;
	} cases[] = {
	        {hex, 64, true},
	        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 65,
	                true},
	        {"0123456789abcdef0123456789abcde", 31, false},
	        {"", 0, false},
	        {"zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 64,
	                false},
	        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00", 66,
	                false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct secrets *secrets = with_key(cases[i].data, cases[i].n, &err);
		assert_int_equal(secrets != NULL, cases[i].is_good);
		assert_true(cases[i].is_good || strstr(err.msg, "32 bytes") != NULL);
		secrets_destroy(&secrets);
	}
	struct err err = ERR_INIT;
	assert_null(secrets_create("/nonexistent/key", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_sealed_opens_and_shows_nothing),
	        cmocka_unit_test(what_was_tampered_with_does_not_open),
	        cmocka_unit_test(another_key_or_none_opens_nothing),
	        cmocka_unit_test(without_a_key_all_stays_as_it_is),
	        cmocka_unit_test(bad_key_files_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
