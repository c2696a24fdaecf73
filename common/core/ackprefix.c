/* ackprefix: see ackprefix.h. */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/ackprefix.h"

#define FIRST_CAP 1024

static bool bit(const struct ackprefix *a, uint64_t n)
{
	uint64_t i = n & (a->cap - 1);

	return a->bits[i / 8] >> (i % 8) & 1;
}

static void put_bit(struct ackprefix *a, uint64_t n, bool on)
{
	uint64_t i = n & (a->cap - 1);
	uint8_t mask = (uint8_t)(1U << (i % 8));

	if (on)
		a->bits[i / 8] |= mask;
	else
		a->bits[i / 8] &= (uint8_t)~mask;
}

void ackprefix_init(struct ackprefix *a, uint64_t first)
{
	*a = (struct ackprefix){.done = first, .next = first, .cap = FIRST_CAP};
	a->bits = xcalloc(FIRST_CAP / 8, 1);
}

void ackprefix_free(struct ackprefix *a)
{
	if (!a)
		return;
	free(a->bits);
	*a = (struct ackprefix){0};
}

static void grow(struct ackprefix *a)
{
	struct ackprefix old = *a;

	a->cap = old.cap * 2;
	a->bits = xcalloc(a->cap / 8, 1);
	for (uint64_t n = old.done; n < old.next; n++)
		put_bit(a, n, bit(&old, n));
	free(old.bits);
}

uint64_t ackprefix_take(struct ackprefix *a)
{
	if (a->next - a->done == a->cap)
		grow(a);
	put_bit(a, a->next, false);
	return a->next++;
}

bool ackprefix_ack(struct ackprefix *a, uint64_t number)
{
	uint64_t before = a->done;

	if (number < a->done || number >= a->next)
		return false;
	put_bit(a, number, true);
	while (a->done < a->next && bit(a, a->done))
		a->done++;
	return a->done != before;
}

uint64_t ackprefix_done(const struct ackprefix *a)
{
	return a->done;
}

uint64_t ackprefix_open(const struct ackprefix *a)
{
	return a->next - a->done;
}
