// What the machine can do at most, on some threads:
//   peak THREADS        prints GFLOP/s of multiply-adds in f32 and GB/s of reading memory
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __AVX512F__
#define LANES 16
#else
#define LANES 8
#endif
typedef float vector __attribute__((vector_size(4 * LANES), aligned(4)));

enum { chains = 12, rounds = 1 << 25 };
static const size_t bytes = (size_t)256 << 20;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/// Independent chains, more than the latency times the units; the empty asm keeps
/// the compiler from folding them.
static void *multiply(void *unused) {
  vector x[chains], a, b;
  for (int l = 0; l < LANES; ++l)
    a[l] = 0.999f, b[l] = 1e-3f;
  for (int i = 0; i < chains; ++i)
    x[i] = a;
  for (int r = 0; r < rounds; ++r)
#pragma clang loop unroll(full)
    for (int i = 0; i < chains; ++i) {
      x[i] = x[i] * a + b;
      __asm__ volatile("" : "+v"(x[i]));
    }
  float *sum = malloc(4);
  *sum = 0;
  for (int i = 0; i < chains; ++i)
    *sum += x[i][0];
  free(sum);
  return unused;
}

static void *readMemory(void *memory) {
  const vector *from = memory;
  vector sums[8];
  memset(sums, 0, sizeof(sums));
  for (size_t i = 0; i < bytes / sizeof(vector); i += 8)
#pragma clang loop unroll(full)
    for (int j = 0; j < 8; ++j) {
      sums[j] += from[i + j];
      __asm__ volatile("" : "+v"(sums[j]));
    }
  return NULL;
}

/// The least seconds of several runs of `work` on all threads at once.
static double least(int threads, void *(*work)(void *), char *memory) {
  double best = 1e9;
  pthread_t *thread = malloc(threads * sizeof(*thread));
  for (int run = 0; run < 7; ++run) {
    double begin = now();
    for (int t = 0; t < threads; ++t)
      pthread_create(&thread[t], NULL, work, memory + t * bytes);
    for (int t = 0; t < threads; ++t)
      pthread_join(thread[t], NULL);
    double time = now() - begin;
    best = time < best ? time : best;
  }
  free(thread);
  return best;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 1;
  char *memory = aligned_alloc(64, threads * bytes);
  memset(memory, 1, threads * bytes);
  double flops = 2.0 * LANES * chains * rounds * threads / least(threads, multiply, memory);
  double read = (double)bytes * threads / least(threads, readMemory, memory);
  printf("%.1f %.1f\n", flops / 1e9, read / 1e9);
  return 0;
}
