#pragma once
#include <stddef.h>

// The yardstick of the JSON benchmark behind a C interface, so that C++ interop stays off.
#ifdef __cplusplus
extern "C" {
#endif

typedef struct SimdjsonText SimdjsonText;

// A copy of the text with the padding that simdjson needs; free it with simdjson_text_free.
SimdjsonText *simdjson_text_new(const char *bytes, size_t length);
void simdjson_text_free(SimdjsonText *text);

// Each returns the number of values it read, or -1 when the text is not valid.
// On-Demand, every value read and every string unescaped: what a full check costs.
long simdjson_read_all(SimdjsonText *text);
// On-Demand, reading what PutEvents needs: type and timestamp of each event, and name and value of its attributes.
long simdjson_read_events(SimdjsonText *text);
// On-Demand, type and timestamp of each event only; attributes are skipped and so not checked.
long simdjson_skim_events(SimdjsonText *text);
// The kernel simdjson chose on this machine.
const char *simdjson_kernel(void);

#ifdef __cplusplus
}
#endif
