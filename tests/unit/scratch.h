/* scratch: the folder a unit test made for itself goes with all that is in it. */
#pragma once

#include <ftw.h>
#include <stdio.h>

static int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* 0, or -1 with errno. */
static inline int scratch_remove(const char *dir)
{
	return nftw(dir, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
