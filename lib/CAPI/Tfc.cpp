//===- Tfc.cpp - the compiler as a library of C -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc-c/tfc.h"

#include "tfc/Driver/CommandLine.h"
#include "tfc/Driver/Diagnostics.h"
#include "tfc/Driver/Driver.h"
#include "tfc/Driver/Register.h"
#include "tfc/Import/Import.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

using namespace mlir;
using namespace tfc;

namespace {

DialectRegistry createRegistry() {
  // The table of passes is MLIR's, one for the process.
  static std::once_flag once;
  std::call_once(once, registerPasses);
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

/// What a compiler and its modules share.
struct State {
  State()
      : context(createRegistry()),
        diagnostics(
            [this](StringRef severity, StringRef place, StringRef message) {
              report(severity, place, message);
            },
            ""),
        handler(&context, [this](Diagnostic &diagnostic) {
          diagnostics.handle(diagnostic);
          return success();
        }) {
    context.printOpOnDiagnostic(false);
  }

  void report(StringRef severity, StringRef place, StringRef message);

  /// Reports an error that no location belongs to.
  tfc_code fail(tfc_code code, const llvm::Twine &message) {
    report("error", "", message.str());
    return code;
  }

  /// Begins a call: errors are of the last one only.
  void begin() { errors.clear(); }

  MLIRContext context;
  tfc_diagnostic_callback callback = nullptr;
  void *userData = nullptr;
  std::string errors;
  DiagnosticPrinter diagnostics;
  ScopedDiagnosticHandler handler;
};

void State::report(StringRef severity, StringRef place, StringRef message) {
  if (severity == "error") {
    if (!errors.empty())
      errors += "\n";
    errors += (place.empty() ? message : (place + ": " + message)).str();
  }
  if (!callback)
    return;
  auto level = llvm::StringSwitch<tfc_severity>(severity)
                   .Case("note", TFC_SEVERITY_NOTE)
                   .Case("remark", TFC_SEVERITY_REMARK)
                   .Case("warning", TFC_SEVERITY_WARNING)
                   .Default(TFC_SEVERITY_ERROR);
  callback(userData, level, place.str().c_str(), message.str().c_str());
}

/// Words of a command line; none where one is NULL.
std::optional<std::vector<std::string>> toWords(const char *const *options,
                                                size_t numOptions) {
  std::vector<std::string> words;
  for (size_t i = 0; i < numOptions; ++i) {
    if (!options || !options[i])
      return std::nullopt;
    words.push_back(options[i]);
  }
  return words;
}

/// What the words ask for, with results in files only: a library prints
/// nothing.
std::optional<CompileOptions>
readOptions(State &state, const std::vector<std::string> &words) {
  llvm::Expected<CompileOptions> options = parseCompileOptions(words);
  if (!options) {
    state.fail(TFC_CODE_USAGE, llvm::toString(options.takeError()));
    return std::nullopt;
  }
  bool prints = options->output.empty() || options->output == "-" ||
                llvm::is_contained(options->reportFiles, "-");
  if (!prints)
    return std::move(*options);
  state.fail(TFC_CODE_USAGE, "results go to files: name them with -o FILE and "
                             "--report=FILE");
  return std::nullopt;
}

/// Runs `compile` with what becomes of its messages.
tfc_code compileWith(
    State &state,
    llvm::function_ref<ExitCode(llvm::raw_ostream &, llvm::raw_ostream &,
                                DiagnosticConsumer)>
        compile) {
  std::string log;
  llvm::raw_string_ostream stream(log);
  std::mutex mutex;
  ExitCode code =
      compile(llvm::nulls(), stream,
              [&](StringRef severity, StringRef place, StringRef message) {
                std::lock_guard<std::mutex> guard(mutex);
                state.report(severity, place, message);
              });
  if (!log.empty())
    state.report("remark", "", StringRef(log).rtrim());
  return static_cast<tfc_code>(code);
}

} // namespace

struct tfc_compiler {
  std::shared_ptr<State> state;
};

struct tfc_module {
  std::shared_ptr<State> state;
  std::string name;
  OwningOpRef<ModuleOp> module;
};

/// Hands `imported` out, or says that nothing was.
static tfc_code give(tfc_compiler *compiler, OwningOpRef<ModuleOp> imported,
                     StringRef name, tfc_module **module) {
  State &state = *compiler->state;
  if (!imported)
    return state.errors.empty()
               ? state.fail(TFC_CODE_INTERNAL, "no module was made")
               : TFC_CODE_REFUSED;
  state.diagnostics.rememberNodes(*imported);
  *module = new (std::nothrow)
      tfc_module{compiler->state, name.str(), std::move(imported)};
  return *module ? TFC_CODE_SUCCESS
                 : state.fail(TFC_CODE_REFUSED, "there is no memory");
}

/// Begins a call that makes a module; false if an argument is missing.
static bool beginModule(tfc_compiler *compiler, bool isGiven,
                        tfc_module **module) {
  if (module)
    *module = nullptr;
  if (!compiler)
    return false;
  compiler->state->begin();
  if (module && isGiven)
    return true;
  compiler->state->fail(TFC_CODE_USAGE, "an argument is NULL");
  return false;
}

const char *tfc_version(void) {
  static const std::string text = StringRef(versionText()).rtrim().str();
  return text.c_str();
}

tfc_compiler *tfc_compiler_create(void) {
  auto *compiler = new (std::nothrow) tfc_compiler;
  if (compiler)
    compiler->state = std::make_shared<State>();
  return compiler;
}

void tfc_compiler_destroy(tfc_compiler *compiler) { delete compiler; }

void tfc_compiler_set_diagnostic_callback(tfc_compiler *compiler,
                                          tfc_diagnostic_callback callback,
                                          void *user_data) {
  if (!compiler)
    return;
  compiler->state->callback = callback;
  compiler->state->userData = user_data;
}

const char *tfc_compiler_last_error(const tfc_compiler *compiler) {
  return compiler ? compiler->state->errors.c_str() : "";
}

void tfc_compiler_allow_unregistered_dialects(tfc_compiler *compiler,
                                              int allow) {
  if (compiler)
    compiler->state->context.allowUnregisteredDialects(allow != 0);
}

tfc_code tfc_import_file(tfc_compiler *compiler, const char *path,
                         tfc_module **module) {
  if (!beginModule(compiler, path, module))
    return TFC_CODE_USAGE;
  return give(compiler, importOnnxFile(compiler->state->context, path), path,
              module);
}

tfc_code tfc_import_buffer(tfc_compiler *compiler, const void *data,
                           size_t size, const char *name, tfc_module **module) {
  if (!beginModule(compiler, data && name, module))
    return TFC_CODE_USAGE;
  auto bytes = llvm::MemoryBuffer::getMemBufferCopy(
      StringRef(static_cast<const char *>(data), size), name);
  return give(
      compiler,
      importOnnxBuffer(compiler->state->context, std::move(bytes), name), name,
      module);
}

tfc_code tfc_parse(tfc_compiler *compiler, const void *data, size_t size,
                   const char *name, tfc_module **module) {
  if (!beginModule(compiler, data && name, module))
    return TFC_CODE_USAGE;
  auto source = std::make_shared<llvm::SourceMgr>();
  source->AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(
          StringRef(static_cast<const char *>(data), size), name),
      llvm::SMLoc());
  ParserConfig config(&compiler->state->context);
  return give(compiler, parseSourceFile<ModuleOp>(source, config), name,
              module);
}

