/* proves: MSG-08 */
#include "lib/spool.h"

#include "lib/mem.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants these before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char dir[32];
static struct err err;

static unsigned names_in_dir(void)
{
	unsigned count = 0;
	DIR *d = opendir(dir);
	const struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		count += entry->d_name[0] != '.' ? 1 : 0;
	}
	closedir(d);
	return count;
}

static int begin(void **state)
{
	(void)state;
	memcpy(dir, "/tmp/msb-test-XXXXXX", 21);
	return mkdtemp(dir) == NULL;
}

static int end(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void test_keeps_bytes(void **state)
{
	struct spool *spool = spool_create(dir, 100);
	struct spool_file *file = spool_open(spool, &err);
	char data[10];

	(void)state;
	assert_non_null(file);
	assert_true(spool_write(file, str_from("hello "), &err));
	assert_true(spool_write(file, str_from("world"), &err));
	assert_int_equal(spool_size(file), 11);
	assert_int_equal(spool_read(file, 0, data, 10, &err), 10);
	assert_memory_equal(data, "hello worl", 10);
	assert_int_equal(spool_read(file, 10, data, 10, &err), 1);
	assert_int_equal(spool_read(file, 11, data, 10, &err), 0);
	assert_int_equal(names_in_dir(), 0); /* nobody else finds it */
	spool_close(&file);
	spool_close(&file);
	spool_destroy(&spool);
}

static void test_quota_is_shared(void **state)
{
	struct spool *spool = spool_create(dir, 10);
	struct spool_file *one = spool_open(spool, &err), *two = spool_open(spool, &err);

	(void)state;
	assert_true(spool_write(one, str_from("123456"), &err));
	assert_true(spool_write(two, str_from("1234"), &err));
	assert_int_equal(spool_bytes(spool), 10);
	assert_false(spool_write(two, str_from("5"), &err));
	assert_int_equal(err.kind, ERR_RETRY);
	assert_int_equal(spool_size(two), 4);
	spool_close(&one);
	assert_true(spool_write(two, str_from("5"), &err));
	spool_close(&two);
	assert_int_equal(spool_bytes(spool), 0);
	spool_destroy(&spool);
}

static void test_no_directory(void **state)
{
	autofree char *none = xasprintf("%s/none", dir);
	struct spool *spool = spool_create(none, 10);

	(void)state;
	assert_null(spool_open(spool, &err));
	assert_int_equal(err.kind, ERR_RETRY);
	spool_destroy(&spool);
}

static void make_file(const char *name)
{
	autofree char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fclose(f);
}

static void test_leftovers_go(void **state)
{
	(void)state;
	make_file("msb-spool-a1B2c3");
	make_file("somebody-elses");
	struct spool *spool = spool_create(dir, 10);
	assert_int_equal(names_in_dir(), 1);
	spool_destroy(&spool);
	autofree char *path = xasprintf("%s/somebody-elses", dir);
	assert_int_equal(unlink(path), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(test_keeps_bytes),
	        CASE(test_quota_is_shared),
	        CASE(test_no_directory),
	        CASE(test_leftovers_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
