#include "scenarios/runner/setup.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/rand.h"
#include "lib/str.h"

#include "scenarios/runner/files.h"
#include "scenarios/runner/yaml_out.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Below the range from which the kernel gives ports to others. */
enum {
	FIRST_PORT = 20000,
	PORTS = 10000,
	MAX_TRIES = 2000,
	MAX_CONFIG_BYTES = 1024 * 1024
};

/* ---------------------------------------------------------------- a port of our own */

/* Other runners of this machine leave a port alone while this socket is there. */
static int lock_port(uint16_t port)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "msb-scenario-port-%u",
	        port);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool port_is_free(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	        .sin_port = htons(port),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	bool is_free = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return is_free;
}

static bool take_port(struct setup *setup, struct err *err)
{
	unsigned begin = (unsigned)getpid() * 7u;

	for (unsigned i = 0; i < MAX_TRIES; i++) {
		uint16_t port = (uint16_t)(FIRST_PORT + (begin + i) % PORTS);
		int lock = lock_port(port);
		if (lock >= 0 && port_is_free(port)) {
			setup->port = port;
			setup->port_lock = lock;
			return true;
		}
		if (lock >= 0) {
			close(lock);
		}
	}
	return err_set(err, ERR_PERMANENT, 0, "no free port for the daemon");
}

/* ---------------------------------------------------------------- a folder */

#define FOLDER_PREFIX "msb-scenario-"

static const char *base_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp != NULL) {
		return tmp;
	}
	return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

static bool make_folder(struct setup *setup, struct err *err)
{
	const char *base = base_folder();
	char *dir = xasprintf("%s/" FOLDER_PREFIX "%d-XXXXXX", base, (int)getpid());

	if (mkdtemp(dir) == NULL) {
		err_set(err, ERR_PERMANENT, errno, "no folder in %s: %s", base,
		        strerror(errno));
		free(dir);
		return false;
	}
	setup->dir = dir;
	setup->config_path = xasprintf("%s/config.yaml", dir);
	setup->registration_path = xasprintf("%s/registration.yaml", dir);
	return true;
}

char *setup_shared_folder(const char *name)
{
	return xasprintf("%s/" FOLDER_PREFIX "%d-%s", base_folder(), (int)getpid(), name);
}

/* ---------------------------------------------------------------- texts */

static char *make_token(struct rand *rand, const char *prefix)
{
	char text[SETUP_TOKEN_CHARS + 1];

	rand_text(rand, text, SETUP_TOKEN_CHARS);
	return xasprintf("%s%s", prefix, text);
}

static void make_registration(struct setup *setup)
{
	setup->registration = xasprintf("id: slack\n"
	                                "url: http://127.0.0.1:%u\n"
	                                "as_token: %s\n"
	                                "hs_token: %s\n"
	                                "sender_localpart: slackbot_as\n"
	                                "rate_limited: false\n"
	                                "namespaces:\n"
	                                "    users:\n"
	                                "        - regex: '^@slackbot:sim\\.test$'\n"
	                                "          exclusive: true\n"
	                                "        - regex: '^@slack_.*:sim\\.test$'\n"
	                                "          exclusive: true\n"
	                                "de.sorunome.msc2409.push_ephemeral: true\n"
	                                "receive_ephemeral: true\n",
	        setup->port, setup->as_token, setup->hs_token);
}

static void make_logging(cJSON *config)
{
	cJSON *writer = json_new(), *writers = cJSON_CreateArray();

	json_set_str(writer, "type", "stdout");
	json_set_str(writer, "format", "json");
	cJSON_AddItemToArray(writers, writer);
	tree_set_str(config, "logging.min_level", "debug");
	tree_set(config, "logging.writers", writers);
}

