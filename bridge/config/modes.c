#include "bridge/config/modes.h"

#include "lib/mark.h"

#include <stdio.h>
#include <sys/stat.h>

bool modes_are_private(const char *path, char *why, size_t room)
{
	struct stat found;

	if (stat(path, &found) != 0 || !S_ISREG(found.st_mode)) {
		return true;
	}
	const char *who = found.st_mode & S_IRWXO   ? "is open to everybody"
	                  : found.st_mode & S_IWGRP ? "can be changed by its group"
	                                            : NULL;
	if (who != NULL) {
		REQ("SEC-02");
		snprintf(why, room, "%s (mode %04o)", who, found.st_mode & 07777u);
	}
	return who == NULL;
}
