/* quota: how much of something each client may have: token buckets in a table of fixed size.
 *
 * A bucket holds at most `burst` tokens and gets `per_minute` of them a minute. Who is not in the
 * table has a full bucket, so when it is full the fullest one is forgotten: a newcomer never costs
 * anybody more than it gives him. Names are kept as hashes under a random salt of this process:
 * what identifies a person (an address) stands nowhere. In memory only: a restart fills all
 * buckets. Pure but for the salt; times are clock_mono_ms. */
#pragma once

#include <stdint.h>

struct quotas;
struct quota_rate {
	int64_t per_minute, burst;
};

struct quotas *quotas_new(int max_names);
void quotas_free(struct quotas *q); /* NULL-safe */
/* 0: taken. > 0: nothing was taken, and that many ms to wait until `n` would be there. n > burst:
 * -ERANGE, it never will. */
int64_t quota_take(struct quotas *q, const char *name, const struct quota_rate *rate, int64_t n,
	int64_t now_ms);
void quota_give_back(struct quotas *q, const char *name, int64_t n);
