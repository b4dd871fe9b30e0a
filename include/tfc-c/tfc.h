/*===- tfc.h - the compiler as a library of C ---------------------*- C -*-===//
 *
 * Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===//
 *
 * libtfc: imports ONNX files, runs passes on them and compiles them, from any
 * language that calls C99. What it compiles is called by tfc/Runtime/model.h.
 *
 * Threads. Compilers are independent of each other. Calls with one compiler, or
 * with modules that came from it, must not overlap. A call may use threads of
 * its own.
 *
 * Errors. Nothing here ends the process on purpose: what is wrong with a model,
 * an argument or a file is a code and a message. Memory that is exhausted, and
 * defects, end it as in any program; no signal handler of the process is
 * replaced but by LLVM's, which remove unfinished files and then call those
 * that were there.
 *
 * Memory. What a function puts behind a pointer is the caller's, who gives it
 * back with the function named there. Strings that are handed in are copied.
 */
#ifndef TFC_C_TFC_H
#define TFC_C_TFC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* What a call came to; the numbers are tfc's exit codes. */
typedef enum tfc_code {
  TFC_CODE_SUCCESS = 0,
  /* The model or its data was refused, or a file could not be read or written.
   */
  TFC_CODE_REFUSED = 1,
  /* An argument, option or pipeline was not understood. */
  TFC_CODE_USAGE = 2,
  /* A defect of tfc. */
  TFC_CODE_INTERNAL = 3
} tfc_code;

typedef enum tfc_severity {
  TFC_SEVERITY_NOTE = 0,
  TFC_SEVERITY_REMARK = 1,
  TFC_SEVERITY_WARNING = 2,
  TFC_SEVERITY_ERROR = 3
} tfc_severity;

/* Holds what modules share. */
typedef struct tfc_compiler tfc_compiler;
/* A model as MLIR. */
typedef struct tfc_module tfc_module;

/* Takes one message, one at a time, during a call. `location` is "" or the
 * file, with line and column where there are any, as in "m.mlir:3:8". Both
 * strings end with the call. It must not call tfc. */
typedef void (*tfc_diagnostic_callback)(void *user_data, tfc_severity severity,
                                        const char *location,
                                        const char *message);

/* "tfc 0.1.0", the LLVM and the ONNX it was built with, one a line. */
const char *tfc_version(void);

/* A compiler without callback; NULL if there is no memory. */
tfc_compiler *tfc_compiler_create(void);
/* Its modules may be used on. Does nothing for NULL. */
void tfc_compiler_destroy(tfc_compiler *compiler);

/* Where messages go; NULL: nowhere. */
void tfc_compiler_set_diagnostic_callback(tfc_compiler *compiler,
                                          tfc_diagnostic_callback callback,
                                          void *user_data);

/* The errors of the last call with this compiler or a module of it, one a line;
 * "" if there were none. The compiler's, until the next call. */
const char *tfc_compiler_last_error(const tfc_compiler *compiler);

/* Whether operations of dialects that tfc does not know may be in text, 0 as
 * it begins. Passes leave them alone; targets refuse them. */
void tfc_compiler_allow_unregistered_dialects(tfc_compiler *compiler,
                                              int allow);

/* The ONNX file `path` in the `onnx` dialect. The file stays mapped as long as
 * compiler and modules live, and must not change. On failure *module is NULL.
 * tfc_module_destroy gives it back. */
tfc_code tfc_import_file(tfc_compiler *compiler, const char *path,
                         tfc_module **module);

/* The same for the bytes of a file, which are copied. `name` stands for the
 * file in messages, and weights in other files are looked for beside it. */
tfc_code tfc_import_buffer(tfc_compiler *compiler, const void *data,
                           size_t size, const char *name, tfc_module **module);

/* A module from MLIR's text or bytecode. */
tfc_code tfc_parse(tfc_compiler *compiler, const void *data, size_t size,
                   const char *name, tfc_module **module);

/* Does nothing for NULL. */
void tfc_module_destroy(tfc_module *module);

/* Runs passes as tfc-opt's --pass-pipeline has them, as in
 * "builtin.module(raise,canonicalize)", or without the module around them.
 * After a failure the module is what it was before. */
tfc_code tfc_module_run_pipeline(tfc_module *module, const char *pipeline);

/* The module as text of *size characters and a 0; large constants are left out
 * if `elide` is not 0, and the text cannot be read again then. `size` may be
 * NULL. tfc_string_free gives the text back. */
tfc_code tfc_module_print(const tfc_module *module, int elide, char **text,
                          size_t *size);
/* Does nothing for NULL. */
void tfc_string_free(char *text);

/* Compiles as `tfc OPTIONS...` does: `options` are the words of its command
 * line, the model among them. The output must be named by "-o", "FILE"; it is
 * written whole or not at all. */
tfc_code tfc_compile(tfc_compiler *compiler, const char *const *options,
                     size_t num_options);

/* Compiles a copy of a module, in the `onnx` dialect or raised; without a model
 * among the options. */
tfc_code tfc_module_compile(tfc_module *module, const char *const *options,
                            size_t num_options);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif
#endif /* TFC_C_TFC_H */
