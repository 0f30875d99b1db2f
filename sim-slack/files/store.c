#include "sim-slack/files/store.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "lib/temp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATTERN_PART_BYTES = 256 * 1024, PATTERN_WORDS = PATTERN_PART_BYTES / 8 };

/* ---- writing ---- */

/* A blob as it is being written. */
struct writer {
	struct files *files;
	EVP_MD_CTX *digest;
	struct blob blob;
};

static bool writer_begin(struct writer *writer, struct files *files, struct err *err)
{
	if (files->fd < 0) {
		files->fd = temp_file_open(err);
		if (files->fd < 0) {
			return false;
		}
	}
	*writer = (struct writer){.files = files, .blob = {.at = files->end}};
	writer->digest = EVP_MD_CTX_new();
	EVP_DigestInit_ex(writer->digest, EVP_sha256(), NULL);
	return true;
}

static bool writer_add(struct writer *writer, struct str bytes, struct err *err)
{
	EVP_DigestUpdate(writer->digest, bytes.p, bytes.n);
	while (bytes.n > 0) {
		ssize_t n = pwrite(writer->files->fd, bytes.p, bytes.n,
		        (off_t)(writer->blob.at + writer->blob.bytes));

		if (n < 0 && errno != EINTR) {
			return err_set(err, ERR_RETRY, errno,
			        "the file cannot be kept: %s", strerror(errno));
		}
		if (n > 0) {
			writer->blob.bytes += (uint64_t)n;
			bytes.p += n;
			bytes.n -= (size_t)n;
		}
	}
	return true;
}

static void writer_end(struct writer *writer, bool good, struct blob *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	autofree char *hex = NULL;

	EVP_DigestFinal_ex(writer->digest, digest, NULL);
	EVP_MD_CTX_free(writer->digest);
	if (good) {
		hex = hex_encode(digest, 32);
		memcpy(writer->blob.sha256, hex, SHA256_HEX_SIZE);
		writer->files->end += writer->blob.bytes;
		*out = writer->blob;
	}
}

bool files_store(struct files *files, struct str bytes, struct blob *out, struct err *err)
{
	struct writer writer;
	bool good;

	if (!writer_begin(&writer, files, err)) {
		return false;
	}
	good = writer_add(&writer, bytes, err);
	writer_end(&writer, good, out);
	return good;
}

bool files_store_pattern(
        struct files *files, uint64_t bytes, struct blob *out, struct err *err)
{
	autofree uint64_t *part = xmalloc(PATTERN_PART_BYTES);
	struct writer writer;
	struct rand rand;
	bool good = true;

	if (!writer_begin(&writer, files, err)) {
		return false;
	}
	rand_seed(&rand, bytes);
	for (uint64_t left = bytes; good && left > 0;) {
		size_t n = left < PATTERN_PART_BYTES ? (size_t)left : PATTERN_PART_BYTES;

		for (size_t i = 0; i < PATTERN_WORDS && i * 8 < n; i++) {
			part[i] = rand_next(&rand);
		}
		good = writer_add(&writer, (struct str){(const char *)part, n}, err);
		left -= n;
	}
	writer_end(&writer, good, out);
	return good;
}

/* ---- reading ---- */

char *files_read(
        const struct files *files, const struct blob *blob, size_t max, size_t *n)
{
	size_t want = blob->bytes < max ? (size_t)blob->bytes : max;
	char *out = xmalloc(want + 1);
	ssize_t got = want ? pread(files->fd, out, want, (off_t)blob->at) : 0;

	*n = got > 0 ? (size_t)got : 0;
	out[*n] = '\0';
	return out;
}

void files_reply(const struct files *files, struct http_request *req, int status,
        const char *type, const struct blob *blob, uint64_t from, uint64_t bytes)
{
	int fd = bytes ? fcntl(files->fd, F_DUPFD_CLOEXEC, 3) : -1;

	if (bytes && fd < 0) {
		http_request_drop(req, HTTP_DROP_RESET);
	} else if (bytes == 0) {
		http_request_reply(req, status, type, str_from(""));
	} else {
		http_request_reply_file(req, status, type, fd, blob->at + from, bytes);
	}
}

void file_drop_bytes(struct sim_slack *sim, struct file *file)
{
	if (file->blob.bytes) {
		/* A file system that cannot gives the room back at the end. */
		(void)fallocate(sim->files->fd,
		        FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)file->blob.at,
		        (off_t)file->blob.bytes);
	}
	file->blob.bytes = 0;
}

/* ---- life ---- */

static void file_free(void *value)
{
	struct file *file = value;

	free(file->id);
	free(file->name);
	free(file->title);
	free(file->alt_text);
	free(file->mimetype);
	free(file->external_url);
	free(file->external_type);
	free(file->username);
	free(file->icon_url);
	free(file->icon_emoji);
	cJSON_Delete(file->shares);
	free(file);
}

struct files *files_create(struct sim_slack *sim)
{
	struct files *files = xcalloc(1, sizeof(*files));

	files->sim = sim;
	files->fd = -1;
	files->all = map_create();
	list_init(&files->shares);
	list_init(&files->replies);
	return files;
}

void files_destroy(struct files **files)
{
	struct files *it = *files;

	if (!it) {
		return;
	}
	share_jobs_finish(it);
	held_replies_finish(it);
	map_destroy(&it->all, file_free);
	if (it->fd >= 0) {
		close(it->fd);
	}
	free(it);
	*files = NULL;
}
