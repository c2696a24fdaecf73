/* bench: what the small programs of `make bench` share. Only for measuring on loopback: an error
 * ends the program. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

__attribute__((noreturn, unused)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_before_us;

static double cpu_us(struct rusage *u)
{
	getrusage(RUSAGE_SELF, u);
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e6 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

__attribute__((unused)) static void ready(void)
{
	struct rusage u;

	cpu_before_us = cpu_us(&u);
	puts("READY");
	fflush(stdout);
}

/* The line of JSON at the end; CPU since it was ready, memory of the whole process. */
__attribute__((unused)) static void result(long n, double seconds)
{
	struct rusage u;
	double cpu = cpu_us(&u) - cpu_before_us;

	printf("{\"n\": %ld, \"seconds\": %.3f, \"cpu_us\": %.0f, \"rss_kb\": %ld}\n", n, seconds,
		cpu, u.ru_maxrss);
	fflush(stdout);
}
