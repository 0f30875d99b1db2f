#include "bridge/no_memory.h"

#include "lib/json.h"
#include "lib/mem.h"

#include <curl/curl.h>
#include <libxml/xmlmemory.h>
#include <stdlib.h>
#include <uv.h>

void no_memory_aborts(void)
{
	cJSON_Hooks hooks = {.malloc_fn = xmalloc, .free_fn = free};

	cJSON_InitHooks(&hooks);
	xmlMemSetup(free, xmalloc, xrealloc, xstrdup);
	curl_global_init_mem(
	        CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup, xcalloc);
	uv_replace_allocator(xmalloc, xrealloc, xcalloc, free);
}
