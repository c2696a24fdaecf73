/* evidence: see evidence.h. What a file is says core/filetype; this is the list of what is taken.
 * Known gap: those of filetype.h. */
#include <string.h>

#include "base/util.h"
#include "core/filetype.h"

#include "evidence.h"

static const char *const taken[] = {"image/jpeg", "image/png", "image/gif", "image/webp",
	"image/heic", "image/heif", "image/avif", "application/pdf", "video/mp4", "video/3gpp",
	"video/quicktime", "video/webm", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/amr",
	"audio/wav"};

const char *evidence_type(const void *p, size_t n)
{
	const struct filetype is = filetype_of(p, n, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		if (strcmp(is.mime, taken[i]) == 0)
			return is.mime;
	return NULL;
}
