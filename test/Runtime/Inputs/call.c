/* Calls a model through the plain C interface, with no runtime library: y = x + z
 * on two calls of different sizes and in an arena of the caller's. */
#include "tfc/Runtime/model.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what) {
  printf("FAILED: %s\n", what);
  return 1;
}

int main(int argc, char **argv) {
  void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (!library)
    return fail(dlerror());
  const tfc_model_info *(*info)(void);
  tfc_status (*prepare)(const tfc_tensor *, int64_t, int64_t *const *, size_t *, char *, size_t);
  tfc_status (*run)(const tfc_call *);
  *(void **)&info = dlsym(library, "tfc_model_get_info");
  *(void **)&prepare = dlsym(library, "tfc_model_prepare");
  *(void **)&run = dlsym(library, "tfc_model_run");
  if (!info || !prepare || !run || info()->abi_version != TFC_ABI_VERSION)
    return fail("the interface");
  if (info()->num_inputs != 2 || strcmp(info()->inputs[1].name, "z") != 0 ||
      strcmp(info()->inputs[0].symbols[0], "n") != 0 || info()->inputs[0].dims[1] != 4)
    return fail("the description");

  char message[128];
  for (int64_t rows = 1; rows <= 64; rows *= 8) {
    float x[256], z[256], y[256];
    for (int i = 0; i < 256; ++i) {
      x[i] = i;
      z[i] = 1000 + i;
      y[i] = -1;
    }
    int64_t dims[2] = {rows, 4}, result[2];
    int64_t *results[1] = {result};
    tfc_tensor inputs[2] = {{x, dims, 2, TFC_FLOAT32}, {z, dims, 2, TFC_FLOAT32}};
    size_t bytes;
    if (prepare(inputs, 1, results, &bytes, message, sizeof(message)) != TFC_OK)
      return fail(message);
    if (result[0] != rows || result[1] != 4)
      return fail("the sizes of the output");
    void *arena = bytes ? aligned_alloc(TFC_ARENA_ALIGN, (bytes + 63) / 64 * 64) : NULL;
    tfc_tensor output = {y, result, 2, TFC_FLOAT32};
    tfc_call call = {inputs, &output, arena, bytes, NULL, NULL, 1, message, sizeof(message), NULL};
    if (run(&call) != TFC_OK)
      return fail(message);
    for (int i = 0; i < 256; ++i)
      if (y[i] != (i < rows * 4 ? 1000 + 2 * i : -1))
        return fail("an element");
    /* What is wrong is a status and a sentence, cut to the room there is. */
    output.rank = 1;
    if (run(&call) != TFC_BAD_ARGUMENT || !strstr(message, "output 'y'"))
      return fail("a wrong output was taken");
    call.message_bytes = 5;
    if (run(&call) != TFC_BAD_ARGUMENT || strlen(message) != 4)
      return fail("the message outgrew its room");
    free(arena);
  }
  dlclose(library);
  puts("right");
  return 0;
}
