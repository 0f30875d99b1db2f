/* keys: the one table of configuration keys. It drives reading, defaults, type checks,
 * the example file, the documentation and the JSON Schema.
 *
 * It holds every key of mautrix-slack (bridgev2) by its name and default, so that a file
 * written for it loads unchanged; a key that lands nowhere in struct config is accepted
 * and not used. */
#ifndef BRIDGE_CONFIG_KEYS_H
#define BRIDGE_CONFIG_KEYS_H

#include "bridge/config/config.h"

#include <stdint.h>

struct reading;
struct node;

enum key_type {
	KEY_SECTION, /* holds other keys */
	KEY_TEXT,
	KEY_BOOL,
	KEY_INT,
	KEY_DURATION, /* text such as 1h30m, as Go reads it */
	KEY_LIST,
	KEY_MAP, /* with keys of the operator's own */
};

enum key_flag {
	KEY_BLANK = 1,      /* the example has an empty line before it */
	KEY_HIDDEN = 2,     /* not in the example, as in mautrix bridges */
	KEY_SECRET = 4,     /* its value is never shown */
	KEY_OURS = 8,       /* mautrix-slack does not have it */
	KEY_GENERATED = 16, /* mautrix bridges make up a value themselves */
	KEY_REQUIRED = 32,  /* its default is a placeholder */
	KEY_PATH = 128,     /* ${CREDENTIALS_DIRECTORY} and its like are put in */
	KEY_LATER = 64,     /* lands in struct config, but nothing acts on it yet */
};

/* Puts a list or map into the config. value: from the file or, if absent there, the
 * default. */
typedef void key_apply_fn(struct reading *reading, const struct node *value);

struct config_key {
	const char *path; /* homeserver.address */
	enum key_type type;
	const char *value; /* default as YAML text; a block begins with a newline */
	const char *doc;   /* lines */
	unsigned flags;
	size_t field; /* KEY_TEXT, KEY_BOOL, KEY_INT: from the macros below; 0: lands
	                 nowhere */
	key_apply_fn *apply; /* KEY_LIST, KEY_MAP; NULL: lands nowhere */
	long min, max;       /* KEY_INT; both 0: any */
	const char *choices; /* words separated by spaces; NULL: any */
	const char *note;    /* not used: what that means for who set it */
};

/* The place of a field in struct config, plus one, its type checked by the compiler. */
#define KEY_FIELD(member, type)                                                          \
	(offsetof(struct config, member) + 1 +                                           \
	        0 * sizeof(_Generic(&((struct config *)0)->member, type *                \
	                            : (char)0)))
#define TEXT_AT(member) KEY_FIELD(member, char *)
#define BOOL_AT(member) KEY_FIELD(member, bool)
#define LONG_AT(member) KEY_FIELD(member, long)

size_t keys_count(void);
/* In the order of the example. index < keys_count(). */
const struct config_key *keys_at(size_t index);
/* keys_count() if there is none of that path. */
size_t keys_find(const char *path);
/* Lands in struct config: its value must be right. */
bool key_lands(const struct config_key *key);
/* Has an effect, itself or through a key under it. */
bool key_is_used(const struct config_key *key);
const char *key_type_to_str(enum key_type type);
const char *key_name(const struct config_key *key); /* the last part of its path */
/* Does the path go on below the section? */
bool key_is_under(const char *path, const char *section);

/* The known path nearest to an unknown one, or NULL if none is near. */
const char *keys_nearest(const char *path);

/* The present path of an older name (a key or whole section); "" if it is gone without a
 * successor; NULL if it never was one. */
const char *keys_renamed(const char *path);
/* Are there older names under this section? */
bool keys_renamed_under(const char *path);
/* All of them: from index 0 until it returns false. */
bool keys_renamed_at(size_t index, const char **old, const char **now);

/* The pieces of the table, one per file. */
struct key_group {
	const struct config_key *keys;
	size_t count;
};
extern const struct key_group keys_network, keys_bridge, keys_servers, keys_features,
        keys_crypto;

#endif
