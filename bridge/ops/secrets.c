#include "bridge/ops/secrets.h"

#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Says which form it is, for the day there is another. */
#define SEALED "sealed1:"

enum {
	KEY_BYTES = crypto_secretbox_KEYBYTES,
	NONCE_BYTES = crypto_secretbox_NONCEBYTES,
	MAC_BYTES = crypto_secretbox_MACBYTES,
	MAX_FILE_BYTES = 4 * KEY_BYTES,
	ENCODING = sodium_base64_VARIANT_ORIGINAL,
};

struct secrets {
	bool has_key;
	unsigned char key[KEY_BYTES];
};

/* ---------------------------------------------------------------- the key */

/* Fewer bytes than the file has, if it has too many. -1: errno. */
static ssize_t read_file(const char *path, unsigned char *out, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, room);
	int failed = errno;

	if (fd >= 0) {
		close(fd);
	}
	errno = failed;
	return n;
}

static bool take_key(struct secrets *secrets, unsigned char *text, size_t n)
{
	size_t bytes = 0;

	if (n == KEY_BYTES) {
		memcpy(secrets->key, text, KEY_BYTES);
		return true;
	}
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r')) {
		n--;
	}
	return n == 2 * KEY_BYTES &&
	       sodium_hex2bin(secrets->key, KEY_BYTES, (const char *)text, n, NULL,
	               &bytes, NULL) == 0 &&
	       bytes == KEY_BYTES;
}

static bool read_key(struct secrets *secrets, const char *path, struct err *err)
{
	unsigned char text[MAX_FILE_BYTES];
	ssize_t n = read_file(path, text, sizeof(text));
	bool ok = n >= 0 && take_key(secrets, text, (size_t)n);

	sodium_memzero(text, sizeof(text));
	if (n < 0) {
		return err_set(
		        err, ERR_PERMANENT, errno, "%s: %s", path, strerror(errno));
	}
	return ok || err_set(err, ERR_PERMANENT, 0,
	                     "%s: found %zd bytes; expected a key of 32 bytes or 64 "
	                     "hexadecimal digits",
	                     path, n);
}

struct secrets *secrets_create(const char *path, struct err *err)
{
	struct secrets *secrets = xcalloc(1, sizeof(*secrets));

	if (sodium_init() < 0) {
		err_set(err, ERR_PERMANENT, 0, "libsodium does not start");
		secrets_destroy(&secrets);
	} else if (path != NULL && !read_key(secrets, path, err)) {
		secrets_destroy(&secrets);
	} else {
		secrets->has_key = path != NULL;
	}
	return secrets;
}

void secrets_destroy(struct secrets **secrets)
{
	if (*secrets == NULL) {
		return;
	}
	sodium_memzero(*secrets, sizeof(**secrets));
	free(*secrets);
	*secrets = NULL;
}

bool secrets_have_key(const struct secrets *secrets)
{
	return secrets->has_key;
}

bool secrets_are_sealed(const char *stored)
{
	return str_starts(stored, SEALED);
}

/* ---------------------------------------------------------------- sealing */

char *secrets_seal(const struct secrets *secrets, const char *plain)
{
	if (!secrets->has_key || plain[0] == '\0') {
		return xstrdup(plain);
	}
	REQ("SEC-01");
	size_t n = strlen(plain), bytes = NONCE_BYTES + MAC_BYTES + n;
	autofree unsigned char *box = xmalloc(bytes);
	randombytes_buf(box, NONCE_BYTES);
	crypto_secretbox_easy(
	        box + NONCE_BYTES, (const unsigned char *)plain, n, box, secrets->key);
	size_t room = sodium_base64_encoded_len(bytes, ENCODING);
	autofree char *text = xmalloc(room);
	sodium_bin2base64(text, room, box, bytes, ENCODING);
	return xasprintf(SEALED "%s", text);
}

static bool not_ours(struct err *err)
{
	return err_set(err, ERR_PERMANENT, 0,
	        "it was sealed with another key than that of database.key_file");
}

static char *open_box(const struct secrets *secrets, const char *text, struct err *err)
{
	size_t room = strlen(text), bytes = 0;
	autofree unsigned char *box = xmalloc(room + 1);

	if (sodium_base642bin(box, room, text, room, NULL, &bytes, NULL, ENCODING) != 0 ||
	        bytes < NONCE_BYTES + MAC_BYTES) {
		not_ours(err);
		return NULL;
	}
	size_t n = bytes - NONCE_BYTES - MAC_BYTES;
	char *plain = xmalloc(n + 1);
	if (crypto_secretbox_open_easy((unsigned char *)plain, box + NONCE_BYTES,
	            bytes - NONCE_BYTES, box, secrets->key) != 0) {
		free(plain);
		not_ours(err);
		return NULL;
	}
	plain[n] = '\0';
	return plain;
}

char *secrets_open(const struct secrets *secrets, const char *stored, struct err *err)
{
	if (!secrets_are_sealed(stored)) {
		return xstrdup(stored);
	}
	if (!secrets->has_key) {
		err_set(err, ERR_PERMANENT, 0,
		        "it is sealed, and database.key_file is not set");
		return NULL;
	}
	return open_box(secrets, stored + strlen(SEALED), err);
}

void secrets_wipe(char *plain)
{
	if (plain != NULL) {
		sodium_memzero(plain, strlen(plain));
		free(plain);
	}
}