void tfc_module_destroy(tfc_module *module) { delete module; }

tfc_code tfc_module_run_pipeline(tfc_module *module, const char *pipeline) {
  if (!module)
    return TFC_CODE_USAGE;
  State &state = *module->state;
  state.begin();
  if (!pipeline)
    return state.fail(TFC_CODE_USAGE, "an argument is NULL");
  StringRef text = StringRef(pipeline).trim();
  std::string anchored = text.starts_with("builtin.module(")
                             ? text.str()
                             : ("builtin.module(" + text + ")").str();
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  FailureOr<OpPassManager> passes = parsePassPipeline(anchored, stream);
  if (failed(passes))
    return state.fail(TFC_CODE_USAGE, StringRef(problem).rtrim());
  PassManager pm(&state.context, ModuleOp::getOperationName());
  static_cast<OpPassManager &>(pm) = std::move(*passes);
  // Attributes are shared, so this copies operations but no weights.
  OwningOpRef<ModuleOp> changed(module->module->clone());
  if (failed(pm.run(*changed)))
    return state.errors.empty()
               ? state.fail(TFC_CODE_INTERNAL, "a pass failed without a reason")
               : TFC_CODE_REFUSED;
  module->module = std::move(changed);
  return TFC_CODE_SUCCESS;
}

tfc_code tfc_module_print(const tfc_module *module, int elide, char **text,
                          size_t *size) {
  if (text)
    *text = nullptr;
  if (!module)
    return TFC_CODE_USAGE;
  module->state->begin();
  if (!text)
    return module->state->fail(TFC_CODE_USAGE, "an argument is NULL");
  std::string printed;
  llvm::raw_string_ostream stream(printed);
  OpPrintingFlags flags;
  if (elide)
    flags.elideLargeElementsAttrs(16).elideLargeResourceString(0);
  ModuleOp(*module->module).print(stream, flags);
  stream << "\n";
  *text = static_cast<char *>(std::malloc(printed.size() + 1));
  if (!*text)
    return module->state->fail(TFC_CODE_REFUSED, "there is no memory");
  std::memcpy(*text, printed.c_str(), printed.size() + 1);
  if (size)
    *size = printed.size();
  return TFC_CODE_SUCCESS;
}

void tfc_string_free(char *text) { std::free(text); }

tfc_code tfc_compile(tfc_compiler *compiler, const char *const *options,
                     size_t num_options) {
  if (!compiler)
    return TFC_CODE_USAGE;
  State &state = *compiler->state;
  state.begin();
  auto words = toWords(options, num_options);
  if (!words)
    return state.fail(TFC_CODE_USAGE, "an argument is NULL");
  std::optional<CompileOptions> parsed = readOptions(state, *words);
  if (!parsed)
    return TFC_CODE_USAGE;
  return compileWith(state, [&](llvm::raw_ostream &out, llvm::raw_ostream &log,
                                DiagnosticConsumer consumer) {
    return compile(*parsed, out, log, std::move(consumer));
  });
}

tfc_code tfc_module_compile(tfc_module *module, const char *const *options,
                            size_t num_options) {
  if (!module)
    return TFC_CODE_USAGE;
  State &state = *module->state;
  state.begin();
  auto words = toWords(options, num_options);
  if (!words)
    return state.fail(TFC_CODE_USAGE, "an argument is NULL");
  // In the model's place, so that a model among the options is one too many.
  bool isWord = !module->name.empty() && module->name[0] != '-';
  words->push_back(isWord ? module->name : "./" + module->name);
  std::optional<CompileOptions> parsed = readOptions(state, *words);
  if (!parsed)
    return TFC_CODE_USAGE;
  if (!parsed->inputShapes.empty())
    return state.fail(TFC_CODE_USAGE,
                      "--shape is of files: the module is imported already");
  return compileWith(state, [&](llvm::raw_ostream &out, llvm::raw_ostream &log,
                                DiagnosticConsumer consumer) {
    return compileModule(*module->module, *parsed, out, log,
                         std::move(consumer));
  });
}
