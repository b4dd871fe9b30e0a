/*===- Cpu.h - what this x86 CPU can do ---------------------------*- C -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===//
 *
 * Included by ModelEntry.c only. Artefacts link no compiler runtime, so
 * __builtin_cpu_supports is not at hand.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TFC_RUNTIME_CPU_H
#define TFC_RUNTIME_CPU_H

#include <stdint.h>

/* The words of CPUID that name features. */
enum {
  WORD_1C,
  WORD_1D,
  WORD_7B,
  WORD_7C,
  WORD_7D,
  WORD_71A,
  WORD_71D,
  WORD_E1C,
  NUM_WORDS
};

/* Register states that the operating system must save for a feature to work. */
enum {
  STATE_NONE = 0,
  STATE_AVX = 0x6,
  STATE_AVX512 = 0xe6,
  STATE_AMX = 0x60000
};

typedef struct cpu_feature {
  const char *name; /* as LLVM spells it */
  uint8_t word, bit;
  uint32_t state;
} cpu_feature;

static const cpu_feature cpu_features[] = {
    {"cmov", WORD_1D, 15, STATE_NONE},
    {"mmx", WORD_1D, 23, STATE_NONE},
    {"fxsr", WORD_1D, 24, STATE_NONE},
    {"sse", WORD_1D, 25, STATE_NONE},
    {"sse2", WORD_1D, 26, STATE_NONE},
    {"sse3", WORD_1C, 0, STATE_NONE},
    {"pclmul", WORD_1C, 1, STATE_NONE},
    {"ssse3", WORD_1C, 9, STATE_NONE},
    {"fma", WORD_1C, 12, STATE_AVX},
    {"cx16", WORD_1C, 13, STATE_NONE},
    {"sse4.1", WORD_1C, 19, STATE_NONE},
    {"sse4.2", WORD_1C, 20, STATE_NONE},
    {"movbe", WORD_1C, 22, STATE_NONE},
    {"popcnt", WORD_1C, 23, STATE_NONE},
    {"avx", WORD_1C, 28, STATE_AVX},
    {"f16c", WORD_1C, 29, STATE_AVX},
    {"bmi", WORD_7B, 3, STATE_NONE},
    {"avx2", WORD_7B, 5, STATE_AVX},
    {"bmi2", WORD_7B, 8, STATE_NONE},
    {"avx512f", WORD_7B, 16, STATE_AVX512},
    {"avx512dq", WORD_7B, 17, STATE_AVX512},
    {"avx512ifma", WORD_7B, 21, STATE_AVX512},
    {"avx512cd", WORD_7B, 28, STATE_AVX512},
    {"avx512bw", WORD_7B, 30, STATE_AVX512},
    {"avx512vl", WORD_7B, 31, STATE_AVX512},
    {"avx512vbmi", WORD_7C, 1, STATE_AVX512},
    {"avx512vbmi2", WORD_7C, 6, STATE_AVX512},
    {"gfni", WORD_7C, 8, STATE_NONE},
    {"vaes", WORD_7C, 9, STATE_AVX},
    {"vpclmulqdq", WORD_7C, 10, STATE_AVX},
    {"avx512vnni", WORD_7C, 11, STATE_AVX512},
    {"avx512bitalg", WORD_7C, 12, STATE_AVX512},
    {"avx512vpopcntdq", WORD_7C, 14, STATE_AVX512},
    {"amx-bf16", WORD_7D, 22, STATE_AMX},
    {"avx512fp16", WORD_7D, 23, STATE_AVX512},
    {"amx-tile", WORD_7D, 24, STATE_AMX},
    {"amx-int8", WORD_7D, 25, STATE_AMX},
    {"avxvnni", WORD_71A, 4, STATE_AVX},
    {"avx512bf16", WORD_71A, 5, STATE_AVX512},
    {"avxifma", WORD_71A, 23, STATE_AVX},
    {"avxvnniint8", WORD_71D, 4, STATE_AVX},
    {"avxvnniint16", WORD_71D, 10, STATE_AVX},
    {"lzcnt", WORD_E1C, 5, STATE_NONE},
};

static void cpu_id(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]) {
  __asm__ volatile("cpuid"
                   : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]),
                     "=d"(registers[3])
                   : "a"(leaf), "c"(subleaf));
}

static void cpu_read(uint32_t words[NUM_WORDS], uint32_t *saved_states) {
  uint32_t r[4];
  for (int i = 0; i < NUM_WORDS; ++i)
    words[i] = 0;
  *saved_states = 0;
  cpu_id(0, 0, r);
  uint32_t last_leaf = r[0];
  cpu_id(1, 0, r);
  words[WORD_1C] = r[2];
  words[WORD_1D] = r[3];
  if (r[2] >> 27 & 1) { /* OSXSAVE: XGETBV may be executed */
    uint32_t high;
    __asm__ volatile("xgetbv" : "=a"(*saved_states), "=d"(high) : "c"(0));
  }
  if (last_leaf >= 7) {
    cpu_id(7, 0, r);
    uint32_t last_subleaf = r[0];
    words[WORD_7B] = r[1];
    words[WORD_7C] = r[2];
    words[WORD_7D] = r[3];
    if (last_subleaf >= 1) {
      cpu_id(7, 1, r);
      words[WORD_71A] = r[0];
      words[WORD_71D] = r[3];
    }
  }
  cpu_id(0x80000000u, 0, r);
  if (r[0] >= 0x80000001u) {
    cpu_id(0x80000001u, 0, r);
    words[WORD_E1C] = r[2];
  }
}

static int cpu_has(const char *name, const char *end, const uint32_t *words,
                   uint32_t states) {
  for (unsigned i = 0; i < sizeof(cpu_features) / sizeof(cpu_features[0]);
       ++i) {
    const cpu_feature *feature = &cpu_features[i];
    const char *a = feature->name, *b = name;
    while (*a && b < end && *a == *b) {
      ++a;
      ++b;
    }
    if (*a == 0 && b == end)
      return (words[feature->word] >> feature->bit & 1) &&
             (states & feature->state) == feature->state;
  }
  return 0; /* what is not known cannot be promised */
}

/* The first of the comma-separated features that this CPU or its operating
 * system lacks, as a pointer into `required`, or null. */
static const char *tfc_cpu_missing(const char *required) {
  /* CPUID traps in a virtual machine, so a good answer is kept. Threads that
   * race here write the same value. */
  static int checked;
  if (__atomic_load_n(&checked, __ATOMIC_RELAXED))
    return 0;
  uint32_t words[NUM_WORDS], states;
  cpu_read(words, &states);
  while (*required) {
    const char *end = required;
    while (*end && *end != ',')
      ++end;
    if (end != required && !cpu_has(required, end, words, states))
      return required;
    required = *end ? end + 1 : end;
  }
  __atomic_store_n(&checked, 1, __ATOMIC_RELAXED);
  return 0;
}

#endif /* TFC_RUNTIME_CPU_H */
