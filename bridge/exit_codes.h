/* exit_codes: the daemon's exit statuses (CONF-07). Where the mautrix family has a number
 * for a case it is that number, so that units and modules written for those bridges keep
 * working.
 *
 * One list makes the enum and the table in docs/configuration.md. Numbers are for ever: a
 * case that goes away leaves its number unused. */
#ifndef BRIDGE_EXIT_CODES_H
#define BRIDGE_EXIT_CODES_H

#define EXIT_CODES(X)                                                                             \
	X(EXIT_OK, 0,                                                                             \
	        "Stopped as asked (SIGINT, SIGTERM), or -h, -v, -e, -g did their work.")          \
	X(EXIT_GENERAL, 1,                                                                        \
	        "Wrong command line; the file for -e exists already; a failure with no "          \
	        "number of its own.")                                                             \
	X(EXIT_NO_UPDATE_WITH_G, 5,                                                               \
	        "-n (change no file) and -g (change files) together.")                            \
	X(EXIT_CONFIG_UNREADABLE, 10,                                                             \
	        "The configuration cannot be read: no such file, no YAML, a key twice, or "       \
	        "a value of the wrong type.")                                                     \
	X(EXIT_CONFIG_INVALID, 11,                                                                \
	        "The configuration is incomplete or invalid: a placeholder of the example "       \
	        "still in place, tokens not generated, a value out of range. Every "              \
	        "problem is printed. This is not a crash: that would be signal 11.")              \
	X(EXIT_LOGGING, 12, "Logging cannot be set up as configured.")                            \
	X(EXIT_HOMESERVER_PING, 13,                                                               \
	        "The homeserver cannot reach the bridge (appservice ping).")                      \
	X(EXIT_DATABASE_CONNECT, 14, "The database cannot be opened or reached.")                 \
	X(EXIT_DATABASE_SCHEMA, 15,                                                               \
	        "The database belongs to a newer version or to another program, or could "        \
	        "not be migrated.")                                                               \
	X(EXIT_HOMESERVER_TOKEN, 16,                                                              \
	        "The homeserver refuses the as_token: the registration is missing there, "        \
	        "or is an older one.")                                                            \
	X(EXIT_HOMESERVER_IDENTITY, 17,                                                           \
	        "The as_token belongs to another user than expected.")                            \
	X(EXIT_HOMESERVER_OUTDATED, 18,                                                           \
	        "The homeserver is too old; --ignore-unsupported-server runs regardless. Or the " \
	        "SQLite file is damaged.")                                                        \
	X(EXIT_NO_DOMAIN, 20, "-g: homeserver.domain is not set.")                                \
	X(EXIT_REGISTRATION_WRITE, 21, "-g: the registration cannot be written.")                 \
	X(EXIT_CONFIG_WRITE, 22,                                                                  \
	        "-g: the tokens cannot be written into the configuration.")                       \
	X(EXIT_NO_LISTENER, 23,                                                                   \
	        "The bridge cannot listen at appservice.hostname and port.")

enum exit_code {
#define EXIT_CODE_ENUM(name, number, text) name = (number),
	EXIT_CODES(EXIT_CODE_ENUM)
#undef EXIT_CODE_ENUM
};

#endif
