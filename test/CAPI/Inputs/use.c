/* Uses libtfc as a program in C does: use MODEL.onnx FOLDER. Prints what comes
 * back; exits with the number of the check that failed. */
#include "tfc-c/tfc.h"

#include "tfc/Runtime/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks = 0;

static void check(int holds, const char *what) {
  ++checks;
  if (holds)
    return;
  printf("check %d failed: %s\n", checks, what);
  exit(1);
}

struct messages {
  int count;
};

static void show(void *user_data, tfc_severity severity, const char *location,
                 const char *message) {
  static const char *names[] = {"note", "remark", "warning", "error"};
  ((struct messages *)user_data)->count++;
  printf("%s|%s|%s\n", names[severity], location, message);
}

static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  char *data;
  check(file != NULL, path);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  data = malloc(*size);
  check(data && fread(data, 1, *size, file) == *size, path);
  fclose(file);
  return data;
}

/* What the module prints holds `word`. */
static int prints(const tfc_module *module, const char *word) {
  char *text;
  size_t size;
  int found;
  check(tfc_module_print(module, 1, &text, &size) == TFC_CODE_SUCCESS, "print");
  check(strlen(text) == size, "size of the text");
  found = strstr(text, word) != NULL;
  tfc_string_free(text);
  return found;
}

static void use_model(tfc_compiler *compiler, const char *model,
                      const char *folder) {
  tfc_module *module, *other;
  size_t size;
  char *bytes = read_file(model, &size);
  char path[4096];
  const char *options[] = {"-o", path, "-mcpu=x86-64-v3"};
  const char *m7[] = {"-o",           path,    "--target=cortex-m7",
                      "--shape",      "x=3x4", "--shape=z=3x4",
                      "--prefix=net", NULL};
  const char *file_options[] = {"-o", path, NULL};
  char *text;

  check(tfc_import_buffer(compiler, bytes, size, "bytes.onnx", &other) ==
            TFC_CODE_SUCCESS,
        "import of bytes");
  memset(bytes, 0, size);
  free(bytes);
  check(prints(other, "onnx.node"), "nodes of bytes");
  tfc_module_destroy(other);

  check(tfc_import_file(compiler, model, &module) == TFC_CODE_SUCCESS,
        "import");
  check(prints(module, "onnx.node"), "nodes");
  /* What fails in its second pass leaves the module alone. */
  check(tfc_module_run_pipeline(module, "raise,raise-onnx") == TFC_CODE_SUCCESS,
        "raised twice");
  check(!prints(module, "onnx.node"), "no nodes");
  check(tfc_module_run_pipeline(module, "builtin.module(canonicalize,cse)") ==
            TFC_CODE_SUCCESS,
        "anchored pipeline");

  check(tfc_module_print(module, 0, &text, NULL) == TFC_CODE_SUCCESS, "print");
  check(tfc_parse(compiler, text, strlen(text), "text.mlir", &other) ==
            TFC_CODE_SUCCESS,
        "parse");
  tfc_string_free(text);

  sprintf(path, "%s/module.so", folder);
  check(tfc_module_compile(module, options, 3) == TFC_CODE_SUCCESS, "compile");
  sprintf(path, "%s/text.so", folder);
  check(tfc_module_compile(other, options, 3) == TFC_CODE_SUCCESS,
        "compile text");
  sprintf(path, "%s/net.o", folder);
  m7[7] = model;
  check(tfc_compile(compiler, m7, 8) == TFC_CODE_SUCCESS, "cortex-m7");
  /* Compiling changes a copy. */
  check(prints(module, "linalg."), "linalg");
  sprintf(path, "%s/file.so", folder);
  file_options[2] = model;
  check(tfc_compile(compiler, file_options, 3) == TFC_CODE_SUCCESS,
        "compile a file");
  tfc_module_destroy(other);
  tfc_module_destroy(module);
}