static void make_config(struct setup *setup, const struct setup_parts *parts)
{
	const char *server_name = parts->server_name;
	cJSON *config = json_new(), *permissions = json_new();
	autofree char *api_url = xasprintf("%s/api/", parts->slack_url);
	autofree char *own_url = xasprintf("http://127.0.0.1:%u", setup->port);
	autofree char *admin = xasprintf("@admin:%s", server_name);

	tree_set_str(config, "homeserver.address", parts->matrix_url);
	tree_set_str(config, "homeserver.domain", server_name);
	tree_set_str(config, "appservice.address", own_url);
	tree_set_str(config, "appservice.hostname", "127.0.0.1");
	tree_set_int(config, "appservice.port", setup->port);
	tree_set_int(config, "metrics.port", setup->port - SETUP_METRICS_OFFSET);
	tree_set_str(config, "appservice.id", "slack");
	tree_set_str(config, "appservice.bot.username", "slackbot");
	tree_set_str(config, "appservice.as_token", setup->as_token);
	tree_set_str(config, "appservice.hs_token", setup->hs_token);
	tree_set_str(config, "appservice.username_template", "slack_{{.}}");
	tree_set_str(config, "database.type", parts->database_type);
	tree_set_str(config, "database.uri", parts->database_uri);
	tree_set_str(config, "network.api_url", api_url);
	json_set_str(permissions, "*", "relay");
	json_set_str(permissions, server_name, "user");
	json_set_str(permissions, admin, "admin");
	tree_set(config, "bridge.permissions", permissions);
	make_logging(config);
	setup->config = config;
}

bool setup_create(struct setup *setup, struct err *err)
{
	*setup = (struct setup){.port_lock = -1};
	if (!make_folder(setup, err) || !take_port(setup, err)) {
		setup_finish(setup);
		return false;
	}
	return true;
}

void setup_fill(struct setup *setup, const struct setup_parts *parts)
{
	struct rand rand;

	rand_seed(&rand, parts->seed ^ 0x7365747570u);
	setup->as_token = make_token(&rand, "as_");
	setup->hs_token = make_token(&rand, "hs_");
	make_registration(setup);
	make_config(setup, parts);
	tree_change(setup->config, parts->changes);
}

void setup_finish(struct setup *setup)
{
	if (setup->dir != NULL) {
		folder_remove(setup->dir);
	}
	if (setup->port_lock >= 0) {
		close(setup->port_lock);
	}
	free(setup->dir);
	free(setup->config_path);
	free(setup->registration_path);
	free(setup->registration);
	free(setup->as_token);
	free(setup->hs_token);
	cJSON_Delete(setup->config);
	*setup = (struct setup){.port_lock = -1};
}

bool setup_port_is_free(const struct setup *setup)
{
	return port_is_free(setup->port);
}

bool setup_write_file(const char *path, const char *text, struct err *err)
{
	return file_write(path, text, strlen(text), err);
}

bool setup_write_registration(const struct setup *setup, struct err *err)
{
	return setup_write_file(setup->registration_path, setup->registration, err);
}

bool setup_write_config(const struct setup *setup, const cJSON *changes, struct err *err)
{
	autojson cJSON *config = cJSON_Duplicate(setup->config, true);
	struct buf text;

	tree_change(config, changes);
	buf_init(&text, MAX_CONFIG_BYTES);
	yaml_put(&text, config);
	bool ok = setup_write_file(setup->config_path, buf_cstr(&text), err);
	buf_finish(&text);
	return ok;
}

/* ---------------------------------------------------------------- afterwards */

void setup_sweep(void)
{
	const char *base = base_folder();
	DIR *folders = opendir(base);

	for (struct dirent *entry;
	        folders != NULL && (entry = readdir(folders)) != NULL;) {
		if (!str_starts(entry->d_name, FOLDER_PREFIX)) {
			continue;
		}
		long pid = strtol(entry->d_name + strlen(FOLDER_PREFIX), NULL, 10);
		if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
			autofree char *path = xasprintf("%s/%s", base, entry->d_name);
			folder_remove(path);
		}
	}
	if (folders != NULL) {
		closedir(folders);
	}
}

static void copy_file(const char *path, const char *name, void *arg)
{
	enum { MAX_KEPT_BYTES = 256 * 1024 * 1024 };
	const char *into = arg;
	size_t n = 0;
	autofree char *data = file_read(path, MAX_KEPT_BYTES, &n);
	autofree char *target = xasprintf("%s/%s", into, name);

	if (data != NULL) {
		file_write(target, data, n, NULL);
	}
}

void setup_keep(const struct setup *setup, const char *into)
{
	autofree char *target = xstrdup(into);
	folder_each(setup->dir, copy_file, target);
}
