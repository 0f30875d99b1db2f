#include "scenarios/runner/build_id.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_BYTES = 4 };

/* The ID inside a note segment, or NULL. */
static const unsigned char *find_in_notes(const unsigned char *p, size_t n)
{
	static const char owner[] = "GNU";
	Elf64_Nhdr note;

	while (n >= sizeof(note)) {
		memcpy(&note, p, sizeof(note));
		size_t name = (note.n_namesz + 3u) & ~3u,
		       desc = (note.n_descsz + 3u) & ~3u;
		if (name > n || desc > n || sizeof(note) + name + desc > n) {
			return NULL;
		}
		if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz >= SHOWN_BYTES &&
		        name >= sizeof(owner) &&
		        memcmp(p + sizeof(note), owner, sizeof(owner)) == 0) {
			return p + sizeof(note) + name;
		}
		p += sizeof(note) + name + desc;
		n -= sizeof(note) + name + desc;
	}
	return NULL;
}

static const unsigned char *find_id(const unsigned char *file, size_t n)
{
	Elf64_Ehdr head;
	Elf64_Phdr segment;

	if (n < sizeof(head) || memcmp(file, ELFMAG, SELFMAG) != 0 ||
	        file[EI_CLASS] != ELFCLASS64) {
		return NULL;
	}
	memcpy(&head, file, sizeof(head));
	for (size_t i = 0; i < head.e_phnum; i++) {
		size_t at = head.e_phoff + i * sizeof(segment);
		if (at + sizeof(segment) > n) {
			return NULL;
		}
		memcpy(&segment, file + at, sizeof(segment));
		if (segment.p_type != PT_NOTE || segment.p_offset > n ||
		        segment.p_filesz > n - segment.p_offset) {
			continue;
		}
		const unsigned char *id =
		        find_in_notes(file + segment.p_offset, segment.p_filesz);
		if (id != NULL) {
			return id;
		}
	}
	return NULL;
}

char *build_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat info;
	char *out = NULL;

	if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size > 0) {
		size_t n = (size_t)info.st_size;
		void *file = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
		const unsigned char *id = file == MAP_FAILED ? NULL : find_id(file, n);
		if (id != NULL) {
			autofree char *hex = hex_encode(id, SHOWN_BYTES);
			out = xasprintf("%s@%s", name, hex);
		}
		if (file != MAP_FAILED) {
			munmap(file, n);
		}
	}
	if (fd >= 0) {
		close(fd);
	}
	return out != NULL ? out : xstrdup(name);
}