static void refuse(tfc_compiler *compiler, const char *model,
                   const char *folder) {
  static const char broken[] = "func.func @f( {";
  static const char unknown[] = "module { \"their.op\"() : () -> () }";
  static const char refused[] =
      "func.func @f(%x: tensor<4x8xf32> {onnx.dims = [\"\", \"\"], onnx.name = "
      "\"x\"}) -> (!onnx.value {onnx.dims = [], onnx.name = \"y\"}) attributes "
      "{onnx.graph_name = \"g\"} {\n"
      "  %s = onnx.initializer \"s\" = dense<[5, 8]> : tensor<2xi64>\n"
      "  %y = onnx.node \"Reshape\"(%x, %s) opset 18 name \"y\" outputs "
      "[\"y\"] "
      ": (tensor<4x8xf32>, tensor<2xi64>) -> !onnx.value\n"
      "  return %y : !onnx.value\n}\n";
  tfc_module *module = (tfc_module *)1;
  char path[4096];
  const char *no_output[] = {model};
  const char *bad_option[] = {"-o", path, "--tarmac=x", model};
  const char *two[] = {"-o", path, model};
  const char *null_option[] = {"-o", NULL};
  char *text = (char *)1;

  printf("missing file\n");
  check(tfc_import_file(compiler, "nowhere.onnx", &module) == TFC_CODE_REFUSED,
        "missing file");
  check(module == NULL, "no module");
  check(strstr(tfc_compiler_last_error(compiler), "cannot read") != NULL,
        "last error");
  printf("not ONNX\n");
  check(tfc_import_buffer(compiler, "hello", 5, "hello.onnx", &module) ==
            TFC_CODE_REFUSED,
        "not ONNX");
  check(tfc_import_buffer(compiler, "", 0, "empty.onnx", &module) ==
            TFC_CODE_REFUSED,
        "empty");
  printf("not MLIR\n");
  check(tfc_parse(compiler, broken, sizeof(broken) - 1, "broken.mlir",
                  &module) == TFC_CODE_REFUSED,
        "not MLIR");
  check(tfc_parse(compiler, unknown, sizeof(unknown) - 1, "theirs.mlir",
                  &module) == TFC_CODE_REFUSED,
        "unknown dialect");
  printf("NULL\n");
  check(tfc_import_file(compiler, NULL, &module) == TFC_CODE_USAGE, "NULL");
  check(tfc_import_file(compiler, model, NULL) == TFC_CODE_USAGE, "NULL");
  check(tfc_import_file(NULL, model, &module) == TFC_CODE_USAGE, "NULL");
  check(tfc_compile(compiler, null_option, 2) == TFC_CODE_USAGE, "NULL");
  check(tfc_module_run_pipeline(NULL, "raise") == TFC_CODE_USAGE, "NULL");
  check(tfc_module_print(NULL, 0, &text, NULL) == TFC_CODE_USAGE, "NULL");
  check(text == NULL, "no text");
  tfc_module_destroy(NULL);
  tfc_compiler_destroy(NULL);
  tfc_string_free(NULL);

  printf("options\n");
  sprintf(path, "%s/never.so", folder);
  check(tfc_compile(compiler, bad_option, 4) == TFC_CODE_USAGE, "option");
  check(tfc_compile(compiler, no_output, 1) == TFC_CODE_USAGE, "no output");
  check(tfc_compile(compiler, NULL, 0) == TFC_CODE_USAGE, "nothing");

  printf("passes\n");
  check(tfc_import_file(compiler, model, &module) == TFC_CODE_SUCCESS,
        "import");
  check(tfc_module_compile(module, two, 3) == TFC_CODE_USAGE, "two models");
  check(tfc_module_run_pipeline(module, "raise,no-such-pass") == TFC_CODE_USAGE,
        "unknown pass");
  check(tfc_module_run_pipeline(module, "raise{no-such-option=1}") ==
            TFC_CODE_USAGE,
        "unknown option");
  check(tfc_module_run_pipeline(module, "canonicalize{no-such-option=1}") ==
            TFC_CODE_USAGE,
        "unknown option");
  check(tfc_module_run_pipeline(module, "raise)") == TFC_CODE_USAGE,
        "unbalanced");
  check(tfc_module_run_pipeline(module, "func.func(raise-onnx)") ==
            TFC_CODE_USAGE,
        "pass of another operation");
  check(tfc_module_run_pipeline(module, NULL) == TFC_CODE_USAGE, "NULL");
  check(prints(module, "onnx.node"), "the module as it was");
  tfc_module_destroy(module);

  printf("refused\n");
  check(tfc_parse(compiler, refused, sizeof(refused) - 1, "refused.mlir",
                  &module) == TFC_CODE_SUCCESS,
        "parse");
  check(tfc_module_run_pipeline(module, "raise") == TFC_CODE_REFUSED,
        "refused by a pass");
  check(prints(module, "onnx.node"), "the module as it was");
  check(tfc_module_compile(module, two, 2) == TFC_CODE_REFUSED,
        "refused by the compiler");
  tfc_module_destroy(module);
}

static void use_unregistered(tfc_compiler *compiler) {
  static const char unknown[] = "module { \"their.op\"() : () -> () }";
  tfc_module *module;
  tfc_compiler_allow_unregistered_dialects(compiler, 1);
  check(tfc_parse(compiler, unknown, sizeof(unknown) - 1, "theirs.mlir",
                  &module) == TFC_CODE_SUCCESS,
        "unknown dialect");
  check(prints(module, "their.op"), "their operation");
  tfc_module_destroy(module);
}

int main(int argc, char **argv) {
  struct messages messages = {0};
  tfc_compiler *compiler = tfc_compiler_create();
  tfc_module *module;
  check(argc == 3 && compiler != NULL, "arguments");
  printf("%s\n", tfc_version());

  /* No callback: the same codes, nothing printed, no crash. */
  check(tfc_import_file(compiler, "nowhere.onnx", &module) == TFC_CODE_REFUSED,
        "missing file, no callback");
  check(tfc_compiler_last_error(compiler)[0] != 0, "error, no callback");

  tfc_compiler_set_diagnostic_callback(compiler, show, &messages);
  use_model(compiler, argv[1], argv[2]);
  check(messages.count == 0, "no messages");
  check(tfc_compiler_last_error(compiler)[0] == 0, "no error");
  refuse(compiler, argv[1], argv[2]);
  check(messages.count > 0, "messages");
  tfc_compiler_set_diagnostic_callback(compiler, NULL, NULL);
  use_unregistered(compiler);

  /* A module outlives its compiler. */
  check(tfc_import_file(compiler, argv[1], &module) == TFC_CODE_SUCCESS,
        "import");
  tfc_compiler_destroy(compiler);
  check(tfc_module_run_pipeline(module, "raise") == TFC_CODE_SUCCESS,
        "raise without compiler");
  tfc_module_destroy(module);
  printf("%d checks hold\n", checks);
  return 0;
}
