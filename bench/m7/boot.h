#ifndef TFC_BENCH_M7_BOOT_H
#define TFC_BENCH_M7_BOOT_H

#include <stdint.h>

/* Writes text to the host's terminal. */
void print(const char *text);
void dump(const char *path, const void *data, uint32_t bytes);
void count_from_here(void);
uint32_t ticks(void);
/* What the program is about. */
void measure(void);

#endif
