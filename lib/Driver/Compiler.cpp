//===- Compiler.cpp - model file in, artefact out ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compressor.h"
#include "NodeOperators.h"
#include "Output.h"
#include "PassRunner.h"
#include "PhaseLog.h"
#include "Report.h"
#include "tfc/Driver/Diagnostics.h"
#include "tfc/Driver/Driver.h"
#include "tfc/Driver/Register.h"
#include "tfc/Driver/Target.h"

#include "tfc/Dialect/Onnx/Onnx.h"
#include "tfc/Export/Export.h"
#include "tfc/Import/Import.h"
#include "tfc/Passes/Contract/Passes.h"
#include "tfc/Passes/Memory/Passes.h"
#include "tfc/Passes/Optimize/Passes.h"
#include "tfc/Passes/Raise/Pipelines.h"
#include "tfc/Target/Onnx/OnnxTarget.h"
#include "tfc/Target/X86/X86Target.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace tfc;

StringRef tfc::phaseName(Phase phase) {
  switch (phase) {
  case Phase::Import:
    return "import";
  case Phase::Raise:
    return "raise";
  case Phase::Lower:
    return "lower";
  case Phase::Emit:
    return "emit";
  }
  return "";
}

bool tfc::isPicture(StringRef reportFile) {
  return llvm::sys::path::extension(reportFile) == ".html";
}

namespace {

class Compilation {
public:
  /// `given` is compiled where there is one, else options.input.
  Compilation(const CompileOptions &options, MLIRContext &context,
              ModuleOp given, llvm::raw_ostream &out,
              DiagnosticPrinter &diagnostics, PhaseLog &log, Report &report,
              const TargetRegistry &targets)
      : options(options), context(context), given(given), out(out),
        diagnostics(diagnostics), log(log), report(report),
        target(targets.find(options.target)->create(options)),
        runner(options, context, diagnostics, log, targets),
        compressor(runner, report, module) {}

  ExitCode run();

private:
  ExitCode checkOptions();
  ExitCode import();
  ExitCode raise();
  /// One function of what targets lower, or a refusal that names what is not.
  ExitCode checkRaised();
  /// What is exact and no target's business.
  ExitCode optimize();
  ExitCode placeCaches();
  ExitCode lower();
  ExitCode emit();

  ExitCode runPasses(StringRef name, bool mayRefuse,
                     llvm::function_ref<void(OpPassManager &)> build) {
    return runner.run(module, name, mayRefuse, build);
  }
  ExitCode internalError(StringRef during, ModuleOp before,
                         StringRef pipeline) {
    return runner.internalError(during, before, pipeline);
  }
  ExitCode refuse(llvm::Error error) { return runner.refuse(std::move(error)); }
  ExitCode printModule();
  /// Writes the module of the onnx dialect as a file.
  ExitCode writeOnnxModel();

  bool stopsAt(Phase phase, EmitKind kind) const {
    return options.stopAfter ? *options.stopAfter == phase
                             : options.emit == kind;
  }
  bool writesModel() const {
    return !options.stopAfter && options.emit == EmitKind::OnnxModel;
  }
  /// Whether the module is a file's, not raised yet.
  bool holdsOnnx();
  bool isBinary() const {
    return !options.stopAfter && (options.emit == EmitKind::Object ||
                                  options.emit == EmitKind::SharedLibrary);
  }

