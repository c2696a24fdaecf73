/* muara-call112: the records of a 112 call centre, from a drop folder, into raw.call112. The work
 * is in drop.c (files, order of effects) and decode.c (rows). */
#include "drop.h"

int main(int argc, char **argv)
{
	return source_main(argc, argv, &call112_source);
}
