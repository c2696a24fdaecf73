/* known_ends: see known_ends.h. A plain list; it is read when a lane is taken over. */
#include <stdlib.h>

#include "base/util.h"

#include "known_ends.h"

void known_ends_free(struct known_ends *k)
{
	free(k->all);
	*k = (struct known_ends){0};
}

void known_ends_keep(struct known_ends *k, const struct known_end *one)
{
	k->all = xrealloc(k->all, (k->n + 1) * sizeof *k->all);
	k->all[k->n++] = *one;
}

bool known_ends_take(
	struct known_ends *k, int32_t lane, const struct lane_key *intent, struct known_end *ret)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct known_end *one = &k->all[i];

		if (one->lane != lane || one->intent.term != intent->term ||
			one->intent.n != intent->n)
			continue;
		*ret = *one;
		k->all[i] = k->all[--k->n];
		return true;
	}
	return false;
}

void known_ends_forget(struct known_ends *k, int32_t lane)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->n; i++)
		if (k->all[i].lane != lane)
			k->all[kept++] = k->all[i];
	k->n = kept;
}