  const CompileOptions &options;
  MLIRContext &context;
  ModuleOp given;
  llvm::raw_ostream &out;
  DiagnosticPrinter &diagnostics;
  PhaseLog &log;
  Report &report;
  std::unique_ptr<Target> target;
  OwningOpRef<ModuleOp> module;
  /// From an ONNX file; others wrote what else there is.
  bool isImported = false;
  PassRunner runner;
  Compressor compressor;
  /// What the nodes of the file are.
  DictionaryAttr operators;
};

ExitCode Compilation::checkOptions() {
  if (!options.output.empty() && options.output != "-") {
    if (llvm::Error error = checkWritable(options.output))
      return refuse(std::move(error));
    if (llvm::sys::fs::equivalent(options.input, options.output)) {
      diagnostics.error("the output would overwrite the input");
      return ExitUsage;
    }
  }
  if (options.cacheCapacity > 0 &&
      (options.target != "x86-64" || writesModel())) {
    diagnostics.error("--cache-capacity is for code for x86-64, whose callers "
                      "keep the buffers");
    return ExitUsage;
  }
  if (options.weights != "f32" &&
      (options.target != "x86-64" || writesModel())) {
    diagnostics.error("--weights is for code for x86-64");
    return ExitUsage;
  }
  if (llvm::Error error = target->checkOptions()) {
    diagnostics.error(llvm::toString(std::move(error)));
    return ExitUsage;
  }
  return ExitSuccess;
}

ExitCode Compilation::import() {
  log.begin(phaseName(Phase::Import));
  llvm::scope_exit end([&] { log.end(); });
  StringRef extension = llvm::sys::path::extension(options.input);
  if (given) {
    module = given.clone();
  } else if (extension == ".mlir" || extension == ".mlirbc") {
    ParserConfig config(&context);
    module = parseSourceFile<ModuleOp>(options.input, config);
  } else {
    ImportOptions importOptions;
    importOptions.inputShapes = options.inputShapes;
    module = importOnnxFile(context, options.input, importOptions);
    isImported = true;
  }
  if (!module)
    return diagnostics.errors() ? ExitRefused
                                : internalError("import", nullptr, "");
  if (failed(verify(*module)))
    return internalError("import", *module, "builtin.module()");
  diagnostics.rememberNodes(*module);
  report.noteNodes(*module);
  operators = operatorsByNode(*module);
  if (llvm::Error error =
          checkOperators(options.floatOperators, operators, "--allow-float")) {
    diagnostics.error(llvm::toString(std::move(error)));
    return ExitUsage;
  }
  return ExitSuccess;
}

bool Compilation::holdsOnnx() {
  return (*module)->hasAttr("onnx.opset") ||
         module
             ->walk([](Operation *op) {
               return isa_and_nonnull<tfc::onnx::OnnxDialect>(op->getDialect())
                          ? WalkResult::interrupt()
                          : WalkResult::advance();
             })
             .wasInterrupted();
}

ExitCode Compilation::raise() {
  // MLIR text may have been raised before.
  if (holdsOnnx()) {
    ExitCode code =
        runPasses(phaseName(Phase::Raise), /*mayRefuse=*/true,
                  [](OpPassManager &pm) { raise::buildRaisePipeline(pm, {}); });
    if (code != ExitSuccess)
      return code;
  }
  if (!isImported)
    if (ExitCode code = checkRaised(); code != ExitSuccess)
      return code;
  if (!(*module)->hasAttr("tfc.model_name"))
    (*module)->setAttr(
        "tfc.model_name",
        StringAttr::get(&context, llvm::sys::path::stem(options.input)));
  report.noteRaised(*module);
  return ExitSuccess;
}

ExitCode Compilation::checkRaised() {
  return runPasses("check", /*mayRefuse=*/true, [](OpPassManager &pm) {
    pm.addPass(createInlinerPass());
    pm.addPass(createSymbolDCEPass());
    // Files may have what only one target knows.
    contract::VerifyContractPassOptions check;
    check.dialects = {"m7", "x86"};
    pm.addPass(contract::createVerifyContractPass(check));
  });
}

ExitCode Compilation::optimize() {
  return runPasses("optimize", options.paddingFree, [&](OpPassManager &pm) {
    // While the padding is where the file has it.
    if (options.paddingFree)
      pm.addNestedPass<func::FuncOp>(optimize::createPackTokensPass());
    if (options.optLevel > 0)
      pm.addNestedPass<func::FuncOp>(optimize::createSinkSlicesPass());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
  });
}

ExitCode Compilation::placeCaches() {
  memory::PlaceCachesPassOptions caches;
  caches.capacity = options.cacheCapacity;
  caches.caches.assign(options.caches.begin(), options.caches.end());
  ExitCode code =
      runPasses("caches", /*mayRefuse=*/true, [&](OpPassManager &pm) {
        pm.addNestedPass<func::FuncOp>(memory::createPlaceCachesPass(caches));
      });
  for (auto function : module->getOps<func::FuncOp>())
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto cache = function.getArgAttrOfType<DenseI64ArrayAttr>(
          i, memory::cacheAttribute);
      if (!cache || code != ExitSuccess)
        continue;
      auto result =
          function.getResultAttrOfType<StringAttr>(cache[0], "tfc.name");
      auto name = function.getArgAttrOfType<StringAttr>(i, "tfc.name");
      log.note(("cache: '" + name.getValue() + "' and '" + result.getValue() +
                "' are one buffer")
                   .str());
    }
  return code;
}

ExitCode Compilation::lower() {
  if (llvm::Error error = target->prepare(isBinary()))
    return refuse(std::move(error));
  if (!operators.empty())
    (*module)->setAttr("tfc.operators", operators);
  ExitCode code =
      runPasses(phaseName(Phase::Lower), target->mayRefuse(),
                [&](OpPassManager &pm) { target->buildPipeline(pm); });
  if (code != ExitSuccess)
    return code;
  report.noteLowered(*module);
  log.note(report.planSummary());
  log.note(report.estimateSummary());
  return code;
}

