/* cppcheck.h: jansson's loops, for cppcheck, which does not read system headers. */
#pragma once
#define json_array_foreach(a, i, v) \
	for (i = 0; i < json_array_size(a) && (v = json_array_get(a, i)); i++)
#define json_object_foreach(o, k, v) \
	for (k = json_key(o); k && (v = json_value(o, k)); k = json_key(o))
