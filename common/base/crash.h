/* crash: named points at which a test kills the process with SIGKILL (test builds only).
 *
 * Environment: MUARA_CRASH="name:N" dies at the N-th pass of that point; before it, one line
 * "name in_flight=K" is appended to the file MUARA_CRASH_FILE, so that a test can tell a point that
 * was never reached, or reached with nothing at stake. A point that says what it is about can be
 * asked for with it: "name@what:N". MUARA_STALL="name:N:FILE" stands still there instead, until
 * FILE exists; FILE.here says that it does. In the shipped build the macros are empty. */
#pragma once

#ifdef MUARA_TEST
#define CRASH_POINTS 1 /* whether what serves only a point is worth its while */
void crash_point(const char *name, const char *what, long in_flight); /* what may be NULL */
#define CRASH_POINT(name, in_flight)	      crash_point((name), NULL, (long)(in_flight))
#define CRASH_POINT_OF(name, what, in_flight) crash_point((name), (what), (long)(in_flight))
#else
#define CRASH_POINTS			      0
#define CRASH_POINT(name, in_flight)	      ((void)sizeof(in_flight))
#define CRASH_POINT_OF(name, what, in_flight) ((void)sizeof(what), (void)sizeof(in_flight))
#endif