ExitCode Compilation::emit() {
  log.begin(phaseName(Phase::Emit));
  llvm::scope_exit end([&] { log.end(); });
  ScratchFile printed;
  std::string path = options.output;
  if (path == "-") {
    if (llvm::Error error = printed.create(""))
      return refuse(std::move(error));
    path = printed.name().str();
  }
  unsigned errors = diagnostics.errors();
  LogicalResult result = failure();
  llvm::CrashRecoveryContext guard;
  if (!guard.RunSafely(
          [&] { result = target->emit(*module, options.emit, path); }))
    return internalError(phaseName(Phase::Emit), *module, "builtin.module()");
  report.noteEmitted(*module);
  log.note(report.describeSizes());
  // The linker is missing, the disk is full: not our defects, and said.
  if (failed(result))
    return diagnostics.errors() > errors
               ? ExitRefused
               : internalError(phaseName(Phase::Emit), *module,
                               "builtin.module()");
  if (options.output != "-")
    return ExitSuccess;
  auto text = llvm::MemoryBuffer::getFile(path);
  if (!text)
    return refuse(llvm::createStringError("cannot read '" + path + "'"));
  out << (*text)->getBuffer();
  return ExitSuccess;
}

ExitCode Compilation::printModule() {
  auto print = [&](llvm::raw_ostream &stream) {
    OpPrintingFlags flags;
    if (options.elideWeights)
      flags.elideLargeElementsAttrs(16).elideLargeResourceString(0);
    (*module)->print(stream, flags);
    stream << "\n";
  };
  if (options.output == "-") {
    print(out);
    return ExitSuccess;
  }
  if (llvm::Error error = writeWhole(options.output, print))
    return refuse(std::move(error));
  return ExitSuccess;
}

ExitCode Compilation::writeOnnxModel() {
  log.begin(phaseName(Phase::Emit));
  llvm::scope_exit end([&] { log.end(); });
  unsigned errors = diagnostics.errors();
  std::unique_ptr<ModelFile> file = ModelFile::create(*module);
  if (!file)
    return diagnostics.errors() > errors
               ? ExitRefused
               : internalError(phaseName(Phase::Emit), *module,
                               "builtin.module()");
  if (!options.externalData && file->fitsOneFile()) {
    if (llvm::Error error =
            writeWhole(options.output,
                       [&](llvm::raw_ostream &stream) { file->write(stream); }))
      return refuse(std::move(error));
    return ExitSuccess;
  }
  // The weights first: a model is not there without them.
  std::string weights = options.output + ".data";
  if (llvm::Error error = writeWhole(weights, [&](llvm::raw_ostream &stream) {
        file->writeWeights(stream);
      }))
    return refuse(std::move(error));
  if (llvm::Error error =
          writeWhole(options.output, [&](llvm::raw_ostream &stream) {
            file->writeModel(stream, llvm::sys::path::filename(weights));
          })) {
    llvm::sys::fs::remove(weights);
    return refuse(std::move(error));
  }
  return ExitSuccess;
}

ExitCode Compilation::run() {
  ExitCode code = checkOptions();
  if (code != ExitSuccess || (code = import()) != ExitSuccess)
    return code;
  if (stopsAt(Phase::Import, EmitKind::Onnx))
    return printModule();
  bool changes = options.quantize || !options.compression.empty() ||
                 !options.budget.empty() || !options.recipe.empty();
  if (writesModel() && !changes && holdsOnnx())
    return writeOnnxModel();
  // Raising leaves nothing of the file.
  Attribute metadata = (*module)->getAttr("onnx.metadata");
  if ((code = raise()) == ExitSuccess)
    code = compressor.compress();
  // Layers are found by their shapes, so that compression comes first.
  if (code == ExitSuccess && (options.optLevel > 0 || options.paddingFree))
    code = optimize();
  if (code == ExitSuccess && !options.reportFiles.empty())
    report.noteMultiplyAdds(*module);
  if (code == ExitSuccess && options.quantize)
    code = compressor.quantize();
  if (code == ExitSuccess)
    code = compressor.saveRecipe();
  if (code == ExitSuccess && options.cacheCapacity > 0)
    code = placeCaches();
  if (code != ExitSuccess || stopsAt(Phase::Raise, EmitKind::Attn))
    return code == ExitSuccess ? printModule() : code;
  if (writesModel()) {
    code = runPasses("convert", /*mayRefuse=*/true, [](OpPassManager &pm) {
      toonnx::buildOnnxPipeline(pm, {});
    });
    if (metadata)
      (*module)->setAttr("onnx.metadata", metadata);
    return code == ExitSuccess ? writeOnnxModel() : code;
  }
  if (!options.stopAfter && options.emit == EmitKind::Linalg) {
    code = runPasses("linalg", /*mayRefuse=*/false, x86::buildLinalgPipeline);
    return code == ExitSuccess ? printModule() : code;
  }
  if ((code = lower()) != ExitSuccess)
    return code;
  if (options.stopAfter == Phase::Lower)
    return printModule();
  return emit();
}

