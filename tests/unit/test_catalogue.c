/* proves: HARN-01 */
#include "scenarios/runner/catalogue.h"

#include "lib/str.h"
#include "tests/unit/story_files.h"

static void put(const struct files *files, const char *folder, const char *name)
{
	autofree char *dir = xasprintf("%s/%s", files->dir, folder);
	autofree char *path = xasprintf("%s/%s", folder, name);

	mkdir(dir, 0700);
	free(files_write(files, path, ""));
}

static void drop(const struct files *files, const char *folder)
{
	autofree char *dir = xasprintf("%s/%s", files->dir, folder);
	files_empty(dir);
}

static void test_files_of_all_folders_in_the_order_of_their_names(void **state)
{
	static const char *const wanted[] = {
	        "b/010-x.yaml", "015-top.yaml", "a/020-x.yaml", "a/deep/030-x.yaml"};
	struct catalogue catalogue;
	struct files files;
	(void)state;

	files_init(&files);
	put(&files, ".", "015-top.yaml");
	put(&files, "a", "020-x.yaml");
	put(&files, "a", "README.md");
	put(&files, "a/deep", "030-x.yaml");
	put(&files, "b", "010-x.yaml");
	put(&files, ".hidden", "001-x.yaml");
	put(&files, "bridges", "002-x.yaml");
	put(&files, "worlds", "003-x.yaml");

	catalogue_read(files.dir, &catalogue);
	assert_int_equal(catalogue.count, 4);
	for (size_t i = 0; i < 4; i++) {
		const char *found = catalogue.paths[i] + strlen(files.dir) + 1;
		assert_string_equal(found + (str_starts(found, "./") ? 2 : 0), wanted[i]);
	}
	catalogue_finish(&catalogue);
	drop(&files, "a/deep");
	drop(&files, "a");
	drop(&files, "b");
	drop(&files, ".hidden");
	drop(&files, "bridges");
	files_finish(&files);
}

static void test_a_folder_that_is_not_there_holds_none(void **state)
{
	struct catalogue catalogue;
	(void)state;

	catalogue_read("/no/such/folder", &catalogue);
	assert_int_equal(catalogue.count, 0);
	catalogue_finish(&catalogue);
}

static void test_a_folder_means_what_is_below_it(void **state)
{
	static const struct {
		const char *path, *folder;
		bool below;
	} cases[] = {
	        {"scenarios/files/300-x.yaml", "files", true},
	        {"scenarios/files/300-x.yaml", "scenarios/files", true},
	        {"scenarios/files/300-x.yaml", "scenarios/files/", true},
	        {"scenarios/files/300-x.yaml", "scenarios", true},
	        {"scenarios/files/300-x.yaml", "file", false},
	        {"scenarios/files/300-x.yaml", "iles", false},
	        {"scenarios/files/300-x.yaml", "300-x.yaml", false},
	        {"scenarios/files/300-x.yaml", "", false},
	        {"scenarios/files/300-x.yaml", "/", false},
	        {"300-x.yaml", "files", false},
	        {"/tmp/300-x.yaml", "files", false},
	        {"/tmp/300-x.yaml", "tmp", true},
	        {"/tmp/300-x.yaml", "/tmp", true},
	        {"//tmp//300-x.yaml", "x", false},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(catalogue_is_below(cases[i].path, cases[i].folder),
		        cases[i].below);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_files_of_all_folders_in_the_order_of_their_names),
	        cmocka_unit_test(test_a_folder_that_is_not_there_holds_none),
	        cmocka_unit_test(test_a_folder_means_what_is_below_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
