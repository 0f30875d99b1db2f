#include "bridge/ops/symbols.h"

#include "lib/mem.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ID_BYTES = 32, MAX_LIBRARIES = 96 };

struct symbol {
	uintptr_t start, end; /* as linked */
	const char *name;     /* in the mapped file, which stays mapped */
};

static struct symbol *table;
static size_t count;
static uintptr_t base, first, last; /* where the program lies */
static char build_id[2 * MAX_ID_BYTES + 1];

static struct library {
	uintptr_t base, first, last;
	char name[48];
} libraries[MAX_LIBRARIES];
static size_t library_count;

static int compare(const void *a, const void *b)
{
	const struct symbol *one = a, *other = b;
	return one->start < other->start ? -1 : one->start > other->start;
}

static bool fits(size_t size, uint64_t offset, uint64_t length)
{
	return offset <= size && length <= size - offset;
}

static void take_symbols(const char *file, size_t size, const ElfW(Shdr) * section,
        const ElfW(Shdr) * strings)
{
	const ElfW(Sym) *symbols =
	        (const ElfW(Sym) *)(const void *)(file + section->sh_offset);
	size_t n = section->sh_size / sizeof(*symbols);

	if (!fits(size, section->sh_offset, section->sh_size) ||
	        !fits(size, strings->sh_offset, strings->sh_size) ||
	        strings->sh_size == 0 ||
	        file[strings->sh_offset + strings->sh_size - 1] != '\0') {
		return;
	}
	table = xcalloc(n, sizeof(*table));
	for (size_t i = 0; i < n; i++) {
		if ((symbols[i].st_info & 0xf) == STT_FUNC && symbols[i].st_size > 0 &&
		        symbols[i].st_name < strings->sh_size) {
			table[count++] = (struct symbol){symbols[i].st_value,
			        symbols[i].st_value + symbols[i].st_size,
			        file + strings->sh_offset + symbols[i].st_name};
		}
	}
	qsort(table, count, sizeof(*table), compare);
}

static void take_file(const char *file, size_t size)
{
	const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)(const void *)file;

	if (size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
	        head->e_shentsize != sizeof(ElfW(Shdr)) ||
	        !fits(size, head->e_shoff,
	                (uint64_t)head->e_shnum * sizeof(ElfW(Shdr)))) {
		return;
	}
	const ElfW(Shdr) *sections =
	        (const ElfW(Shdr) *)(const void *)(file + head->e_shoff);
	for (unsigned i = 0; i < head->e_shnum; i++) {
		if (sections[i].sh_type == SHT_SYMTAB &&
		        sections[i].sh_link < head->e_shnum) {
			take_symbols(
			        file, size, &sections[i], &sections[sections[i].sh_link]);
			return;
		}
	}
}

static void take_note(const ElfW(Nhdr) * note, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *id = (const unsigned char *)(note + 1) + 4;

	if (size < sizeof(*note) + 4 + note->n_descsz ||
	        note->n_type != NT_GNU_BUILD_ID || note->n_namesz != 4 ||
	        note->n_descsz > MAX_ID_BYTES) {
		return;
	}
	for (size_t i = 0; i < note->n_descsz; i++) {
		build_id[2 * i] = digits[id[i] >> 4];
		build_id[2 * i + 1] = digits[id[i] & 15];
	}
}

static void take_library(const struct dl_phdr_info *info)
{
	struct library *library = &libraries[library_count];
	const char *slash = strrchr(info->dlpi_name, '/');

	if (library_count == MAX_LIBRARIES) {
		return;
	}
	library_count++;
	library->base = info->dlpi_addr;
	library->first = UINTPTR_MAX;
	snprintf(library->name, sizeof(library->name), "%s",
	        slash == NULL ? info->dlpi_name : slash + 1);
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t start = library->base + part->p_vaddr;
		if (part->p_type == PT_LOAD) {
			library->first = start < library->first ? start : library->first;
			library->last = start + part->p_memsz > library->last
			                        ? start + part->p_memsz
			                        : library->last;
		}
	}
}

/* The first object is the program itself. */
static int take_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (first != 0) {
		take_library(info);
		return 0;
	}
	base = info->dlpi_addr;
	first = UINTPTR_MAX;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t start = base + part->p_vaddr, end = start + part->p_memsz;
		if (part->p_type == PT_LOAD) {
			first = start < first ? start : first;
			last = end > last ? end : last;
		} else if (part->p_type == PT_NOTE && build_id[0] == '\0') {
			take_note((const ElfW(Nhdr) *)start, part->p_memsz);
		}
	}
	return 0;
}

void symbols_load(void)
{
	struct stat found;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (first != 0) { /* once is enough */
		if (fd >= 0) {
			close(fd);
		}
		return;
	}
	dl_iterate_phdr(take_object, NULL);
	if (fd >= 0 && fstat(fd, &found) == 0 && found.st_size > 0) {
		void *file =
		        mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (file != MAP_FAILED) {
			take_file(file, (size_t)found.st_size);
		}
	}
	if (fd >= 0) {
		close(fd);
	}
}

const char *symbols_find(const void *address, size_t *offset)
{
	uintptr_t at = (uintptr_t)address;
	size_t low = 0, high = count;

	if (at < first || at >= last) {
		*offset = 0;
		return NULL;
	}
	at -= base;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table[middle].start <= at) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low > 0 && at < table[low - 1].end) {
		*offset = at - table[low - 1].start;
		return table[low - 1].name;
	}
	*offset = at;
	return NULL;
}

const char *symbols_library(const void *address, size_t *offset)
{
	uintptr_t at = (uintptr_t)address;

	for (size_t i = 0; i < library_count; i++) {
		if (at >= libraries[i].first && at < libraries[i].last) {
			*offset = at - libraries[i].base;
			return libraries[i].name;
		}
	}
	return NULL;
}

const char *symbols_build_id(void)
{
	return build_id;
}