/// "bert.so" for "models/bert.onnx"; "-" for what is printed.
std::string defaultOutput(const CompileOptions &options) {
  StringRef stem = llvm::sys::path::stem(options.input);
  bool printed = options.stopAfter && *options.stopAfter != Phase::Emit;
  if (!printed && options.emit == EmitKind::Object)
    return (stem + ".o").str();
  if (!printed && options.emit == EmitKind::SharedLibrary)
    return (stem + ".so").str();
  return "-";
}

/// Whether there is the target, and it writes what is wanted.
llvm::Error checkTarget(const CompileOptions &options,
                        const TargetRegistry &targets) {
  const TargetRegistry::Entry *entry = targets.find(options.target);
  if (!entry)
    return llvm::createStringError("there is no target '" + options.target +
                                   "'");
  bool needsTarget = !options.stopAfter && options.emit >= EmitKind::LLVMIR;
  if (needsTarget && !entry->writes(options.emit))
    return llvm::createStringError("the " + entry->name +
                                   " target does not write this form");
  return llvm::Error::success();
}

} // namespace

/// compile and compileModule, which differ in what they are given.
static ExitCode compileIn(MLIRContext &context, ModuleOp module,
                          CompileOptions options, llvm::raw_ostream &out,
                          llvm::raw_ostream &err,
                          DiagnosticPrinter &diagnostics,
                          const TargetRegistry &targets) {
  if (options.stopAfter == Phase::Emit)
    options.stopAfter.reset();
  if (options.output.empty())
    options.output = defaultOutput(options);

  PhaseLog log(err, options.verbose, options.progress);
  diagnostics.setBeforePrint([&] { log.clearLine(); });
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    diagnostics.handle(diagnostic);
    return success();
  });

  if (llvm::Error error = checkTarget(options, targets)) {
    diagnostics.error(llvm::toString(std::move(error)));
    return ExitUsage;
  }
  Report report;
  ExitCode code = ExitInternal;
  llvm::CrashRecoveryContext guard;
  bool survived = guard.RunSafely([&] {
    Compilation compilation(options, context, module, out, diagnostics, log,
                            report, targets);
    code = compilation.run();
  });
  if (!survived) {
    diagnostics.error("internal error; please report it with the model");
    code = ExitInternal;
  }
  for (const std::string &file : options.reportFiles) {
    auto write = [&](llvm::raw_ostream &stream) {
      if (isPicture(file))
        report.drawPage(stream, options);
      else
        stream << llvm::formatv("{0:2}", report.toJson(options, log, code))
               << "\n";
    };
    if (file == "-")
      write(out);
    else if (llvm::Error error = writeWhole(file, write)) {
      diagnostics.error(llvm::toString(std::move(error)));
      code = code == ExitSuccess ? ExitRefused : code;
    }
  }
  return code;
}

/// compile in a context of its own.
static ExitCode compileFile(const CompileOptions &options,
                            llvm::raw_ostream &out, llvm::raw_ostream &err,
                            DiagnosticPrinter &diagnostics,
                            const TargetRegistry &targets) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  return compileIn(context, nullptr, options, out, err, diagnostics, targets);
}

ExitCode tfc::compile(const CompileOptions &options, llvm::raw_ostream &out,
                      llvm::raw_ostream &err) {
  return compile(options, out, err, TargetRegistry());
}

ExitCode tfc::compile(const CompileOptions &options, llvm::raw_ostream &out,
                      llvm::raw_ostream &err, const TargetRegistry &targets) {
  DiagnosticPrinter diagnostics(err, options.input, options.color);
  return compileFile(options, out, err, diagnostics, targets);
}

ExitCode tfc::compile(const CompileOptions &options, llvm::raw_ostream &out,
                      llvm::raw_ostream &log, DiagnosticConsumer consumer) {
  DiagnosticPrinter diagnostics(std::move(consumer), options.input);
  return compileFile(options, out, log, diagnostics, TargetRegistry());
}

ExitCode tfc::compileModule(ModuleOp module, const CompileOptions &options,
                            llvm::raw_ostream &out, llvm::raw_ostream &log,
                            DiagnosticConsumer consumer) {
  DiagnosticPrinter diagnostics(std::move(consumer), options.input);
  return compileIn(*module.getContext(), module, options, out, log, diagnostics,
                   TargetRegistry());
}
