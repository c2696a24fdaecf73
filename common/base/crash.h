/* crash: named points at which a test kills the process with SIGKILL (test builds only).
 *
 * Environment: MUARA_CRASH="name:N" dies at the N-th pass of that point; before it, one line
 * "name in_flight=K" is appended to the file MUARA_CRASH_FILE, so that a test can tell a point that
 * was never reached, or reached with nothing at stake. In the shipped build the macro is empty. */
#pragma once

#ifdef MUARA_TEST
void crash_point(const char *name, long in_flight);
#define CRASH_POINT(name, in_flight) crash_point((name), (long)(in_flight))
#else
#define CRASH_POINT(name, in_flight) ((void)sizeof(in_flight))
#endif
